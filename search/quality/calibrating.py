"""What unrelated pairs score in a running index: pairs out of a random sample of its own products.

A few words of a product's title stand for a query in words, and its stored vectors for a product or a picture that is
searched with. A pair counts as unrelated if the two are not of one group, title or category.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np

from catalog.calibration import Pictures
from catalog.errors import CollectionMismatch
from catalog.points import point_id
from catalog.text import dense_text, lexical_text
from catalog.vectors import IMAGE, LEXICAL, TEXT
from encoders.interface import NOTHING, PICTURE_QUERY, PRODUCT_QUERY, TEXT_QUERY, Unrelated
from search.access import EVERYTHING
from search.encoding.elsewhere import PHRASES, pictures_of_nothing
from search.encoding.levels import FEWEST_PRODUCTS, Line, Pairs, Side, level_of_nothing, unrelated_pairs
from search.encoding.query import ArmQuery
from search.filters import Filter, Products

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeAlias

    from catalog.calibration import Calibration, Level
    from encoders.interface import Encoders, FloatArray, TextEncoder
    from search.parts import Sampled
    from search.retriever import Retriever

    Progress: TypeAlias = Callable[[int, int], None]
    """Hears how many of how many steps are done."""

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

_LEXICAL_QUERIES: Final = 200  # each is a call to the engine, which alone knows how rare a word is
_TEXTS_AT_ONCE: Final = 32
_FEWEST_WORDS, _MOST_WORDS = 2, 4
_SEED: Final = 0
_RARE: Final = 1
OF_A_CATEGORY: Final = 0.5
"""`Pictures.alone` where products say their kind, and nothing of their looks."""
_NAMES: Final = ("title", "brand", "category")


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


@dataclass(frozen=True, slots=True)
class Measured:
    """The level of each kind of query and arm that has pairs enough; what the pictures know, None if nothing tells."""

    levels: tuple[Level, ...]
    pictures: Pictures | None


async def measure(
    retriever: Retriever,
    encoders: Encoders,
    products: Sequence[Sampled],
    progress: Progress,
    *,
    line: Line = Line(),  # noqa: B008 - frozen
) -> Measured:
    """Return what is measured of a sample of products; `retriever` must be as deep as it is.

    Raises `EngineUnavailable` in an outage.
    """
    pairs = Pairs(unrelated_pairs([one.product for one in products]), line)
    asked = queries_of([str(one.product.get("title", "")) for one in products])
    texts, pictures = _stored(products, TEXT), _stored(products, IMAGE)
    steps = _Steps(progress, 2 * (len(asked) + len(PHRASES)) + min(len(asked), _LEXICAL_QUERIES))
    found = [
        pairs.cosines((PRODUCT_QUERY, TEXT), texts, texts),
        pairs.cosines((PICTURE_QUERY, IMAGE), pictures, pictures),
        pairs.cosines((PRODUCT_QUERY, IMAGE), pictures, pictures),
        level_of_nothing(pictures.vectors, encoders.picture.encode_pictures(pictures_of_nothing())),
    ]
    told: float | None = None
    for arm, stored, reader in ((TEXT, texts, encoders.text), (IMAGE, pictures, encoders.picture.text_tower)):
        if reader is not None and len(stored.places):
            vectors = _encoded(reader, [*asked.values(), *PHRASES], steps)
            best = await _best_scores(retriever, arm, vectors[len(asked) :], encoders.scale(TEXT_QUERY, arm))
            by_words = Side(list(asked), vectors[: len(asked)])
            found.append(pairs.cosines((TEXT_QUERY, arm), by_words, stored, best))
            if arm == IMAGE:
                told = pairs.told(by_words, stored)
    scores = await _word_scores(retriever, encoders, products, asked, steps)
    found.append(pairs.words(list(asked)[: len(scores)], scores))
    levels = tuple(level for level in found if level is not None)
    return Measured(levels, None if told is None else Pictures(told, _left_to_pictures(products)))


def count_words(encoders: Encoders, products: Sequence[Sampled]) -> tuple[tuple[int, int], ...]:
    """Return how many of the products have each word; those that only one has are left out as rare."""
    having = Counter(
        word for one in products for word in encoders.lexical.encode_document(lexical_text(one.product)).indices
    )
    return tuple(sorted((word, count) for word, count in having.items() if count > _RARE))


def _left_to_pictures(products: Sequence[Sampled]) -> float:
    """Return how much products leave it to their pictures to say what they are: `Pictures.alone`."""
    return sum(map(_left_by, (one.product for one in products))) / len(products)


def _left_by(product: Mapping[str, Any]) -> float:
    named = {name: product[name] for name in _NAMES if name in product}
    if dense_text(product) != dense_text(named):
        return 0.0
    return OF_A_CATEGORY if product.get("category") else 1.0


def queries_of(titles: Sequence[str]) -> dict[int, str]:
    """Return a query of a few words for each title that has any, by its place: a run of its words, always the same.

    People type fewer words than a title has, and what they type scores less with everything.
    """
    chance = np.random.default_rng(_SEED)
    found = {}
    for place, words in enumerate(title.split() for title in titles):
        count = int(chance.integers(_FEWEST_WORDS, _MOST_WORDS + 1))
        start = int(chance.integers(0, max(1, len(words) - count + 1)))
        if words:
            found[place] = " ".join(words[start : start + count])
    return found


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


def _stored(products: Sequence[Sampled], arm: str) -> Side:
    places = [place for place, one in enumerate(products) if arm in one.vectors]
    vectors = [products[place].vectors[arm] for place in places]
    return Side(places, np.stack(vectors) if vectors else np.zeros((0, 0), dtype=np.float32))


def _encoded(encoder: TextEncoder, texts: Sequence[str], steps: _Steps) -> FloatArray:
    parts = []
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        parts.append(encoder.encode_queries(texts[start : start + _TEXTS_AT_ONCE]))
        steps.add(len(parts[-1]))
    return np.concatenate(parts)


async def _best_scores(retriever: Retriever, arm: str, vectors: FloatArray, scale: Unrelated) -> FloatArray:
    """Return what the best product of the whole catalogue scores for each vector, (n,)."""
    best = []
    for vector in vectors:
        hits = (await retriever.retrieve({arm: ArmQuery(vector, scale)}, Filter(), EVERYTHING))[arm]
        best.append(hits.scores[0])
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
