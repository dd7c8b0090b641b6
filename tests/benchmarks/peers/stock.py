"""What every engine is filled with and asked: the same points and queries, and the exact answer to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from catalog.points import WHOLE_PRODUCT, product_of
from catalog.vectors import IMAGE, LEXICAL, TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qdrant_client import models

    from catalog.embedded import EmbeddedClient
    from catalog.vectors import SparseVector
    from encoders.interface import FloatArray
    from tests.benchmarks.goods import Query

SHOWN = 20
DEPTH = 100
"""What each arm gives to a fusion elsewhere; ours takes a thousand, for its totals and facets are of all of them."""


@dataclass(frozen=True, slots=True)
class Stock:
    """Products: ids, dense vectors of shape (n, size) by arm, sparse ones, titles, root categories, prices."""

    ids: list[str]
    dense: dict[str, FloatArray]
    sparse: list[models.SparseVector]
    titles: list[str]
    roots: list[str]
    prices: FloatArray


@dataclass(frozen=True, slots=True)
class Asked:
    """One query: its words, its vectors by arm, and the filter as a root category and a window of prices."""

    query: Query
    dense: dict[str, FloatArray]
    sparse: SparseVector

    @property
    def root(self) -> str:
        """The category whose descendants are looked in."""
        return str(self.query.filter["category"])

    @property
    def window(self) -> tuple[float, float]:
        """From which price on, and below which."""
        return float(self.query.filter["price"]["gte"]), float(self.query.filter["price"]["lt"])


class Peer(Protocol):
    """An engine that was filled."""

    name: str

    def search(self, asked: Asked) -> list[str]:
        """Return the ids of the best twenty of text, image and words fused, under the filter."""
        ...

    def nearest(self, asked: Asked) -> list[str]:
        """Return the ids of the twenty nearest by text vector alone, under the filter: what recall is taken of."""
        ...


def read_stock(client: EmbeddedClient, collection: str) -> Stock:
    """Return what an index holds."""
    records, _ = client.scroll(
        collection, limit=client.count(collection).count, with_payload=list(WHOLE_PRODUCT), with_vectors=True
    )
    products = [product_of(record.payload or {}) for record in records]
    vectors: list[dict[str, Any]] = [record.vector for record in records if isinstance(record.vector, dict)]
    return Stock(
        ids=[str(record.id) for record in records],
        dense={arm: _stacked([one[arm] for one in vectors]) for arm in (TEXT, IMAGE)},
        sparse=[one[LEXICAL] for one in vectors],
        titles=[str(one["title"]) for one in products],
        roots=[str(one["category"]).split(" > ")[0] for one in products],
        prices=np.array([one["price"] for one in products], dtype=np.float32),
    )


def _stacked(vectors: list[Any]) -> FloatArray:
    """Return vectors as rows; each of these products has one picture."""
    return np.array(vectors, dtype=np.float32).reshape(len(vectors), -1)


def exact(stock: Stock, asked: Asked) -> set[str]:
    """Return the twenty nearest by text vector, by comparing with all that pass the filter."""
    low, high = asked.window
    passing = (np.array(stock.roots) == asked.root) & (stock.prices >= low) & (stock.prices < high)
    scores = np.where(passing, stock.dense[TEXT] @ asked.dense[TEXT], -np.inf)
    best = [place for place in np.argsort(-scores)[:SHOWN] if np.isfinite(scores[place])]
    return {stock.ids[place] for place in best}


def fused(lists: Sequence[Sequence[str]]) -> list[str]:
    """Return the best twenty of several rankings by their reciprocal ranks: for engines that fuse fewer than three."""
    scores: dict[str, float] = {}
    for ranking in lists:
        for place, one in enumerate(ranking):
            scores[one] = scores.get(one, 0.0) + 1 / (61 + place)
    return sorted(scores, key=lambda one: (-scores[one], one))[:SHOWN]
