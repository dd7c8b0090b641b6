"""Weights of the arms, tuned on one half of the judged queries and judged on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import Misconfigured
from catalog.vectors import ARM_WEIGHTS, ARMS
from encoders.evaluation.intervals import compare
from search.quality.judging import MEASURES, Way, judge, values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from encoders.evaluation.intervals import Difference, Estimate
    from search.quality.judging import Asked

STEPS: Final = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
FEWEST_QUERIES: Final = 20
WORTH_MOVING: Final = 0.001
"""nDCG@10: a step that brings less is not taken, so that weights stay at the default unless there is a reason."""

_DEPTH: Final = 10
_TUNED_BY: Final = MEASURES.index("nDCG@10")


@dataclass(frozen=True, slots=True)
class Tuned:
    """Weights found on `tuned_on` queries; how the default and they do on the others, by measure."""

    weights: Mapping[str, float]
    tuned_on: int
    judged_on: int
    default: Mapping[str, Estimate]
    tuned: Mapping[str, Estimate]
    differences: Mapping[str, Difference]

    @property
    def is_better(self) -> bool:
        """Whether the tuned weights win by more than chance, in nDCG@10."""
        return self.differences[MEASURES[_TUNED_BY]].low > 0


def tune(asked: Sequence[Asked], seed: int, progress: Callable[[int], None]) -> Tuned:
    """Search the weights on one half, drawn by `seed`; `progress` hears how many were tried.

    Raises `Misconfigured` where there are too few queries for two halves.
    """
    if len(asked) < FEWEST_QUERIES:
        raise Misconfigured(
            f"{len(asked)} queries are too few to tune on one half and judge on the other: at least {FEWEST_QUERIES}"
        )
    drawn = np.random.default_rng(seed).permutation(len(asked)).tolist()
    first, second = ([asked[n] for n in sorted(part)] for part in (drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :]))
    weights = best_weights(first, progress)
    default, tuned = Way(), Way(weights=weights)
    differences = compare(values(second, default), values(second, tuned))
    return Tuned(
        weights=weights,
        tuned_on=len(first),
        judged_on=len(second),
        default=judge(second, default),
        tuned=judge(second, tuned),
        differences=dict(zip(MEASURES, differences, strict=True)),
    )


def best_weights(asked: Sequence[Asked], progress: Callable[[int], None]) -> dict[str, float]:
    """Return the weights of the best nDCG@10, one arm at a time over `STEPS` from the default until none gains more."""
    tried: dict[tuple[float, ...], float] = {}

    def score(weights: Mapping[str, float]) -> float:
        total = sum(weights.values())
        shares = tuple(weights[arm] / total for arm in ARMS)  # only what weights are to each other counts
        if shares not in tried:
            tried[shares] = float(values(asked, Way(weights=weights), _DEPTH)[:, _TUNED_BY].mean())
            progress(len(tried))
        return tried[shares]

    best = dict(ARM_WEIGHTS)
    while True:
        before = best
        for arm in ARMS:
            others = [best | {arm: step} for step in STEPS]
            candidate = max((one for one in others if any(one.values())), key=score)
            if score(candidate) > score(best) + WORTH_MOVING:
                best = candidate
        if best == before:
            return _with_largest_one(best)


def _with_largest_one(weights: Mapping[str, float]) -> dict[str, float]:
    largest = max(weights.values())
    return {arm: round(weight / largest, 4) for arm, weight in weights.items()}
