"""Encoders by the settings that a collection keeps of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.errors import Misconfigured
from deploy.processes.shelf import EncoderShelf
from tests.deploy.migration.twins import twin_settings

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = "/no/such/folder"


def test_an_encoder_that_cannot_be_loaded_is_said_by_whose_it_is(tmp_path: Path) -> None:
    """The settings' own by their name; those that a migration goes over to stand in no setting of this process."""
    shelf = EncoderShelf(twin_settings(tmp_path, text=NOWHERE))

    with pytest.raises(Misconfigured, match=f"^VITRINE_ENCODERS__TEXT: '{NOWHERE}' is no encoder"):
        shelf.own()
    with pytest.raises(Misconfigured, match=f"^the other collection's text encoder: '{NOWHERE}/2' is no encoder"):
        shelf.load({"text": f"{NOWHERE}/2"})
