"""Pictures for tests: solid ones in any format, and one that lies about its size."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:  # noqa: ANN401 - passed on as they are
    """Return a picture in a format."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def solid(colour: tuple[int, ...], *, size: tuple[int, int] = (8, 8), mode: str = "RGB") -> Image.Image:
    """Return a picture of one colour."""
    return Image.new(mode, size, colour)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says to be as large as this."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(1000)))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
