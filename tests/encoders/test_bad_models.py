"""Folders that are no model, or not a whole one: a wrong setting that names the folder, never a random encoder."""

from __future__ import annotations

import json
import pathlib
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from catalog.errors import Misconfigured
from encoders.names import EncoderSettings
from encoders.registry import load_encoders, load_named
from tests.encoders.tiny_clip import build_tiny_clip
from tests.encoders.tiny_models import (
    build_tiny_bert,
    build_tiny_resnet,
    build_tiny_siglip,
    build_tiny_text_model,
    build_tiny_timm,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[[Path], Path]

BUILDS = [
    build_tiny_bert,
    build_tiny_text_model,
    build_tiny_clip,
    build_tiny_siglip,
    build_tiny_resnet,
    build_tiny_timm,
]


def refused(folder: Path) -> str:
    """Return what is said of a folder that cannot be loaded."""
    with pytest.raises(Misconfigured, match=folder.name) as caught:
        load_named(str(folder), device="cpu")
    return str(caught.value)


def change(path: Path, **values: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """Change a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_folder_that_holds_no_model_is_a_wrong_setting(tmp_path: Path) -> None:
    """Empty, or with something else in it; either setting."""
    with pytest.raises(Misconfigured, match=f"{tmp_path} holds no model: it has neither"):
        load_encoders(EncoderSettings(text=str(tmp_path)))
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(Misconfigured, match=f"{tmp_path} holds no model.*save_pretrained"):
        load_encoders(EncoderSettings(image=str(tmp_path)))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """Its folder is what was meant."""
    folder = build_tiny_resnet(tmp_path)

    with pytest.raises(Misconfigured, match=f"is a file: name the folder of a model, such as {folder}"):
        load_named(str(folder / "model.safetensors"), device="cpu")


def test_pickled_weights_are_not_read(tmp_path: Path) -> None:
    """They can run code; the message says what to do instead."""
    folder = build_tiny_bert(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    assert "only pytorch_model.bin, and only *.safetensors are read" in refused(folder)


def test_pickled_weights_of_one_part_are_not_read(tmp_path: Path) -> None:
    """A layer behind a model of safetensors is as good a place for code."""
    folder = build_tiny_text_model(tmp_path)
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "pytorch_model.bin").write_bytes(b"")

    assert "2_Dense/pytorch_model.bin" in refused(folder)


@pytest.mark.parametrize("build", BUILDS)
def test_broken_weights_are_refused(build: Build, tmp_path: Path) -> None:
    """Cut off by a download that ended early, or something else altogether."""
    weights = build(tmp_path) / "model.safetensors"
    whole = weights.read_bytes()

    for broken in (b"", b"x", whole[: len(whole) // 2]):
        weights.write_bytes(broken)
        refused(tmp_path)


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'{"model_type": "nonsense"}', b"\xff\xfe\0junk", b"{"])
def test_a_broken_configuration_is_refused(build: Build, content: bytes, tmp_path: Path) -> None:
    """By its folder's name, and in one line."""
    (build(tmp_path) / "config.json").write_bytes(content)

    assert "\n" not in refused(tmp_path)


def test_weights_of_a_smaller_model_are_refused(tmp_path: Path) -> None:
    """The library would fill the rest with random ones, others at each start."""
    change(build_tiny_bert(tmp_path) / "config.json", num_hidden_layers=3)

    assert "lack 16 that its config.json names, such as encoder.layer.2" in refused(tmp_path)


@pytest.mark.parametrize("build", [build_tiny_clip, build_tiny_siglip])
def test_weights_of_another_model_are_refused(build: Build, tmp_path: Path) -> None:
    """Not one of them fits."""
    change(build(tmp_path) / "config.json", model_type="bert")

    assert "do not belong together" in refused(tmp_path)


def test_weights_of_another_size_are_refused(tmp_path: Path) -> None:
    """They have the right names only."""
    change(build_tiny_resnet(tmp_path) / "config.json", hidden_sizes=[8, 12, 16, 32])

    refused(tmp_path)


def test_a_model_without_its_vocabulary_is_refused(tmp_path: Path) -> None:
    """The library would take every word for an unknown one."""
    (build_tiny_bert(tmp_path) / "tokenizer.json").unlink()

    assert "its vocabulary is missing" in refused(tmp_path)


def test_a_model_of_text_that_lost_its_tokeniser_is_not_said_to_be_of_pictures(tmp_path: Path) -> None:
    """Told by the setting that named it, with what made it look like one."""
    folder = build_tiny_text_model(tmp_path)
    for path in [folder / "modules.json", *folder.glob("tokenizer*"), *folder.glob("vocab*")]:
        path.unlink(missing_ok=True)

    with pytest.raises(Misconfigured, match=r"VITRINE_ENCODERS__TEXT: .*no model that can.*neither a tokeniser nor"):
        load_encoders(EncoderSettings(text=str(folder)))


def test_code_in_a_folder_is_not_run(tmp_path: Path) -> None:
    """Neither that of a model nor that of a module."""
    folder = build_tiny_text_model(tmp_path)
    (folder / "modeling_evil.py").write_text("raise SystemExit('ran')")
    change(folder / "config.json", model_type="evil", auto_map={"AutoModel": "modeling_evil.Evil"})

    refused(folder)

    (folder / "modules.json").write_text('[{"idx": 0, "name": "0", "path": "", "type": "modeling_evil.Evil"}]')
    refused(folder)


def test_an_architecture_that_timm_has_not_is_refused(tmp_path: Path) -> None:
    """By its name."""
    change(build_tiny_timm(tmp_path) / "config.json", architecture="no_such_network")

    assert "no_such_network" in refused(tmp_path)


class _Trap:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, sprung: Path) -> None:
        self._sprung = sprung

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        """Say what unpickling is to do."""
        return pathlib.Path.touch, (self._sprung,)


PICKLES = (
    "pytorch_model.bin", "model.pt", "model.pth", "model.ckpt", "model.pkl", "training_args.bin", "optimizer.pt",
    "scheduler.pt", "rng_state.pth", "adapter_model.bin", "tokenizer.pkl", "model.joblib", "tf_model.h5",
)  # fmt: skip


@pytest.mark.parametrize("build", BUILDS)
def test_no_pickle_in_a_folder_is_opened(build: Build, tmp_path: Path) -> None:
    """Whatever it is called, beside sound weights and in their place; the trap does work."""
    sprung = tmp_path / "sprung"
    trap = pickle.dumps(_Trap(sprung))
    folder = tmp_path / "model"
    folder.mkdir()
    build(folder)
    for name in PICKLES:
        (folder / name).write_bytes(trap)

    load_named(str(folder), device="cpu")
    (folder / "model.safetensors").write_bytes(trap)
    refused(folder)
    (folder / "model.safetensors").unlink()
    refused(folder)

    assert not sprung.exists()
    pickle.loads(trap)
    assert sprung.exists()
