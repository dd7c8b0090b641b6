"""Whether ten minutes have made a process slower: it and a fresh one are asked in turn, at the same rate.

Whatever the machine does it does to both, so that what is left is the process. The windows are short and many, for the
machine's speed changes within a minute. An old process has a longer p99 where that is more than a fifth longer, and
longer in most of the pairs (`python -m tests.load.waiting`: how often so by chance, and of a process a tenth slower).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tests.load.window import Window, markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.load.asking import Asker

PAIRS = 18
SECONDS = 5.0
MOST_TIMES = 1.2
SURE_PAIRS = 13
"""Of 18 pairs, in which the old one's p99 is the longer: chance alone comes to as many in 5 of 100 runs."""
_FIGURES: dict[str, Callable[[Window], float]] = {
    "p50, ms": lambda window: window.p50_ms,
    "p99, ms": lambda window: window.p99_ms,
    "work of a search, ms": lambda window: window.work_ms,
    "floor, ms": lambda window: window.floor_ms,
    "memory, MiB": lambda window: window.memory_mib,
}


@dataclass(slots=True)
class Ageing:
    """The windows of both."""

    old: list[Window] = field(default_factory=list)
    fresh: list[Window] = field(default_factory=list)

    @property
    def is_longer(self) -> bool:
        """Whether the old one's p99 is longer by more than a fifth and than chance makes it."""
        return self.p99_times > MOST_TIMES and self.longer_pairs >= SURE_PAIRS

    @property
    def longer_pairs(self) -> int:
        """In how many pairs the old one's p99 is the longer."""
        return sum(old.p99_ms > fresh.p99_ms for old, fresh in zip(self.old, self.fresh, strict=True))

    @property
    def p99_times(self) -> float:
        """The old one's p99 over the fresh one's, each the median of its windows."""
        return self._times(_FIGURES["p99, ms"])

    @property
    def work_times(self) -> float:
        """What the old one takes of a processor for a search, over what the fresh one takes, likewise."""
        return self._times(_FIGURES["work of a search, ms"])

    def verdict(self) -> str:
        """Say how the old one's p99 stands to the fresh one's."""
        said = "longer" if self.is_longer else "as long, within a fifth or chance"
        times = f"{self.p99_times:.2f} of the fresh one's, the longer in {self.longer_pairs} of {len(self.old)} pairs"
        return f"old p99 {times}: {said}; work of a search {self.work_times:.2f} of the fresh one's"

    def table(self) -> str:
        """Return a row a figure: the median of the windows with the lowest and the highest, and old over fresh."""
        return markdown(["in turn", "old", "fresh", "old over fresh"], *(self._row(name) for name in _FIGURES))

    def _row(self, name: str) -> list[str]:
        figure = _FIGURES[name]
        spreads = [_spread([figure(window) for window in each]) for each in (self.old, self.fresh)]
        return [name, *spreads, f"{self._times(figure):.2f}"]

    def _times(self, figure: Callable[[Window], float]) -> float:
        old, fresh = (float(np.median([figure(window) for window in each])) for each in (self.old, self.fresh))
        return old / fresh if fresh else math.nan  # where there is no /proc nobody knows


async def in_turn(old: Asker, fresh: Asker, rate: float) -> Ageing:
    """Ask both, warm as they are, so many times a second: old, fresh, fresh, old and so on."""
    found = Ageing()
    for pair in range(PAIRS):
        turns = ((old, found.old), (fresh, found.fresh))
        for asker, windows in turns if pair % 2 == 0 else reversed(turns):
            windows.append(await asker.evenly(rate, SECONDS))
    return found


def _spread(figures: list[float]) -> str:
    return f"{np.median(figures):,.1f} ({min(figures):,.1f}–{max(figures):,.1f})"
