"""Arms to one order: pure. Scores are put on common scales, fused, and ties broken by id, so that equal is equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from encoders.interface import FloatArray, Unrelated

RRF_CONSTANT: Final = 60
ScoreArray: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ArmHits:
    """What one arm returned, best first: point ids, raw scores of shape (n,), and how they are read."""

    ids: Sequence[str]
    scores: FloatArray
    scale: Unrelated
    complete: bool
    """Whether the arm had no more to give: it returned fewer than it was asked for."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """How arms become one score: the weight of each and the way they are fused."""

    weights: Mapping[str, float]
    fusion: str = "convex"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product's point in the candidate set; without a score where nothing was asked for."""

    point_id: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """The one candidate set that hits, total and pages come from: point ids, best first.

    `scores` are of shape (n,), None where nothing was asked for.
    """

    point_ids: Sequence[str] = ()
    scores: ScoreArray | None = None
    exact: bool = True

    def __len__(self) -> int:
        return len(self.point_ids)

    def part(self, start: int, count: int) -> list[Candidate]:
        """Return up to `count` candidates from place `start`, counted from 0."""
        point_ids = self.point_ids[start : start + count]
        if self.scores is None:
            return [Candidate(point_id, None) for point_id in point_ids]
        scores = self.scores[start : start + count].tolist()
        return [Candidate(point_id, score) for point_id, score in zip(point_ids, scores, strict=True)]

    @property
    def ordered(self) -> list[Candidate]:
        """All of them."""
        return self.part(0, len(self))


def rank(arms: Mapping[str, ArmHits], ranking: Ranking) -> Candidates:
    """Fuse the arms: the union of what they returned, by score, ties by id. No result set changes a score."""
    arms = dict(sorted(arms.items()))  # always in one order: a sum of floats depends on it, and ties on the sum
    total = sum(ranking.weights[arm] for arm in arms)
    places: dict[str, int] = {}
    positions: list[list[int]] = []
    parts: list[FloatArray] = []
    for arm, hits in arms.items():
        positions.append([places.setdefault(point_id, len(places)) for point_id in hits.ids])
        share = np.float32(ranking.weights[arm] / total)
        parts.append(share * (_reciprocal_ranks(hits) if ranking.fusion == "rrf" else _normalised(hits)))
    scores = np.zeros(len(places))
    for found_at, part in zip(positions, parts, strict=True):
        scores[found_at] += part
    point_ids = list(places)
    order = _best_first(point_ids, scores)
    return Candidates(
        [point_ids[place] for place in order],
        scores[order],
        exact=all(hits.complete for hits in arms.values()),
    )


def _best_first(point_ids: Sequence[str], scores: ScoreArray) -> list[int]:
    """Return the places in the order of scores, runs of equal ones in the order of ids."""
    order: list[int] = np.argsort(-scores, kind="stable").tolist()
    ranked = scores[order]
    edges = np.flatnonzero(np.diff(ranked, prepend=np.nan, append=np.nan))  # where runs begin, and the end
    for run in np.flatnonzero(np.diff(edges) > 1):
        start, end = edges[run], edges[run + 1]
        order[start:end] = sorted(order[start:end], key=point_ids.__getitem__)
    return order


def _normalised(hits: ArmHits) -> FloatArray:
    """Return scores in deviations above the level of unrelated pairs, 0 at least: constants, never this result set."""
    above: FloatArray = np.maximum(0.0, (hits.scores - hits.scale.mean) / hits.scale.deviation).astype(np.float32)
    return above


def _reciprocal_ranks(hits: ArmHits) -> FloatArray:
    return (1.0 / (RRF_CONSTANT + 1 + np.arange(len(hits.ids)))).astype(np.float32)
