"""Pictures below one folder, and nothing from beside it."""

from __future__ import annotations

import os
import socket
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import InvalidPicture, PictureUnavailable
from encoders.pictures.files import PictureFolder, _read

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 1000
SECRET = b"secret"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return an images folder beside a file that is none of its business."""
    (tmp_path / "secret.jpg").write_bytes(SECRET)
    root = tmp_path / "images"
    (root / "shoes" / "shoes").mkdir(parents=True)
    (root / "shoes" / "red.jpg").write_bytes(b"red")
    (root / "shoes" / "shoes" / "shoes").write_bytes(b"red")
    (root / "full.jpg").write_bytes(bytes(LIMIT))
    (root / "large.jpg").write_bytes(bytes(LIMIT + 1))
    (root / "inside.jpg").symlink_to(root / "shoes" / "red.jpg")
    (root / "boots").symlink_to("shoes")
    (root / "outside.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "upwards").symlink_to(tmp_path)
    (root / "loop.jpg").symlink_to(root / "loop.jpg")
    (root / "dangling.jpg").symlink_to(root / "nowhere.jpg")
    os.mkfifo(root / "pipe.jpg")
    return root


def read(root: Path, reference: str) -> bytes:
    """Read a picture."""
    return PictureFolder(root).read(reference, max_bytes=LIMIT)


@pytest.mark.parametrize(
    "path",
    ["shoes/red.jpg", "./shoes//red.jpg", "shoes/../shoes/red.jpg", "inside.jpg", "boots/red.jpg",
     "shoes/shoes/shoes", "../images/shoes/red.jpg"],
)  # fmt: skip
def test_a_path_leads_below_the_folder(root: Path, path: str) -> None:
    """However it winds."""
    assert read(root, path) == b"red"


def test_the_largest_file_is_read(root: Path) -> None:
    """To its last byte."""
    assert read(root, "full.jpg") == bytes(LIMIT)


@pytest.mark.parametrize(
    "path",
    ["../secret.jpg", "shoes/../../secret.jpg", "/etc/passwd", "outside.jpg", "upwards/secret.jpg", "loop.jpg",
     "large.jpg", "a\u0000b.jpg", "..", "/", "/dev/zero", "x" * 5000, "x/" * 5000, "\ud800.jpg"],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_invalid(root: Path, path: str) -> None:
    """Upwards, by a link, in a circle, to what is too large, or nowhere that could be."""
    with pytest.raises(InvalidPicture) as refused:
        read(root, path)

    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("path", ["nowhere.jpg", "shoes", ".", "", "dangling.jpg", "shoes/red.jpg/x", "pipe.jpg"])
def test_a_file_that_is_not_there_is_an_outage(root: Path, path: str) -> None:
    """It may yet be copied there; a pipe keeps nobody waiting."""
    with pytest.raises(PictureUnavailable):
        read(root, path)


def test_a_socket_is_no_picture(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything else that is not a plain file."""
    monkeypatch.chdir(root)  # the name of a socket must be short
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind("socket.jpg")

        with pytest.raises(PictureUnavailable):
            read(root, "socket.jpg")


def test_a_file_that_became_a_pipe_is_noticed_once_open(root: Path) -> None:
    """Between looking and opening anybody may put something else there."""
    with PictureFolder(root)._opened(["pipe.jpg"]) as handle, pytest.raises(PictureUnavailable, match="plain file"):
        _read(handle, "pipe.jpg", LIMIT)


@pytest.mark.parametrize("steps", [["outside.jpg"], ["upwards", "secret.jpg"], ["boots", "red.jpg"]])
def test_a_step_that_became_a_link_is_not_followed(root: Path, steps: list[str]) -> None:
    """Not even one that stays inside: it was none when the path was resolved."""
    with pytest.raises(OSError, match=r"symbolic links|Not a directory"), PictureFolder(root)._opened(steps):
        pass


def test_no_handle_is_left_open(root: Path) -> None:
    """Whatever comes of it."""
    first = os.open(root, os.O_RDONLY)  # always the lowest free number
    os.close(first)
    for path in ("shoes/red.jpg", "large.jpg", "shoes/red.jpg/x", "pipe.jpg", "../secret.jpg"):
        with suppress(InvalidPicture, PictureUnavailable):
            read(root, path)
    last = os.open(root, os.O_RDONLY)
    os.close(last)

    assert last == first


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["..", ".", "", "/", "shoes", "upwards", "boots", "secret.jpg", "images", "outside.jpg"]),
        max_size=6,
    ).map("/".join)
)
def test_no_path_leads_to_the_secret(root: Path, path: str) -> None:
    """However it is put together."""
    with suppress(InvalidPicture, PictureUnavailable):
        assert read(root, path) != SECRET
