"""Where the buckets of a number begin: round edges, from its least and its greatest value alone. Pure.

Linear where the span is narrow, 1-2-5-10 where the greatest is many times the least: prices of a whole shop are not
spread evenly, and one piano must not push all books into one bucket. Nor must something that is free: of values from 0
on it is the least above it that counts.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ABOUT: Final = 8
_MARKS: Final = (1.0, 2.0, 5.0)
_WIDE: Final = 50.0
_LARGEST: Final = 2.0**62
_MANY: Final = 40
"""More decades than a price has: beyond, the numbers are of no kind that buckets serve."""


def edges(low: float, high: float, above_zero: float | None = None) -> list[float]:
    """Return ascending edges, the first at most `low`, the last above `high`; none beyond what a range may ask for.

    `above_zero` is the least value that is greater than 0, where `low` is 0.
    """
    if low <= -_LARGEST or high >= _LARGEST:
        return []
    least = above_zero or 0.0 if low == 0 else low
    wide = least > 0 and high / least > _WIDE and math.log10(high / least) * len(_MARKS) < _MANY
    found = _geometric(least, high) if wide else _linear(low, high)
    if wide and low == 0:
        found = [0.0, *found]
    if len(found) < 2 or found[1] <= low:  # noqa: PLR2004 - numbers so near to each other that no round one is between
        return [low, math.nextafter(high, math.inf)]
    return [min(found[0], low), *found[1:]]


def count(values: Iterable[float], bounds: Sequence[float]) -> list[int]:
    """Return how many values lie in each bucket: from one edge up to, not including, the next."""
    places = Counter(bisect_right(bounds, value) - 1 for value in values)
    return [places[place] for place in range(len(bounds) - 1)]


def _linear(low: float, high: float) -> list[float]:
    step = _round_step((high - low) / _ABOUT or abs(low) / _ABOUT or 1.0)
    first = math.floor(low / step)
    found = [_rounded(first * step)]
    number = first
    while found[-1] <= high:
        number += 1
        edge = _rounded(number * step)
        if edge <= found[-1]:  # steps too small for numbers so large
            return []
        found.append(edge)
    return found


def _geometric(low: float, high: float) -> list[float]:
    exponent = math.floor(math.log10(low)) - 1
    marks = [_rounded(step * 10.0**power) for power in range(exponent, exponent + _MANY) for step in _MARKS]
    start = max(place for place, mark in enumerate(marks) if mark <= low)
    end = next(place for place, mark in enumerate(marks) if mark > high)
    return marks[start : end + 1]


def _round_step(width: float) -> float:
    power = 10.0 ** math.floor(math.log10(width))
    return next((step * power for step in _MARKS if step * power >= width), 10 * power)


def _rounded(value: float) -> float:
    return float(f"{value:.12g}")
