"""Commands reach the process that has the index open, and say plainly when they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from catalog.errors import CollectionMismatch, Misconfigured
from deploy.processes.migration.control import SOCKET, Refused, ask, listening

if TYPE_CHECKING:
    from pathlib import Path


def perform(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Answer, refuse, or find the use wrong."""
    if name == "refuse":
        raise CollectionMismatch("not filled yet")
    if name == "wrong":
        raise Misconfigured("no such encoder")
    return {"did": name, **arguments}


@pytest.mark.parametrize("depth", [0, 12])
def test_a_command_is_answered_however_deep_the_folder_lies(tmp_path: Path, depth: int) -> None:
    """A socket's address takes a hundred characters; a folder's path may have more."""
    folder = tmp_path.joinpath(*["a-long-name"] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    with listening(folder, perform):
        assert ask(folder, "start", {"text": "größe"}) == {"did": "start", "text": "größe"}
        assert (folder / SOCKET).stat().st_mode & 0o077 == 0, "the owner's only"
    assert ask(folder, "start", {}) is None


def test_what_the_process_refuses_is_said_here(tmp_path: Path) -> None:
    """With its sentence, and its exit code."""
    with listening(tmp_path, perform):
        with pytest.raises(Refused, match="not filled yet"):
            ask(tmp_path, "refuse", {})
        with pytest.raises(Misconfigured, match="no such encoder"):
            ask(tmp_path, "wrong", {})


def test_nobody_listens_is_no_error(tmp_path: Path) -> None:
    """No folder, no socket, or one that a killed process left behind: whoever asks opens the index himself."""
    assert ask(tmp_path / "nothing", "status", {}) is None
    assert ask(tmp_path, "status", {}) is None
    with listening(tmp_path, perform):
        (tmp_path / SOCKET).rename(tmp_path / "kept")
    (tmp_path / "kept").rename(tmp_path / SOCKET)
    assert ask(tmp_path, "status", {}) is None
    with listening(tmp_path, perform):
        assert ask(tmp_path, "status", {}) == {"did": "status"}
