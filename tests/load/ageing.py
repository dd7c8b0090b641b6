"""Whether ten minutes have made a process slower: it and a fresh one are asked in turn, at the same rate.

Whatever the machine does it does to both, so that what is left is the process. The windows are short and many, for the
machine's speed changes within a minute (`python -m tests.load.waiting` says how often chance, or a process a tenth
slower, makes the old p99 more than a fifth longer).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tests.load.window import Window, markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.load.asking import Asker

PAIRS = 18
SECONDS = 5.0
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
    def p99_times(self) -> float:
        """The old one's p99 over the fresh one's, each the median of its windows."""
        return self._times(_FIGURES["p99, ms"])

    @property
    def work_times(self) -> float:
        """What the old one takes of a processor for a search, over what the fresh one takes, likewise."""
        return self._times(_FIGURES["work of a search, ms"])

    def table(self) -> str:
        """Return a row a figure: the median of the windows with the lowest and the highest, and old over fresh."""
        return markdown(["in turn", "old", "fresh", "old over fresh"], *(self._row(name) for name in _FIGURES))

    def _row(self, name: str) -> list[str]:
        figure = _FIGURES[name]
        spreads = [_spread([figure(window) for window in each]) for each in (self.old, self.fresh)]
        return [name, *spreads, f"{self._times(figure):.2f}"]

    def _times(self, figure: Callable[[Window], float]) -> float:
        old, fresh = (float(np.median([figure(window) for window in each])) for each in (self.old, self.fresh))
        return old / fresh


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
