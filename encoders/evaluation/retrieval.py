"""The nearest pictures of every query, by brute force and a block at a time, so that large galleries fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from encoders.interface import FloatArray

DEPTH: Final = 1000
_QUERIES_AT_ONCE: Final = 256


def nearest(
    queries: FloatArray, gallery: FloatArray, *, itself: Sequence[int | None] | None = None, depth: int = DEPTH
) -> NDArray[np.int64]:
    """Return the places in `gallery` (m, d) nearest to each of `queries` (n, d), best first: (n, at most `depth`).

    Vectors are L2-normalised. `itself` names for each query a place that comes last whatever its score. Of equal
    scores those earlier in the gallery come first.
    """
    depth = min(depth, len(gallery))
    found = np.zeros((len(queries), depth), dtype=np.int64)
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        part = slice(start, start + _QUERIES_AT_ONCE)
        scores = queries[part] @ gallery.T
        for row, place in enumerate((itself or [])[part]):
            if place is not None:
                scores[row, place] = -np.inf
        found[part] = _best(-scores, depth)
    return found


def _best(costs: FloatArray, depth: int) -> NDArray[np.int64]:
    if depth < costs.shape[1]:
        chosen = np.sort(np.argpartition(costs, depth - 1, axis=1)[:, :depth], axis=1)
    else:
        chosen = np.broadcast_to(np.arange(costs.shape[1]), costs.shape)
    order = np.take_along_axis(costs, chosen, axis=1).argsort(axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)
