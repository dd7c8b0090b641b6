"""How students read rows and words in a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from encoders.training.shop.tower import WHITE_GOODS, TowerReader
from encoders.training.shrink.teaching import all_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer
    from torch import Generator

    from encoders.interface import TextEncoder
    from encoders.training.shrink.goods import Goods


@dataclass(frozen=True, slots=True)
class TextReader:
    """Reads titles as documents and words as queries, with the model's own prompts."""

    model: SentenceTransformer
    goods: Goods

    def read_rows(self, rows: NDArray[np.int64], _: Generator) -> dict[str, Any]:
        """Return the features of these rows' titles."""
        titles = [self.goods.items[number].title for number in rows]
        return self.model.preprocess(titles, prompt=self.model.prompts.get("document") or None)

    def read_words(self, words: Sequence[str]) -> dict[str, Any]:
        """Return the features of these words."""
        return self.model.preprocess(list(words), prompt=self.model.prompts.get("query") or None)


def picture_reader(goods: Goods, text: TextEncoder) -> TowerReader:
    """Return a reader of letterboxed pictures, changed by chance, and of the vectors that `text` has for all words."""
    words = all_words(goods)
    coloured = np.array([item.colour.casefold() not in WHITE_GOODS for item in goods.items])
    return TowerReader(goods.pixels, coloured, dict(zip(words, text.encode_queries(words), strict=True)))
