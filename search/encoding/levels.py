"""Scores of unrelated pairs to the level of an arm: its zero, its unit, and where the line between near and far lies.

A product is near that scores more than most unrelated ones, and in an arm that words are put to more than the best
product does for most queries that nobody answers: the first drops the tail of an answer, the second keeps nonsense
from being answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from catalog.calibration import Level
from catalog.vectors import IMAGE, LEXICAL
from encoders.interface import NOTHING, PICTURE_QUERY, TEXT_QUERY, Unrelated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from encoders.interface import FloatArray

BoolArray = NDArray[np.bool_]
ScoreArray = NDArray[np.float64]

FEWEST_PRODUCTS: Final = 20
FEWEST_PAIRS: Final = 100
OF_ITS_OWN: Final = 0.1
"""The lexical arm's unit, in what products score by a few words out of their own titles."""
_NO_SPREAD: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Line:
    """Where the line between near and far is drawn, as shares; docs/relevance.md has what other shares do.

    `unrelated` of the unrelated pairs lie below it, and where a picture is asked with only `pictures` of them: a photo
    that people took is less like any picture of a shop than those are like each other. In an arm that words are put to,
    so does the best product of `elsewhere` of the queries that nobody answers, unless that takes more than `furthest`
    of the unrelated pairs: a shop may sell what we take for nonsense.
    """

    unrelated: float = 0.8
    pictures: float = 0.4
    elsewhere: float = 0.9
    furthest: float = 0.995

    def through(self, query: str, unrelated: ScoreArray, elsewhere: FloatArray | None) -> float:
        """Return the score at which it lies for a kind of query; `elsewhere` is what the best products score, (n,)."""
        share = self.pictures if query == PICTURE_QUERY else self.unrelated
        near, furthest = np.quantile(unrelated, (share, self.furthest)).tolist()
        if elsewhere is None:
            return float(near)
        return float(np.clip(np.quantile(elsewhere, self.elsewhere), near, furthest))


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the pairs: vectors (n, size), and the place of each one's product in the sample."""

    places: Sequence[int]
    vectors: FloatArray


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which pairs of a sample are unrelated, (products, products), and the line that is drawn above them."""

    unrelated: BoolArray
    line: Line

    def cosines(
        self, kind: tuple[str, str], asked: Side, answered: Side, elsewhere: FloatArray | None = None
    ) -> Level | None:
        """Return the level of what one side scores with the other, None where there are too few.

        `kind` is of query and arm; `elsewhere` is what the best products score for queries that nobody answers, (n,).
        """
        if not len(asked.places) or not len(answered.places):
            return None
        counted = self.unrelated[np.ix_(asked.places, answered.places)]
        values = (asked.vectors @ answered.vectors.T)[counted].astype(np.float64)
        if len(values) < FEWEST_PAIRS or values.std() < _NO_SPREAD:
            return None
        return _level(kind, values.mean(), values.std(), self.line.through(kind[0], values, elsewhere), len(values))

    def told(self, asked: Side, answered: Side) -> float | None:
        """Return how often a product asked for scores more with its own vector than with an unrelated one's.

        A share of all such pairs, 0.5 by chance; None where too few products are on both sides.
        """
        columns = {place: column for column, place in enumerate(answered.places)}
        rows = [row for row, place in enumerate(asked.places) if place in columns]
        places = [asked.places[row] for row in rows]
        counted = self.unrelated[np.ix_(places, answered.places)]
        if len(rows) < FEWEST_PRODUCTS or counted.sum() < FEWEST_PAIRS:
            return None
        scores = asked.vectors[rows] @ answered.vectors.T
        own = scores[np.arange(len(rows)), [columns[place] for place in places]][:, None]
        return float(((own > scores) + (own == scores) / 2)[counted].mean())

    def words(self, asked: Sequence[int], scores: FloatArray) -> Level | None:
        """Return the level of the lexical arm, where `scores` are (asked, products), each asked by its own words.

        Its zero is no shared word, as most unrelated pairs have it, and its unit a tenth of what products score by
        words of their own. What unrelated ones score says how often they share a word, not what a word is worth: where
        goods are of many fields a single one would outweigh all else. What is near lies in the query, in how many of
        its words a product has.
        """
        own = scores[np.arange(len(asked)), asked]
        own = own[own > 0].astype(np.float64)
        pairs = int(self.unrelated[asked].sum())
        if not len(own) or pairs < FEWEST_PAIRS:
            return None
        return _level((TEXT_QUERY, LEXICAL), 0.0, own.mean() * OF_ITS_OWN, 0.0, pairs)


def level_of_nothing(pictures: FloatArray, nothing: FloatArray) -> Level | None:
    """Return the level of what products' pictures score with the nearest of those that show nothing."""
    if len(pictures) < FEWEST_PRODUCTS:
        return None
    nearest = (pictures @ nothing.T).max(axis=1)
    scale = Unrelated(float(nearest.mean()), max(float(nearest.std()), _NO_SPREAD))
    return _level((NOTHING, IMAGE), scale.mean, scale.deviation, scale.threshold, len(nearest))


def unrelated_pairs(products: Sequence[Mapping[str, Any]]) -> BoolArray:
    """Return which pairs have nothing to do with each other, as far as can be known: (products, products).

    Where nearly all are of one category, two of that category have to do: there is nothing further apart.
    """
    ids = [str(product["id"]) for product in products]
    groups = _equal([str(product.get("group_id", product["id"])) for product in products])
    titles = _equal([str(product.get("title", name)).casefold() for product, name in zip(products, ids, strict=True)])
    categories = _equal([str(product.get("category", name)) for product, name in zip(products, ids, strict=True)])
    apart = ~(groups | titles | np.eye(len(products), dtype=np.bool_))
    further = apart & ~categories
    return further if further.sum() >= FEWEST_PAIRS else apart


def _equal(names: Sequence[str]) -> BoolArray:
    numbers = np.unique(names, return_inverse=True)[1]
    same: BoolArray = numbers[:, None] == numbers[None]
    return same


def _level(kind: tuple[str, str], mean: float, deviation: float, threshold: float, pairs: int) -> Level:
    return Level(*kind, round(float(mean), 6), round(float(deviation), 6), pairs, round(threshold, 6))
