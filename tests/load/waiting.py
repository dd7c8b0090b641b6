"""`python -m tests.load.waiting`: what a queue alone makes of a minute's times, on a machine that never swings.

Requests come evenly, one is served at a time, and what each takes is log-normal. Runs of ten minutes are simulated, in
which the machine becomes slower from the first request to the last by as much as is said.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.load.trend import chance, growth

if TYPE_CHECKING:
    from numpy.typing import NDArray

RUNS, MINUTES, SEARCHES = 300, 10, 5_556
LOAD = 0.8
FIFTH, CHANCE = 0.2, 0.05


@dataclass(frozen=True, slots=True)
class Queue:
    """Its load at first, the variation of the work (deviation over mean), and how much slower it becomes."""

    load: float
    variation: float
    slower: float

    def times(self, generator: np.random.Generator, *, runs: int, minutes: int, searches: int) -> NDArray[np.float64]:
        """Return how long each search takes with its waiting, in multiples of the work at first: (runs, minutes, n)."""
        count, spread = minutes * searches, np.sqrt(np.log1p(self.variation**2))
        work = np.linspace(1.0, 1.0 + self.slower, count)[:, None] * np.exp(
            spread * generator.standard_normal((count, runs)) - spread**2 / 2
        )
        waited = np.zeros(runs)
        times = np.empty_like(work)
        for number, one in enumerate(work):
            times[number] = one + waited
            waited = np.maximum(0.0, times[number] - 1.0 / self.load)
        by_run: NDArray[np.float64] = times.T.reshape(runs, minutes, searches)
        return by_run

    def cells(self) -> list[str]:
        """Return the row of a table."""
        times = self.times(np.random.default_rng(1), runs=RUNS, minutes=MINUTES, searches=SEARCHES)
        middles, tails = np.percentile(times, [50, 99], axis=2)
        low, middle, high = np.percentile(tails[:, 0], [5, 50, 95])
        swings = [f"{np.median(each.max(axis=1) / each.min(axis=1)):.2f}" for each in (middles, tails)]
        above = np.mean(tails[:, -1] > (1 + FIFTH) * tails[:, 0])
        rising = np.mean([growth(run) > FIFTH and chance(run) <= CHANCE for run in tails.tolist()])
        first = [f"{np.median(middles[:, 0]):.1f}", f"{middle:.1f} ({low:.1f}–{high:.1f})"]
        return [f"{self.variation}", f"{self.slower:.0%}", *first, *swings, f"{above:.0%}", f"{rising:.0%}"]


def main() -> None:
    """Print the table."""
    titles = ["variation", "slower", "p50", "p99", "p50 swings", "p99 swings", "last > 1.2 first", "judged"]
    rows = [titles, ["---"] * len(titles)]
    rows += [Queue(LOAD, variation, slower).cells() for variation in (0.5, 1.0) for slower in (0.0, 0.05, 0.1, 0.15)]
    sys.stdout.write("\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n")


if __name__ == "__main__":
    main()
