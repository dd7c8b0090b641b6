"""What unrelated pairs score in a running index: pairs out of a random sample of its own products.

A few words of a product's title stand for a query in words, and its stored vectors for a product or a picture that is
searched with. A pair counts as unrelated if the two are not of one group, title or category.

A product is near that scores more than most unrelated ones, and in an arm of words more than the best product does for
most queries from elsewhere: the first drops the tail of an answer, the second keeps nonsense from being answered.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.calibration import Level
from catalog.errors import CollectionMismatch
from catalog.points import point_id
from catalog.text import lexical_text
from catalog.vectors import IMAGE, LEXICAL, TEXT
from encoders.interface import NOTHING, PICTURE_QUERY, PRODUCT_QUERY, TEXT_QUERY, Unrelated
from search.access import EVERYTHING
from search.elsewhere import PHRASES, pictures_of_nothing
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
ScoreArray = NDArray[np.float64]

KINDS: Final = (
    (TEXT_QUERY, TEXT),
    (TEXT_QUERY, IMAGE),
    (TEXT_QUERY, LEXICAL),
    (PICTURE_QUERY, IMAGE),
    (PRODUCT_QUERY, TEXT),
    (PRODUCT_QUERY, IMAGE),
    (NOTHING, IMAGE),
)
"""Every kind of query and arm that can meet; the last is what products score with pictures that show nothing."""

UNRELATED_BELOW: Final = 0.85
"""The share of unrelated pairs that a near product scores more than; docs/relevance.md has what other shares do."""
ELSEWHERE_BELOW: Final = 0.9
"""The share of queries from elsewhere whose best product is not near, as long as that stays within `FURTHEST`."""
FURTHEST: Final = 0.99
"""The share of unrelated pairs to which queries from elsewhere may raise the threshold: some shop may sell that too."""

FEWEST_PRODUCTS: Final = 20
FEWEST_PAIRS: Final = 100
_LEXICAL_QUERIES: Final = 200  # each is a call to the engine, which alone knows how rare a word is
_TEXTS_AT_ONCE: Final = 32
_NO_SPREAD: Final = 1e-6
_FEWEST_WORDS, _MOST_WORDS = 2, 4
_SEED: Final = 0
_RARE: Final = 2


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
    asked = queries_of([str(one.product.get("title", "")) for one in products])
    stored = {TEXT: _stored(products, TEXT), IMAGE: _stored(products, IMAGE)}
    readers = {TEXT: encoders.text, IMAGE: encoders.picture.text_tower}
    steps = _Steps(progress, 2 * (len(asked) + len(PHRASES)) + min(len(asked), _LEXICAL_QUERIES))
    found = [
        _cosines((PRODUCT_QUERY, TEXT), stored[TEXT], stored[TEXT], unrelated),
        _cosines((PICTURE_QUERY, IMAGE), stored[IMAGE], stored[IMAGE], unrelated),
        _cosines((PRODUCT_QUERY, IMAGE), stored[IMAGE], stored[IMAGE], unrelated),
        _nothing(encoders, stored[IMAGE]),
    ]
    for arm, reader in readers.items():
        if reader is not None and len(stored[arm].places):
            vectors = _encoded(reader, [*asked.values(), *PHRASES], steps)
            words, elsewhere = _Side(list(asked), vectors[: len(asked)]), vectors[len(asked) :]
            best = await _best_scores(retriever, arm, elsewhere, encoders.scale(TEXT_QUERY, arm))
            found.append(_cosines((TEXT_QUERY, arm), words, stored[arm], unrelated, best))
    scores = await _word_scores(retriever, encoders, products, asked, steps)
    counted = unrelated[list(asked)[: len(scores)]]
    found.append(_level(TEXT_QUERY, LEXICAL, scores[counted], zero=0.0))
    return tuple(level for level in found if level is not None)


def count_words(encoders: Encoders, products: Sequence[Sampled]) -> tuple[tuple[int, int], ...]:
    """Return how many of the products have each word; those that only one has are left out as rare."""
    having = Counter(
        word for one in products for word in encoders.lexical.encode_document(lexical_text(one.product)).indices
    )
    return tuple(sorted((word, count) for word, count in having.items() if count >= _RARE))


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


def queries_of(titles: Sequence[str]) -> dict[int, str]:
    """Return a query of a few words for each title that has any, by its place: a run of its words, always the same."""
    chance = np.random.default_rng(_SEED)
    found = {}
    for place, words in enumerate(title.split() for title in titles):
        count = int(chance.integers(_FEWEST_WORDS, _MOST_WORDS + 1))
        start = int(chance.integers(0, max(1, len(words) - count + 1)))
        if words:
            found[place] = " ".join(words[start : start + count])
    return found


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


def _cosines(
    kind: tuple[str, str], asked: _Side, answered: _Side, unrelated: BoolArray, elsewhere: FloatArray | None = None
) -> Level | None:
    """Return the level of what one side scores with the other, where both are there; `kind` is query and arm.

    `elsewhere` is what the best products score for queries that no product answers, (n,).
    """
    if not len(asked.places) or not len(answered.places):
        return None
    counted = unrelated[np.ix_(asked.places, answered.places)]
    return _level(*kind, (asked.vectors @ answered.vectors.T)[counted], elsewhere)


def _nothing(encoders: Encoders, pictures: _Side) -> Level | None:
    """Return the level of what the products' pictures score with the nearest one that shows nothing."""
    if len(pictures.places) < FEWEST_PRODUCTS:
        return None
    nearest = (pictures.vectors @ encoders.picture.encode_pictures(pictures_of_nothing()).T).max(axis=1)
    scale = Unrelated(float(nearest.mean()), max(float(nearest.std()), _NO_SPREAD))
    mean, deviation, threshold = (round(value, 6) for value in astuple(scale))
    return Level(NOTHING, IMAGE, mean, deviation, len(nearest), threshold)


