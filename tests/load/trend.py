"""Whether ten figures, each as noisy as the tail of a queue, rise: by how much, and how surely."""

from __future__ import annotations

from itertools import combinations
from math import log
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def growth(figures: Sequence[float]) -> float:
    """Return by what share the line through all of them grows from the first to the last (Theil and Sen, of logs)."""
    logs = [log(figure) for figure in figures]
    slopes = [(logs[late] - logs[early]) / (late - early) for early, late in combinations(range(len(logs)), 2)]
    return float(np.expm1(median(slopes) * (len(logs) - 1)))


def chance(figures: Sequence[float]) -> float:
    """Return how often figures without any trend would rise at least as steadily (Mann and Kendall, exact)."""
    rising = sum(late > early for early, late in combinations(figures, 2))
    ways = _orders(len(figures))
    return sum(ways[rising:]) / sum(ways)


def _orders(count: int) -> list[int]:
    """Return in how many orders of so many figures 0, 1, 2 … pairs of them rise."""
    ways = [1]
    for places in range(2, count + 1):
        wider = [0] * (len(ways) + places - 1)
        for rising, number in enumerate(ways):
            for more in range(places):
                wider[rising + more] += number
        ways = wider
    return ways
