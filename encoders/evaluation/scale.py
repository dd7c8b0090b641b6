"""What unrelated pairs score: the zero and the unit of an encoder's scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from encoders.interface import PICTURE_QUERY, PRODUCT_QUERY, TEXT_QUERY, Unrelated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.interface import FloatArray

PAIRS: Final = 20_000
NEAR: Final = {TEXT_QUERY: 0.9, PICTURE_QUERY: 0.4, PRODUCT_QUERY: 0.8}
"""The share of pairs by chance that lie below what is near, about as a catalogue's calibration has it. Deviations would
not do: a model that learnt to tell few goods apart spreads them so far that three are more than any cosine."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What unrelated pairs score (mean and standard deviation), and the median of pairs that belong together."""

    mean: float
    deviation: float
    matching: float


def scores_by_chance(first: FloatArray, second: FloatArray, seed: int = 5) -> FloatArray:
    """Cosines (pairs,) of random pairs out of `first` (n, d) and `second` (m, d): chance makes nearly all unrelated."""
    random = np.random.default_rng(seed)
    one = random.integers(0, len(first), PAIRS)
    other = random.integers(0, len(second), PAIRS)
    if first is second:
        one, other = one[one != other], other[one != other]
    scores: FloatArray = (first[one] * second[other]).sum(axis=1)
    return scores


def scale_of(first: FloatArray, second: FloatArray, matching: Sequence[float], seed: int = 5) -> Scale:
    """Return the scale of random pairs out of `first` (n, d) and `second` (m, d)."""
    scores = scores_by_chance(first, second, seed)
    return Scale(
        float(scores.mean()), float(scores.std()), float(np.median(matching)) if len(matching) else float("nan")
    )


def levels_by_chance(goods: FloatArray, words: FloatArray | None) -> dict[str, Unrelated]:
    """Return the calibration out of `goods` (n, d) and the `words` (m, d) for them: until a catalogue has its own."""
    alike = scores_by_chance(goods, goods)
    found = {kind: _level(kind, alike) for kind in (PICTURE_QUERY, PRODUCT_QUERY)}
    if words is not None:
        found[TEXT_QUERY] = _level(TEXT_QUERY, scores_by_chance(words, goods))
    return found


def _level(kind: str, scores: FloatArray) -> Unrelated:
    return Unrelated(float(scores.mean()), float(scores.std()), float(np.quantile(scores, NEAR[kind])))
