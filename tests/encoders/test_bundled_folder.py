"""A trained tower's folder is loaded by its path, or refused with what is wrong with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.errors import Misconfigured
from encoders.bundled.network import PictureNetwork, TextAdapter
from encoders.bundled_folder import (
    ABOUT,
    WEIGHTS,
    TowerFolder,
    is_tower_folder,
    load_tower_folder,
    write_tower_folder,
)
from encoders.names import EncoderSettings
from encoders.registry import load_encoders
from encoders.shipped import load_minilm
from tests.encoders.shop.shops import TEXT, write_base

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_is_loaded_with_both_towers(tmp_path: Path) -> None:
    """Pictures and words end in one space, and the description is what the folder says."""
    folder = write_base(tmp_path / "tower")
    encoder = load_tower_folder(folder, TEXT, device="cpu")
    picture = np.full((20, 30, 3), 200, np.uint8)
    assert is_tower_folder(folder)
    assert encoder.encode_pictures([picture]).shape == encoder.text_tower.encode_queries(["red"]).shape == (1, 384)
    assert (encoder.description.name, encoder.description.licence) == ("untrained", "Apache-2.0")


def test_other_folders_are_none(tmp_path: Path) -> None:
    """An empty folder, or none, holds no tower."""
    assert not is_tower_folder(tmp_path)
    assert not is_tower_folder(tmp_path / "none")


def test_another_text_encoder_is_refused(tmp_path: Path) -> None:
    """A tower aligned to one text encoder does not stand on another."""
    folder = write_base(tmp_path / "tower")
    about = json.loads((folder / ABOUT).read_text())
    (folder / ABOUT).write_text(json.dumps(about | {"text_revision": "0"}))
    with pytest.raises(Misconfigured, match="was trained beside fake-words in revision 0"):
        load_tower_folder(folder, TEXT, device="cpu")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not as training wrote it"),
        ("{}", "is not as training wrote it: name"),
        (json.dumps({"name": "x", "text": "y", "text_revision": "z", "format": 2}), "format: Input should be 1"),
    ],
)
def test_a_broken_description_is_said(tmp_path: Path, content: str, said: str) -> None:
    """JSON that is cut short, empty or of a later format is refused."""
    folder = write_base(tmp_path / "tower")
    (folder / ABOUT).write_text(content)
    with pytest.raises(Misconfigured, match=said):
        load_tower_folder(folder, TEXT, device="cpu")


def test_missing_weights_are_said(tmp_path: Path) -> None:
    """A folder without its weights is refused."""
    folder = write_base(tmp_path / "tower")
    (folder / WEIGHTS).unlink()
    with pytest.raises(Misconfigured, match="cannot read the picture encoder's weights"):
        load_tower_folder(folder, TEXT, device="cpu")


def test_the_service_loads_it_by_its_path(tmp_path: Path) -> None:
    """A folder in the place of the picture encoder's name is enough."""
    minilm = load_minilm(device="cpu")
    about = TowerFolder("ours", minilm.description.name, minilm.description.revision)
    write_tower_folder(tmp_path / "tower", PictureNetwork(), TextAdapter(), about)
    encoders = load_encoders(EncoderSettings(image=str(tmp_path / "tower")))
    assert encoders.picture.description.name == "ours"
    assert encoders.picture.text_tower is not None
