"""Models of sentence-transformers learn from a shop too: a CLIP from its pictures, a text model from its titles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from rich.console import Console

from catalog.errors import Misconfigured
from encoders.training.shop.bases import load_pupil
from encoders.training.shop.run import train
from encoders.transformer import load_transformer
from tests.encoders.shop.shops import config, some_goods, write_shop
from tests.encoders.tiny_clip import build_tiny_clip
from tests.encoders.tiny_models import build_tiny_resnet, build_tiny_text_model

if TYPE_CHECKING:
    from pathlib import Path


def test_a_clip_learns_from_pictures(tmp_path: Path) -> None:
    """A CLIP's folder is fine-tuned into another folder of the same kind, for the arm of pictures."""
    write_shop(tmp_path / "shop", some_goods())
    (tmp_path / "clip").mkdir()
    base = build_tiny_clip(tmp_path / "clip")
    outcome = train(config(tmp_path, base=str(base), loss="multiple-negatives", rate=1e-3), Console(quiet=True))
    before, after = (load_transformer("clip", path, device="cpu") for path in (base, tmp_path / "out" / "model"))
    assert outcome.arm == "IMAGE"
    assert after.reads_pictures
    assert before.description.revision != after.description.revision
    assert (before.encode_queries(["red"]) != after.encode_queries(["red"])).any()


def test_a_text_model_learns_from_titles(tmp_path: Path) -> None:
    """A text model learns which titles are of one colour, for the arm of texts; the card is its README."""
    write_shop(tmp_path / "shop", some_goods())
    (tmp_path / "text").mkdir()
    base = build_tiny_text_model(tmp_path / "text")
    outcome = train(config(tmp_path, base=str(base), labels=("colour",), rate=1e-3), Console(quiet=True))
    model = tmp_path / "out" / "model"
    assert outcome.arm == "TEXT"
    assert {line.task for line in outcome.lines} == {"title → titles of the same colour", "colour in words → titles"}
    assert load_transformer("text", model, device="cpu").encode_documents(["red shoe"]).shape[0] == 1
    assert "Fine-tuned from" in (model / "README.md").read_text(encoding="utf-8")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """A base that leads nowhere is said."""
    with pytest.raises(Misconfigured, match="holds no model"):
        load_pupil(config(tmp_path, base=str(tmp_path)))


def test_a_cnn_is_no_base(tmp_path: Path) -> None:
    """It has no place for the words that labels bring, and that is said before anything is trained."""
    (tmp_path / "cnn").mkdir()
    with pytest.raises(Misconfigured, match=r"^base: .* reads pictures only"):
        load_pupil(config(tmp_path, base=str(build_tiny_resnet(tmp_path / "cnn"))))


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="the device is here")
def test_a_device_that_is_not_here_is_named(tmp_path: Path) -> None:
    """By the key of the config that asks for it."""
    with pytest.raises(Misconfigured, match=r"^device: 'mps' cannot be used here"):
        load_pupil(config(tmp_path, base="vitrine-pictures", device="mps"))