async def _best_scores(retriever: Retriever, arm: str, vectors: FloatArray, scale: Unrelated) -> FloatArray:
    """Return what the best product of the whole catalogue scores for each vector."""
    best = []
    for vector in vectors:
        hits = (await retriever.retrieve({arm: ArmQuery(vector, scale)}, Filter(), EVERYTHING))[arm]
        best.append(float(hits.scores[0]))
    return np.array(best, dtype=np.float32)


async def _word_scores(
    retriever: Retriever, encoders: Encoders, products: Sequence[Sampled], asked: Mapping[int, str], steps: _Steps
) -> FloatArray:
    """Return what queries score against the whole sample in the lexical arm, (queries, products): 0 without a hit."""
    ids = [str(one.product["id"]) for one in products]
    places = {point_id(product_id): place for place, product_id in enumerate(ids)}
    among = Filter(must=(Products(tuple(ids)),))
    texts = list(asked.values())[:_LEXICAL_QUERIES]
    scores = np.zeros((len(texts), len(products)), dtype=np.float32)
    scale = encoders.scale(TEXT_QUERY, LEXICAL)
    for row, text in enumerate(texts):
        if words := encoders.lexical.encode_query(text):
            hits = (await retriever.retrieve({LEXICAL: ArmQuery(words, scale)}, among, EVERYTHING))[LEXICAL]
            scores[row, [places[found] for found in hits.ids]] = hits.scores
        steps.add(1)
    return scores


def _level(
    query: str, arm: str, scores: FloatArray, elsewhere: FloatArray | None = None, *, zero: float | None = None
) -> Level | None:
    """Return the level of the scores of unrelated pairs, None where there are too few or they do not differ.

    `zero` is the level where it is known, and the deviation is from there: in the lexical arm, where most unrelated
    products share no word; what is near lies in the query there, in how many of its words a product has.
    """
    values = scores.astype(np.float64)
    if len(values) < FEWEST_PAIRS:
        return None
    mean = float(values.mean()) if zero is None else zero
    deviation = float(np.sqrt(np.square(values - mean).mean()))
    if deviation < _NO_SPREAD:
        return None
    threshold = zero if zero is not None else _threshold(values, elsewhere)
    return Level(query, arm, round(mean, 6), round(deviation, 6), len(values), round(threshold, 6))


def _threshold(unrelated: ScoreArray, elsewhere: FloatArray | None) -> float:
    near, furthest = np.quantile(unrelated, (UNRELATED_BELOW, FURTHEST)).tolist()
    if elsewhere is None:
        return float(near)
    return float(np.clip(np.quantile(elsewhere, ELSEWHERE_BELOW), near, furthest))
