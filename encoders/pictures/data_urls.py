"""Pictures that stand in their own reference: `data:` URLs, as base64 or with escapes."""

from __future__ import annotations

import base64
import binascii
import urllib.parse
from typing import Final

from catalog.errors import InvalidPicture

_CHARS_A_BYTE: Final = 3
"""The most that a byte takes, as an escape. Base64 takes 4/3, with some of its characters escaped."""


def data_of(url: str, *, max_bytes: int) -> bytes:
    """Return the bytes in a `data:` URL; its media type is not believed.

    Raises `InvalidPicture` for a broken one, and for a longer one before it is decoded.
    """
    header, comma, body = url.partition(",")
    if not comma:
        raise InvalidPicture("a data: URL has a comma before its data")
    if len(body) > _CHARS_A_BYTE * max_bytes:
        raise _too_large(max_bytes)
    raw = urllib.parse.unquote_to_bytes(body)
    data = _from_base64(raw, max_bytes) if header.lower().replace(" ", "").endswith(";base64") else raw
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    return data


def _from_base64(raw: bytes, max_bytes: int) -> bytes:
    if len(raw) > -(-max_bytes // 3) * 4:
        raise _too_large(max_bytes)
    try:
        return base64.b64decode(raw, validate=True)
    except binascii.Error as error:
        raise InvalidPicture(f"the data: URL is not valid base64: {error}") from error


def _too_large(max_bytes: int) -> InvalidPicture:
    return InvalidPicture(f"the picture has more than {max_bytes:,} bytes")
