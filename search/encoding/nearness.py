"""From which score on a product is near, as far as that lies in the query.

It lies in how rare its words are, or in a picture that shows nothing; never in the filter or in what else was found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.calibration import Calibration
    from catalog.vectors import SparseVector
    from encoders.interface import FloatArray, Unrelated

ENOUGH_WORDS: Final = 0.5
"""The share of a query's words, each counted by how rare it is, that a product must have to be near."""

USUAL_RARITY: Final = 3.0
"""What a word counts while nobody has counted the catalogue's: that of one which every twentieth product has."""


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare words are: of so many `products`, how many have each word (by its number in a sparse vector)."""

    products: int = 0
    having: Mapping[int, int] = field(default_factory=dict)

    def of(self, word: int) -> float:
        """Return a word's inverse document frequency as the engine's BM25 has it."""
        if not self.products:
            return USUAL_RARITY
        having = self.having.get(word, 0)
        return math.log1p((self.products - having + 0.5) / (having + 0.5))

    def threshold(self, words: SparseVector) -> float:
        """Return the BM25 score above which a product has enough of a query's words.

        A product of usual length that has a word once scores its rarity. Who asks with a single word has said all
        there is to match: any product that has it is near.
        """
        if len(words.indices) <= 1:
            return 0.0
        whole = sum(value * self.of(word) for word, value in zip(words.indices, words.values, strict=True))
        return ENOUGH_WORDS * whole

    def known(self, words: SparseVector) -> float:
        """Return the share of a query's words, each counted by how rare it is, that some product has.

        1 where none has any, for then there is nothing to hear, and where nobody counted. It takes a count of all
        products that leaves no word out.
        """
        worth = {word: value * self.of(word) for word, value in zip(words.indices, words.values, strict=True)}
        had = sum(value for word, value in worth.items() if word in self.having)
        return had / sum(worth.values()) if had else 1.0


def rarity(calibration: Calibration) -> Rarity:
    """Return how rare words are in the catalogue that was calibrated."""
    return Rarity(calibration.products, dict(calibration.words))


def picture_scale(scale: Unrelated, picture: FloatArray, nothing: FloatArray, limit: float) -> Unrelated:
    """Return the scale of one picture as a query, of shape (size,).

    Beyond `limit` it is taken for one that shows nothing, as those of `nothing`, (n, size), do: then what it finds
    must be nearer to it than these are.
    """
    alike = float((nothing @ picture).max(initial=-1.0))
    return replace(scale, threshold=max(scale.threshold, alike)) if alike > limit else scale
