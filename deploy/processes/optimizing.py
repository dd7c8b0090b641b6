"""The embedded engine's graphs, built while nobody is served: that holds the interpreter for seconds to minutes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from catalog.collection import resolve
from catalog.embedded import EmbeddedClient

if TYPE_CHECKING:
    from catalog.engine import Engine

_log = structlog.get_logger(__name__)


def unindexed_points(engine: Engine, collection: str) -> int:
    """Return for about how many points a dense vector is in no graph, so that a search looks at each of them."""
    info = engine.get_collection(collection_name=collection)
    vectors = info.config.params.vectors
    dense = len(vectors) if isinstance(vectors, dict) else 1
    return max(0, (info.points_count or 0) - (info.indexed_vectors_count or 0) // dense)


def optimize_if_due(engine: Engine, alias: str, *, above: int) -> None:
    """Build the graphs of the collection behind an alias if more than `above` points lack; a server does it itself."""
    if not isinstance(engine, EmbeddedClient):
        return
    collection = resolve(engine, alias)
    if collection is not None and (unindexed := unindexed_points(engine, collection)) > above:
        _log.info("building the index before anything is served", collection=collection, unindexed_points=unindexed)
        optimize(engine, collection)


def optimize(engine: EmbeddedClient, collection: str) -> float:
    """Build the graphs and return how many seconds it took; nothing else in this process runs meanwhile."""
    started = time.perf_counter()
    while engine.optimize(collection):
        pass
    engine.flush()
    return time.perf_counter() - started
