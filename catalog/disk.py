"""What survives a power cut: the one thing that both the embedded engine and the event log must ask of the disk."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK_BYTES: Final = 1 << 20


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut: a file that was renamed into it is there afterwards."""
    if sys.platform == "win32":  # a folder cannot be opened there
        return
    sync_file(folder)


def sync_file(path: Path) -> None:
    """Make what was written to a file survive a power cut, through whatever descriptor or mapping it was written."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Make a folder with all that lies below it survive a power cut."""
    for path in folder.rglob("*"):
        sync_folder(path) if path.is_dir() else sync_file(path)
    sync_folder(folder)


def copy_file(source: str, target: str) -> None:
    """Copy a file, holes as holes: the engine's files are mostly hole, 300 MB of which 8 are there."""
    with Path(source).open("rb") as given, Path(target).open("wb") as made:
        size_bytes = os.fstat(given.fileno()).st_size
        made.truncate(size_bytes)
        for start, end in _data_ranges(given.fileno(), size_bytes):
            given.seek(start)
            made.seek(start)
            made.writelines(
                given.read(min(_CHUNK_BYTES, end - position)) for position in range(start, end, _CHUNK_BYTES)
            )


def _data_ranges(descriptor: int, size_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield where a file has data, from and to; where the system cannot say, all of it."""
    if sys.platform == "win32":
        yield 0, size_bytes
        return
    end = 0
    while end < size_bytes:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # nothing but hole from there on
                raise
            return
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, end
