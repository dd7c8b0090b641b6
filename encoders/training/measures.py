"""Retrieval figures and score calibration from vectors alone: no model, no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float32]

QUERIES_AT_ONCE: Final = 512
PAIRS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Task:
    """Queries (n, d) and a gallery (m, d), L2-normalised, with the label of each: equal labels are relevant.

    `own` holds each query's own place in the gallery, which does not count; -1 where it is not in there.
    """

    queries: FloatArray
    query_labels: NDArray[np.int64]
    gallery: FloatArray
    gallery_labels: NDArray[np.int64]
    own: NDArray[np.int64] | None = None


def first_hits(task: Task, count: int) -> NDArray[np.bool_]:
    """Whether each of the first `count` results of each query is relevant, best first, (n, count)."""
    count = min(count, len(task.gallery))
    found = np.zeros((len(task.queries), count), dtype=np.bool_)
    for start in range(0, len(task.queries), QUERIES_AT_ONCE):
        part = slice(start, start + QUERIES_AT_ONCE)
        scores = task.queries[part] @ task.gallery.T
        if task.own is not None:
            inside = np.flatnonzero(task.own[part] >= 0)
            scores[inside, task.own[part][inside]] = -np.inf
        best = np.argpartition(-scores, count - 1, axis=1)[:, :count]
        order = np.take_along_axis(-scores, best, axis=1).argsort(axis=1)
        best = np.take_along_axis(best, order, axis=1)
        found[part] = task.gallery_labels[best] == task.query_labels[part, None]
    return found


def recall_at(task: Task, count: int) -> float:
    """The share of queries with something relevant among their first `count` results."""
    return float(first_hits(task, count).any(axis=1).mean())


def precision_at(task: Task, count: int) -> float:
    """The mean share of relevant results among the first `count`, or among as many as are relevant if that is fewer."""
    relevant = (task.query_labels[:, None] == task.gallery_labels[None]).sum(axis=1)
    if task.own is not None:
        relevant -= task.own >= 0
    reach = np.minimum(relevant, count)
    hits = first_hits(task, count) & (np.arange(count)[None, : len(task.gallery)] < reach[:, None])
    counted = reach > 0
    return float((hits[counted].sum(axis=1) / reach[counted]).mean())


@dataclass(frozen=True, slots=True)
class Scale:
    """What unrelated pairs score (mean and standard deviation), and the median of pairs that belong together."""

    mean: float
    deviation: float
    matching: float


def scale_of(first: FloatArray, second: FloatArray, matching: Sequence[float], seed: int = 5) -> Scale:
    """Cosines of random pairs out of `first` (n, d) and `second` (m, d), where chance makes nearly all unrelated."""
    random = np.random.default_rng(seed)
    one = random.integers(0, len(first), PAIRS)
    other = random.integers(0, len(second), PAIRS)
    if first is second:
        one, other = one[one != other], other[one != other]
    scores = (first[one] * second[other]).sum(axis=1)
    return Scale(
        float(scores.mean()), float(scores.std()), float(np.median(matching)) if len(matching) else float("nan")
    )
