"""Times and what is said of them: always medians and 99th percentiles, never a single shot."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

MILLISECONDS = 1_000.0


@dataclass(slots=True)
class Samples:
    """Durations in seconds of one thing, measured again and again."""

    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Add the duration of the block."""
        start = time.perf_counter()
        yield
        self.seconds.append(time.perf_counter() - start)

    @property
    def p50_ms(self) -> float:
        """The median, in milliseconds."""
        return float(np.median(self.seconds)) * MILLISECONDS

    @property
    def p99_ms(self) -> float:
        """The 99th percentile, in milliseconds."""
        return float(np.percentile(self.seconds, 99)) * MILLISECONDS

    def less(self, *others: Samples) -> Samples:
        """Return what is left of each duration after those of the same query and round: a paired difference."""
        parts = np.array([other.seconds for other in others])
        return Samples((np.array(self.seconds) - parts.sum(axis=0)).tolist())

    def __str__(self) -> str:
        return f"{self.p50_ms:.1f} · {self.p99_ms:.1f} ms"


def share(part: Samples, whole: Samples) -> float:
    """Return the median over rounds of how much of `whole` the `part` of the same round is."""
    return float(np.median(np.array(part.seconds) / np.array(whole.seconds)))


def per_second(samples: Samples, count: int) -> float:
    """Return the rate of rounds of `count` things each, at their median duration."""
    return count / float(np.median(samples.seconds))
