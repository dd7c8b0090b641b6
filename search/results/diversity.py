"""Maximal marginal relevance: of what is relevant, next what is least like anything shown before. Pure.

Carbonell and Goldstein, 1998: https://www.cs.cmu.edu/~jgc/publication/The_Use_MMR_Diversity_Based_LTMIR_1998.pdf
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Final

import numpy as np

from search.ranking import NAMED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from encoders.interface import FloatArray
    from search.ranking import Candidate
    from search.results.reading import Compared

DEEP: Final = 200
"""So many of the first candidates are put into another order; those after them stay where they are."""


def diversify(
    candidates: Sequence[Candidate], vectors: Mapping[str, Mapping[str, FloatArray]], diversity: float
) -> list[Candidate]:
    """Return the candidates with the first `DEEP` in the order of marginal relevance.

    `vectors` are by point id and arm, each of unit length; two products are as like as their vectors of the arms that
    both have, on average. `diversity` 0 leaves the order as it is, 1 asks for difference alone.
    """
    first = list(candidates[:DEEP])
    if len(first) < 2 or not diversity:  # noqa: PLR2004 - one alone is like nothing else
        return list(candidates)
    alike = _likeness([vectors.get(one.point_id, {}) for one in first])
    scores = np.array([one.score or 0.0 for one in first])
    fused = np.abs(scores[scores < NAMED])  # what was called by its name is beyond compare
    relevance = (1 - diversity) * scores / max(float(fused.max(initial=0.0)), 1e-12)
    chosen = [0]  # the best stays first
    nearest = alike[0].copy()
    left = np.ones(len(first), dtype=np.bool_)
    left[0] = False
    while left.any():
        worth = np.where(left, relevance - diversity * nearest, -np.inf)
        best = int(worth.argmax())  # the first of equals: ties stay in the order they came
        chosen.append(best)
        left[best] = False
        nearest = np.maximum(nearest, alike[best])
    return [first[place] for place in chosen] + list(candidates[DEEP:])


def diversify_compared(ordered: Sequence[Candidate], compared: Compared, diversity: float) -> list[Candidate]:
    """Return the candidates with the first `DEEP` in the order of marginal relevance, without those that are gone.

    What comes into the first ones only in the place of one that is gone was not compared, and stays where it is.
    """
    gone = compared.gone
    left = [one for one in ordered if one.point_id not in gone]
    first = list(takewhile(lambda one: one.point_id in compared.points, left[:DEEP]))
    return diversify(first, compared.vectors(one.point_id for one in first), diversity) + left[len(first) :]


def _likeness(points: Sequence[Mapping[str, FloatArray]]) -> FloatArray:
    """Return how like each pair is, (n, n): the mean cosine over the arms that both have, 0 without one."""
    total = np.zeros((len(points), len(points)), dtype=np.float32)
    shared = np.zeros_like(total)
    for arm in sorted({arm for point in points for arm in point}):
        size = next(point[arm].shape[0] for point in points if arm in point)
        table = np.stack([point[arm] if arm in point else np.zeros(size, dtype=np.float32) for point in points])
        has = np.array([arm in point for point in points], dtype=np.float32)
        total += table @ table.T
        shared += np.outer(has, has)
    mean: FloatArray = (total / np.maximum(shared, 1)).astype(np.float32)
    return mean
