"""How sure a mean over queries is, and whether a difference between two encoders could be chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

ROUNDS: Final = 2_000
FLIPS: Final = 10_000
SHARE: Final = 0.95
_ROUNDS_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries and the interval in which 95 % of its bootstrap means lie."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How much larger the second mean is, its interval, and `p`: how often chance alone would give as much."""

    value: float
    low: float
    high: float
    p: float


def estimate(values: Values, seed: int = 0) -> list[Estimate]:
    """Bootstrap the means of each column of `values` (queries, measures), all on the same drawn queries."""
    means = _bootstrap_means(values, seed)
    low, high = np.quantile(means, [(1 - SHARE) / 2, (1 + SHARE) / 2], axis=0)
    return [Estimate(*three) for three in zip(values.mean(axis=0).tolist(), low.tolist(), high.tolist(), strict=True)]


def compare(first: Values, second: Values, seed: int = 0) -> list[Difference]:
    """Compare the means of each column of two tables (queries, measures) whose rows are the same queries.

    `p` is two-sided, from a paired randomisation test: with the names of the two swapped for each query by the toss of
    a coin, how often is the difference at least as large?
    """
    differences = second - first
    chance = _p_values(differences, seed)
    return [
        Difference(one.value, one.low, one.high, p) for one, p in zip(estimate(differences, seed), chance, strict=True)
    ]


def _bootstrap_means(values: Values, seed: int) -> Values:
    """Return the means of each of `ROUNDS` samples of the queries, drawn with replacement: (rounds, measures)."""
    random = np.random.default_rng(seed)
    count = len(values)
    means = []
    for _ in range(0, ROUNDS, _ROUNDS_AT_ONCE):
        drawn = random.integers(0, count, (_ROUNDS_AT_ONCE, count))
        weights = np.stack([np.bincount(row, minlength=count) for row in drawn])
        means.append(weights @ values / count)
    return np.concatenate(means)


def _p_values(differences: Values, seed: int) -> list[float]:
    random = np.random.default_rng(seed)
    seen = np.abs(differences.sum(axis=0)) * (1 - 1e-9)  # sums of the same numbers in another order differ by a hair
    as_large = np.zeros(differences.shape[1])
    for _ in range(0, FLIPS, _ROUNDS_AT_ONCE):
        signs = random.integers(0, 2, (_ROUNDS_AT_ONCE, len(differences)), dtype=np.int8) * 2.0 - 1.0
        as_large += (np.abs(signs @ differences) >= seen).sum(axis=0)
    return [float(count + 1) / (FLIPS + 1) for count in as_large]
