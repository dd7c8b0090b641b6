"""A file to load: plain or gzip, read in pieces, with the share that is read already known by its bytes."""

from __future__ import annotations

import gzip
import io
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from catalog.errors import Misconfigured
from ingest.loading.rows import BadRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import WriteableBuffer

    from ingest.loading.rows import Rows

_BUFFER_BYTES: Final = 256 * 1024
_BOM: Final = b"\xef\xbb\xbf"
MAX_ROW_BYTES: Final = 16 * 2**20
"""What one line may have: as much as an event may."""


class _Counted(io.RawIOBase):
    """A file that knows how many of its bytes were read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.read_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        count = self._file.readinto(buffer)
        self.read_bytes += count or 0
        return int(count)

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass(frozen=True, slots=True)
class FeedFile:
    """An open file: its content, unpacked, and how far the file on the disk is read."""

    name: str
    content: IO[bytes]
    total_bytes: int
    counted: _Counted

    @property
    def read_bytes(self) -> int:
        """How many bytes on the disk are read, of `total_bytes`."""
        return self.counted.read_bytes


@contextmanager
def open_feed(path: Path) -> Iterator[FeedFile]:
    """Open a file to load; raises `Misconfigured` where there is none."""
    try:
        counted = _Counted(path)
        total_bytes = path.stat().st_size
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from error
    with counted:
        raw = io.BufferedReader(counted, _BUFFER_BYTES)
        content: IO[bytes] = raw
        if raw.peek(2).startswith(b"\x1f\x8b"):
            content = io.BufferedReader(gzip.GzipFile(fileobj=raw), _BUFFER_BYTES)
        yield FeedFile(path.name, content, total_bytes, counted)


def guarded(rows: Rows) -> Rows:
    """Yield the rows of a file; where its gzip or its disk is damaged, a last bad row says so."""
    line = 0
    try:
        for row in rows:
            line = row.line
            yield row
    except (EOFError, OSError, zlib.error) as error:
        yield BadRow(line + 1, "damaged_file", f"the file cannot be read on from here: {error}", None)


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its end; `text` has no more than the longest that is taken, and is `cut` where there was more."""

    number: int
    text: bytes
    cut: bool = False


def lines(content: IO[bytes], *, max_bytes: int = MAX_ROW_BYTES) -> Iterator[Line]:
    """Yield the lines of a file; one without end costs no more memory than the longest that is taken."""
    number = 0
    while text := content.readline(max_bytes + 1):
        number += 1
        if number == 1:
            text = text.removeprefix(_BOM)
        if len(text) > max_bytes and not text.endswith(b"\n"):
            _skip_line(content)
            yield Line(number, text[:max_bytes], cut=True)
        else:
            yield Line(number, text)


def _skip_line(content: IO[bytes]) -> None:
    while (rest := content.readline(_BUFFER_BYTES)) and not rest.endswith(b"\n"):
        pass
