"""Arms to one order: pure. Scores are put on common scales, fused, and ties broken by id, so that equal is equal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from encoders.interface import FloatArray, Unrelated

RRF_CONSTANT: Final = 60


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
    """The one candidate set that hits, total and pages come from, best first."""

    ordered: list[Candidate] = field(default_factory=list)
    exact: bool = True


def rank(arms: Mapping[str, ArmHits], ranking: Ranking) -> Candidates:
    """Fuse the arms: the union of what they returned, by score, ties by id. No result set changes a score."""
    total = sum(ranking.weights[arm] for arm in sorted(arms))
    scores: dict[str, float] = {}
    for arm, hits in sorted(arms.items()):  # always in one order: a sum of floats depends on it, and ties on the sum
        share = ranking.weights[arm] / total
        parts = _reciprocal_ranks(hits) if ranking.fusion == "rrf" else _normalised(hits)
        for point_id, part in zip(hits.ids, (share * parts).tolist(), strict=True):
            scores[point_id] = scores.get(point_id, 0.0) + part
    ordered = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return Candidates(
        [Candidate(point_id, score) for point_id, score in ordered], exact=all(hits.complete for hits in arms.values())
    )


def _normalised(hits: ArmHits) -> FloatArray:
    """Return scores in deviations above the level of unrelated pairs, 0 at least: constants, never this result set."""
    above: FloatArray = np.maximum(0.0, (hits.scores - hits.scale.mean) / hits.scale.deviation).astype(np.float32)
    return above


def _reciprocal_ranks(hits: ArmHits) -> FloatArray:
    return (1.0 / (RRF_CONSTANT + 1 + np.arange(len(hits.ids)))).astype(np.float32)
