"""`python -m tests.load.waiting`: what a queue alone makes of the times that a load is judged by.

Requests come evenly, one is served at a time, and what each takes is log-normal, times how fast the machine is at that
second: log-normal too, and forgotten within half a minute. The ten minutes become slower from the first request to the
last by as much as is said; then the old one, slower by that, and a fresh one are asked in turn, as `ageing.py` does.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.load.ageing import MOST_TIMES, PAIRS, SECONDS, SURE_PAIRS
from tests.load.window import markdown

if TYPE_CHECKING:
    from numpy.typing import NDArray

RUNS, MINUTES, RATE = 300, 10, 130
LOAD = 0.8
REMEMBERED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Queue:
    """The variation of the work (deviation over mean), the machine's likewise, how much slower the process becomes."""

    variation: float
    machine: float
    slower: float

    def cells(self) -> list[str]:
        """Return the row of a table."""
        generator = np.random.default_rng(1)
        minutes = self._windows(generator, MINUTES, 60, np.linspace(1.0, 1.0 + self.slower, MINUTES * 60 * RATE))
        middles, tails = np.percentile(minutes, [50, 99], axis=1)
        low, middle, high = np.percentile(tails[0], [5, 50, 95])
        above = np.mean(tails[-1] > MOST_TIMES * tails[0])
        shown = [f"{np.median(middles[0]):.1f}", f"{middle:.1f} ({low:.1f}–{high:.1f})", f"{above:.0%}"]
        given = [f"{self.variation}", f"{self.machine:.0%}", f"{self.slower:.0%}"]
        return [*given, *shown, *self._in_turn(generator)]

    def _in_turn(self, generator: np.random.Generator) -> list[str]:
        """Return in how many runs the old p99 is more than a fifth longer, and in how many it is judged so."""
        seconds = int(SECONDS)
        is_old = np.array([(number % 4) in {0, 3} for number in range(2 * PAIRS)])
        work = np.repeat(np.where(is_old, 1.0 + self.slower, 1.0), seconds * RATE)
        tails = np.percentile(self._windows(generator, 2 * PAIRS, seconds, work), 99, axis=1)
        old, fresh = tails[is_old], tails[~is_old]
        above = np.median(old, axis=0) > MOST_TIMES * np.median(fresh, axis=0)
        judged = above & (np.sum(old > fresh, axis=0) >= SURE_PAIRS)
        return [f"{np.mean(above):.0%}", f"{np.mean(judged):.0%}"]

    def _windows(
        self, generator: np.random.Generator, windows: int, seconds: int, work: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return how long each search takes with its waiting, in multiples of its mean: (windows, searches, runs)."""
        speed, spread = self._speed(generator, windows * seconds), np.sqrt(np.log1p(self.variation**2))
        times = np.empty((windows * seconds * RATE, RUNS))
        waited = np.zeros(RUNS)
        for number, mean in enumerate(work):
            taken = np.exp(spread * generator.standard_normal(RUNS) - spread**2 / 2) * mean * speed[number // RATE]
            times[number] = taken + waited
            waited = np.maximum(0.0, times[number] - 1.0 / LOAD)
        return times.reshape(windows, seconds * RATE, RUNS)

    def _speed(self, generator: np.random.Generator, seconds: int) -> NDArray[np.float64]:
        """Return how long the machine takes for the same work in each second: (seconds, runs)."""
        kept = np.exp(-1.0 / REMEMBERED_SECONDS)
        swings = generator.standard_normal((seconds, RUNS))
        for second in range(1, seconds):
            swings[second] = kept * swings[second - 1] + np.sqrt(1.0 - kept**2) * swings[second]
        return np.exp(self.machine * swings)


def main() -> None:
    """Print the table."""
    titles = ["variation", "machine", "slower", "p50", "p99", "last > 1.2 first", "old > 1.2 fresh", "judged longer"]
    cases = [(variation, machine) for variation in (0.5, 1.0) for machine in (0.0, 0.07)]
    rows = [Queue(*case, slower).cells() for case in cases for slower in (0.0, 0.1)]
    sys.stdout.write(markdown(titles, *rows) + "\n")


if __name__ == "__main__":
    main()
