"""Small, fast, deterministic encoders for tests: words and colours decide, and no model is loaded.

They keep the contract of the real ones (see tests/contracts): float32, unit length, finite, in order.
"""

from __future__ import annotations

import threading
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

from encoders.interface import (
    PICTURE_QUERY,
    PRODUCT_QUERY,
    TEXT_QUERY,
    Description,
    Encoders,
    Unrelated,
    check_pictures,
    readable,
)
from encoders.sparse import Bm25Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.interface import FloatArray, Picture, TextEncoder

SIZE: Final = 64
ALL_IS_NEAR: Final = dict.fromkeys(
    (TEXT_QUERY, PICTURE_QUERY, PRODUCT_QUERY), Unrelated(mean=0.0, deviation=0.1, threshold=-1.0)
)
"""No cosine is below: what such an encoder finds stays found, unless a test calibrates it."""
_COLOURS: Final = {
    "red": (220, 40, 40),
    "green": (40, 160, 60),
    "blue": (40, 80, 200),
    "yellow": (240, 210, 50),
    "black": (20, 20, 20),
}


class HashingTextEncoder:
    """Each word is a fixed direction, a text the sum of its words; a `TextEncoder`. Counts what it encodes."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self.encoded = 0

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return Description(
            "fake-words", "1", self._size, languages=("en",), licence="Apache-2.0", unrelated=ALL_IS_NEAR
        )

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text."""
        self.encoded += len(texts)
        return _stacked([_unit(self._sum(text.lower().split())) for text in texts], self._size)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text."""
        return self.encode_queries(texts)

    def _sum(self, words: list[str]) -> FloatArray:
        total = np.zeros(self._size, dtype=np.float32)
        for word in words:
            total += _direction(word, self._size)
        return total


class HeldTextEncoder(HashingTextEncoder):
    """Makes whoever comes while `gate` is cleared wait until it is set: an encoder as slow as a test wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, once the gate is open; `waiting` is set as soon as somebody waits."""
        if not self.gate.is_set():
            self.waiting.set()
            self.gate.wait()
        return super().encode_queries(texts)


class ColourPictureEncoder:
    """A picture is its mean colour; a `PictureEncoder` whose text tower knows the names of five colours."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._text_tower = _ColourNames(size)
        self.encoded = 0

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return _colours(self._size)

    @property
    def text_tower(self) -> _ColourNames:
        """The encoder of colour names into the same space."""
        return self._text_tower

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return one vector per picture."""
        check_pictures(pictures)
        self.encoded += len(pictures)
        return _stacked([_colour(picture.reshape(-1, 3).mean(axis=0), self._size) for picture in pictures], self._size)


class _ColourNames:
    def __init__(self, size: int) -> None:
        self._size = size

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return _colours(self._size)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text: the mean of the colours it names."""
        named = [[rgb for name, rgb in _COLOURS.items() if name in text.lower()] for text in texts]
        vectors = [_colour(np.mean(found or [(128, 128, 128)], axis=0), self._size) for found in named]
        return _stacked(vectors, self._size)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text."""
        return self.encode_queries(texts)


def fake_encoders(*, text: TextEncoder | None = None) -> Encoders:
    """Return a full set of encoders that costs nothing to load."""
    return Encoders(
        text=text or HashingTextEncoder(),
        picture=ColourPictureEncoder(),
        lexical=Bm25Encoder(),
    )


def _colours(size: int) -> Description:
    return Description(
        "fake-colours",
        "1",
        size,
        languages=("en",),
        licence="Apache-2.0",
        picture_side_px=1,
        unrelated=ALL_IS_NEAR,
    )


def _stacked(vectors: Sequence[FloatArray], size: int) -> FloatArray:
    return np.stack(vectors) if vectors else np.zeros((0, size), dtype=np.float32)


def _direction(word: str, size: int) -> FloatArray:
    return np.random.default_rng(zlib.crc32(readable(word).encode())).standard_normal(size).astype(np.float32)


def _colour(rgb: FloatArray, size: int) -> FloatArray:
    vector = np.zeros(size, dtype=np.float32)
    vector[:3] = np.asarray(rgb) - 128.0
    vector[3] = 16.0  # grey has a direction too
    return _unit(vector)


def _unit(vector: FloatArray) -> FloatArray:
    length = float(np.linalg.norm(vector))
    unit: FloatArray = (vector / length if length else np.eye(1, len(vector))[0]).astype(np.float32)
    return unit
