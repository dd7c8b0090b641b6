"""What unrelated pairs score: the zero and the unit of an encoder's scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.interface import FloatArray

PAIRS: Final = 20_000


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
