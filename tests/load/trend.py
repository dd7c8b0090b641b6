"""Whether ten figures, each as noisy as the tail of a queue, rise: by how much, and how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import kendalltau, theilslopes

if TYPE_CHECKING:
    from collections.abc import Sequence


def growth(figures: Sequence[float]) -> float:
    """Return by what share the line through all of them grows from the first to the last (Theil and Sen, of logs)."""
    slope = theilslopes(np.log(figures)).slope
    return float(np.expm1(slope * (len(figures) - 1)))


def chance(figures: Sequence[float]) -> float:
    """Return how often figures without any trend would rise at least as steadily (Mann and Kendall)."""
    return float(kendalltau(range(len(figures)), figures, alternative="greater").pvalue)
