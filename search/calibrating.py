"""What unrelated pairs score in a running index: pairs out of a random sample of its own products.

A product's title stands for a query in words, and its stored vectors for a product or a picture that is searched with.
A pair counts as unrelated if the two are not of one group, title or category.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.calibration import Level
from catalog.errors import CollectionMismatch
from catalog.points import point_id
from catalog.vectors import IMAGE, LEXICAL, TEXT
from encoders.interface import PICTURE_QUERY, PRODUCT_QUERY, TEXT_QUERY, Unrelated
from search.access import EVERYTHING
from search.filters import Filter, Products
from search.query import ArmQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from catalog.calibration import Calibration
    from encoders.interface import Encoders, FloatArray, TextEncoder
    from search.retriever import Retriever, Sampled

    Progress: TypeAlias = Callable[[int, int], None]
    """Hears how many of how many steps are done."""

BoolArray = NDArray[np.bool_]

KINDS: Final = (
    (TEXT_QUERY, TEXT),
    (TEXT_QUERY, IMAGE),
    (TEXT_QUERY, LEXICAL),
    (PICTURE_QUERY, IMAGE),
    (PRODUCT_QUERY, TEXT),
    (PRODUCT_QUERY, IMAGE),
)
"""Every kind of query and arm that can meet."""

FEWEST_PRODUCTS: Final = 20
FEWEST_PAIRS: Final = 100
_LEXICAL_QUERIES: Final = 200  # each is a call to the engine, which alone knows how rare a word is
_TEXTS_AT_ONCE: Final = 32
_NO_SPREAD: Final = 1e-6
_NEAR_QUANTILE: Final = 0.999


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of the pairs: vectors (n, size), and the place of each one's product in the sample."""

    places: Sequence[int]
    vectors: FloatArray


def start_of(seed: int) -> str:
    """Return the point id at which the sample of a seed begins."""
    return str(UUID(bytes=np.random.default_rng(seed).bytes(16)))


async def draw(retriever: Retriever, count: int, seed: int) -> list[Sampled]:
    """Return a random sample of the visible products; raises `CollectionMismatch` where there are too few."""
    products = await retriever.sample(start_of(seed), count, EVERYTHING)
    if len(products) < FEWEST_PRODUCTS:
        raise CollectionMismatch(
            f"the index holds {len(products)} products, too few to measure what unrelated ones score "
            f"(at least {FEWEST_PRODUCTS}): load the catalogue first"
        )
    return products


async def measure(
    retriever: Retriever, encoders: Encoders, products: Sequence[Sampled], progress: Progress
) -> tuple[Level, ...]:
    """Return the level of each kind of query and arm that has pairs enough; `retriever` must be as deep as the sample.

    Raises `EngineUnavailable` in an outage.
    """
    unrelated = unrelated_pairs([one.product for one in products])
    titled = [place for place, one in enumerate(products) if str(one.product.get("title", "")).strip()]
    titles = [str(products[place].product["title"]) for place in titled]
    texts, pictures = _stored(products, TEXT), _stored(products, IMAGE)
    steps = _Steps(progress, 2 * len(titles) + min(len(titles), _LEXICAL_QUERIES))
    words = _Side(titled, _encoded(encoders.text, titles, steps))
    found = [
        _cosines(TEXT_QUERY, TEXT, words, texts, unrelated),
        _cosines(PRODUCT_QUERY, TEXT, texts, texts, unrelated),
        _cosines(PICTURE_QUERY, IMAGE, pictures, pictures, unrelated),
        _cosines(PRODUCT_QUERY, IMAGE, pictures, pictures, unrelated),
    ]
    if encoders.picture.text_tower is not None:
        words = _Side(titled, _encoded(encoders.picture.text_tower, titles, steps))
        found.append(_cosines(TEXT_QUERY, IMAGE, words, pictures, unrelated))
    scores = await _word_scores(retriever, encoders, products, titled, steps)
    found.append(_level(TEXT_QUERY, LEXICAL, scores, unrelated[titled[: len(scores)]], zero=0.0))
    return tuple(level for level in found if level is not None)


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


def scales(calibration: Calibration) -> dict[tuple[str, str], Unrelated]:
    """Return the levels as encoders take them: (kind of query, arm) → scale."""
    return {(level.query, level.arm): _scale(level) for level in calibration.levels}


def _scale(level: Level) -> Unrelated:
    scale = Unrelated(level.mean, level.deviation)
    return scale if level.threshold is None else replace(scale, threshold=level.threshold)


@dataclass(slots=True)
class _Steps:
    progress: Progress
    total: int
    done: int = 0

    def add(self, count: int) -> None:
        self.done += count
        self.progress(self.done, self.total)


def _equal(names: Sequence[str]) -> BoolArray:
    numbers = np.unique(names, return_inverse=True)[1]
    same: BoolArray = numbers[:, None] == numbers[None]
    return same


def _stored(products: Sequence[Sampled], arm: str) -> _Side:
    places = [place for place, one in enumerate(products) if arm in one.vectors]
    vectors = [products[place].vectors[arm] for place in places]
    return _Side(places, np.stack(vectors) if vectors else np.zeros((0, 0), dtype=np.float32))


def _encoded(encoder: TextEncoder, titles: Sequence[str], steps: _Steps) -> FloatArray:
    parts = []
    for start in range(0, len(titles), _TEXTS_AT_ONCE):
        parts.append(encoder.encode_queries(titles[start : start + _TEXTS_AT_ONCE]))
        steps.add(len(parts[-1]))
    return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)


def _cosines(query: str, arm: str, asked: _Side, answered: _Side, unrelated: BoolArray) -> Level | None:
    if not len(asked.places) or not len(answered.places):
        return None
    counted = unrelated[np.ix_(asked.places, answered.places)]
    return _level(query, arm, asked.vectors @ answered.vectors.T, counted)


async def _word_scores(
    retriever: Retriever, encoders: Encoders, products: Sequence[Sampled], titled: Sequence[int], steps: _Steps
) -> FloatArray:
    """Return what titles score against the whole sample in the lexical arm, (queries, products): 0 without a hit."""
    ids = [str(one.product["id"]) for one in products]
    places = {point_id(product_id): place for place, product_id in enumerate(ids)}
    among = Filter(must=(Products(tuple(ids)),))
    asked = titled[:_LEXICAL_QUERIES]
    scores = np.zeros((len(asked), len(products)), dtype=np.float32)
    scale = encoders.scale(TEXT_QUERY, LEXICAL)
    for row, place in enumerate(asked):
        if words := encoders.lexical.encode_query(str(products[place].product["title"])):
            hits = (await retriever.retrieve({LEXICAL: ArmQuery(words, scale)}, among, EVERYTHING))[LEXICAL]
            scores[row, [places[found] for found in hits.ids]] = hits.scores
        steps.add(1)
    return scores


def _level(query: str, arm: str, scores: FloatArray, counted: BoolArray, *, zero: float | None = None) -> Level | None:
    """Return the level of the scores that count, None where there are too few or they do not differ.

    `zero` is the level where it is known, and the deviation is from there: in the lexical arm, where most unrelated
    products share no word. Their mean is that of long titles; it would silence a short query of common words.
    """
    values = scores[counted].astype(np.float64)
    if len(values) < FEWEST_PAIRS:
        return None
    mean = float(values.mean()) if zero is None else zero
    deviation = float(np.sqrt(np.square(values - mean).mean()))
    if deviation < _NO_SPREAD:
        return None
    threshold = float(np.quantile(values, _NEAR_QUANTILE))
    return Level(query, arm, round(mean, 6), round(deviation, 6), len(values), round(threshold, 6))
