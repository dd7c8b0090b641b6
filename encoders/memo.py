"""A memory of recent queries: shoppers ask the same things, and two arms may read the same text."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.interface import Description, FloatArray, Picture, PictureEncoder, TextEncoder


class MemoisedTextEncoder:
    """A `TextEncoder` that remembers the vectors of its last `size` distinct queries; documents pass through."""

    def __init__(self, encoder: TextEncoder, *, size: int = 4096) -> None:
        self._encoder = encoder
        self._size = size
        self._remembered: OrderedDict[str, FloatArray] = OrderedDict()

    @property
    def description(self) -> Description:
        """What the encoder behind the memory is."""
        return self._encoder.description

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, encoding only those not remembered."""
        found = {text: vector for text in texts if (vector := self._remembered.get(text)) is not None}
        unknown = [text for text in dict.fromkeys(texts) if text not in found]
        if unknown:
            found |= dict(zip(unknown, self._encoder.encode_queries(unknown), strict=True))
        for text, vector in found.items():
            self._remembered.pop(text, None)  # so that it comes in again as the newest
            self._remembered[text] = vector
        while len(self._remembered) > self._size:
            self._remembered.popitem(last=False)
        vectors = [found[text] for text in texts]
        return np.stack(vectors) if vectors else np.zeros((0, self.description.size), dtype=np.float32)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text."""
        return self._encoder.encode_documents(texts)


class WithTextTower:
    """A `PictureEncoder` with another object for its text tower: the same model behind a memory that is shared."""

    def __init__(self, encoder: PictureEncoder, text_tower: TextEncoder | None) -> None:
        self._encoder = encoder
        self._text_tower = text_tower

    @property
    def description(self) -> Description:
        """What the encoder is."""
        return self._encoder.description

    @property
    def text_tower(self) -> TextEncoder | None:
        """The encoder of text that was handed in."""
        return self._text_tower

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return one vector per picture."""
        return self._encoder.encode_pictures(pictures)
