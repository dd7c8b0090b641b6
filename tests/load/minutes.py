"""What minutes of load say of themselves: late ones beside early ones in which the machine was equally fast.

That is where the floor took as much of a processor, and others had as much of the processors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.load.window import TITLES, markdown

if TYPE_CHECKING:
    from tests.load.window import Window

FLOORS_ALIKE = 0.03
"""By how much the floors of two minutes may differ: on a machine a tenth slower a p99 is half as long again."""
OTHERS_ALIKE = 0.05
"""By how much of a processor what others had may differ."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """The windows in order."""

    windows: tuple[Window, ...]

    def alike(self) -> list[float]:
        """Return the late p99 over the early one of each two minutes, one of each half, with nearly the same floor."""
        half = len(self.windows) // 2
        early, late = self.windows[:half], self.windows[-half:] if half else ()
        pairs = [(one, other) for one in early for other in late if _are_alike(one, other)]
        return [other.p99_ms / one.p99_ms for one, other in pairs]

    def verdict(self) -> str:
        """Say how the last p99 stands to the first, and whether the machine was equally fast; then all alike."""
        first, last = self.windows[0], self.windows[-1]
        times, floors, ratios = last.p99_ms / first.p99_ms, last.floor_ms / first.floor_ms, self.alike()
        fair = "equally fast" if _are_alike(first, last) else "not equally fast, so this says nothing"
        among = f"{np.median(ratios):.2f} in the median of {len(ratios)}" if ratios else "there are none"
        return (
            f"last p99 {times:.2f} of the first, last floor {floors:.2f} of the first: the machine was {fair}; "
            f"late p99 over early of minutes that are alike: {among}"
        )

    def table(self) -> str:
        """Return a row a minute."""
        rows = [[str(number), *window.cells()] for number, window in enumerate(self.windows, 1)]
        return markdown(["minute", *TITLES], *rows)


def _are_alike(one: Window, other: Window) -> bool:
    others = [window.cost.others / window.cost.wall for window in (one, other)]
    return abs(other.floor_ms / one.floor_ms - 1) <= FLOORS_ALIKE and abs(others[0] - others[1]) <= OTHERS_ALIKE
