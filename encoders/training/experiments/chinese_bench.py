"""Sixty Chinese queries beside their English twins: which products answer them, and how well each arm finds those."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import yaml

from catalog.text import dense_text, lexical_text
from catalog.vectors import ARM_WEIGHTS, IMAGE, LEXICAL, TEXT
from deploy.sample.ranges_clothes import CLOTHES_RANGES
from deploy.sample.ranges_goods import GOODS_RANGES
from deploy.sample.ranges_wear import WEAR_RANGES
from encoders.evaluation.measures import require_measures
from encoders.interface import TEXT_QUERY, Unrelated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from catalog.vectors import SparseVector
    from deploy.sample.catalogue import SampleProduct
    from encoders.interface import Encoders, FloatArray, LexicalEncoder

    Scores = NDArray[np.float64]

QUERIES: Final = Path(__file__).with_name("chinese_queries.yaml")
FUSED: Final = "fused"
DEPTH: Final = 10
_RANGES: Final = {line.kind: line for line in (*CLOTHES_RANGES, *WEAR_RANGES, *GOODS_RANGES)}


@dataclass(frozen=True, slots=True)
class Pair:
    """A Chinese query, its English twin, and the conditions on a product that answers both."""

    chinese: str
    english: str
    kind: str
    unlisted: tuple[str, ...]
    answer: Mapping[str, Sequence[str]]

    def is_answered_by(self, product: SampleProduct) -> bool:
        """Say whether a product meets every condition."""
        article = product.article
        traits: dict[str, object] = {
            **product.attributes,
            "article": article.kind,
            "brand": product.brand,
            "noun": _RANGES[article.kind].noun_of(article).english,
        }
        return all(traits.get(name) in values for name, values in self.answer.items())


@dataclass(frozen=True, slots=True)
class Stored:
    """What an index would hold of the products: text and picture vectors (products, size), and word weights."""

    texts: FloatArray
    pictures: FloatArray
    words: Sequence[SparseVector]


def load_pairs(path: Path = QUERIES) -> list[Pair]:
    """Return the queries, in the order of the file."""
    rows: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Pair(row["zh"], row["en"], row["kind"], tuple(row.get("unlisted", ())), row["answer"]) for row in rows]


def store(encoders: Encoders, goods: Sequence[SampleProduct], pictures: FloatArray) -> Stored:
    """Encode what products say as ingest does; their `pictures` (products, size) are encoded already."""
    texts = encoders.text.encode_documents([dense_text(one.as_product()) for one in goods])
    words = [encoders.lexical.encode_document(lexical_text(one.as_product())) for one in goods]
    return Stored(texts, pictures, words)


def calibrated(encoders: Encoders, stored: Stored, goods: Sequence[SampleProduct]) -> Encoders:
    """Return the encoders on the scales of this catalogue, as `vitrine search calibrate` measures them.

    Titles stand for queries; a title and a product of another kind are unrelated.
    """
    tower = encoders.picture.text_tower
    assert tower is not None, "words find pictures with the shipped pair"
    titles = [one.title for one in goods]
    kinds = np.array([one.article.kind for one in goods])
    unrelated = kinds[:, None] != kinds[None]
    arms = {
        TEXT: encoders.text.encode_queries(titles) @ stored.texts.T,
        IMAGE: tower.encode_queries(titles) @ stored.pictures.T,
    }
    found = {(TEXT_QUERY, arm): values[unrelated] for arm, values in arms.items()}
    return encoders.with_calibration(
        {name: Unrelated(float(values.mean()), float(values.std())) for name, values in found.items()}
    )


def scores(encoders: Encoders, stored: Stored, queries: Sequence[str]) -> dict[str, Scores]:
    """Return the scores of every arm and of their convex fusion, each (queries, products), as search makes them."""
    tower = encoders.picture.text_tower
    assert tower is not None, "words find pictures with the shipped pair"
    arms: dict[str, Scores] = {
        TEXT: np.asarray(encoders.text.encode_queries(queries) @ stored.texts.T, dtype=np.float64),
        IMAGE: np.asarray(tower.encode_queries(queries) @ stored.pictures.T, dtype=np.float64),
        LEXICAL: bm25(encoders.lexical, stored.words, queries),
    }
    fused = np.zeros_like(arms[TEXT])
    for arm, values in arms.items():
        scale = encoders.scale(TEXT_QUERY, arm)
        fused += ARM_WEIGHTS[arm] * np.maximum(0.0, (values - scale.mean) / scale.deviation)
    return arms | {FUSED: fused}


def bm25(encoder: LexicalEncoder, words: Sequence[SparseVector], queries: Sequence[str]) -> Scores:
    """Return BM25 scores (queries, products) with the inverse document frequency that the engine multiplies in."""
    places: dict[int, list[tuple[int, float]]] = {}
    for number, one in enumerate(words):
        for index, value in zip(one.indices, one.values, strict=True):
            places.setdefault(index, []).append((number, value))
    found = np.zeros((len(queries), len(words)))
    for row, query in zip(found, queries, strict=True):
        asked = encoder.encode_query(query)
        for index, weight in zip(asked.indices, asked.values, strict=True):
            at = places.get(index, [])
            rarity = np.log((len(words) - len(at) + 0.5) / (len(at) + 0.5) + 1.0)
            for number, value in at:
                row[number] += weight * value * rarity
    return found


def ndcg(pairs: Sequence[Pair], products: Sequence[SampleProduct], found: Scores) -> Scores:
    """Return nDCG@10 of every query, (queries,); a product answers a query or does not.

    Raises `Misconfigured` where ir-measures is not installed.
    """
    require_measures()
    import ir_measures  # noqa: PLC0415 - an extra

    truth = {str(n): {p.id: 1 for p in products if pair.is_answered_by(p)} for n, pair in enumerate(pairs)}
    run = {str(n): _first(products, row) for n, row in enumerate(found)}
    values = np.zeros(len(pairs))
    for one in ir_measures.iter_calc([ir_measures.nDCG @ DEPTH], truth, run):
        values[int(one.query_id)] = one.value
    return values


def _first(products: Sequence[SampleProduct], row: Scores) -> dict[str, float]:
    """Return the first products with made-up scores that fall with the rank: equal ones stand by id, as in search."""
    order = sorted(np.flatnonzero(row > 0).tolist(), key=lambda n: (-row[n], products[n].id))[:DEPTH]
    return {products[n].id: float(DEPTH - rank) for rank, n in enumerate(order)}
