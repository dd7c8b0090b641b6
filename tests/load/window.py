"""What came of some seconds of load."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tests.load.floor import Piece
    from tests.load.machine import Spent

MILLISECONDS = 1_000.0
TITLES = (
    *("searches", "errors", "p50", "p99", "work", "floor", "floor by the clock"),
    *("server", "script", "others", "stolen", "memory"),
)


@dataclass(slots=True)
class Window:
    """The seconds that answers took from when they were due, what failed, and what it cost.

    `spent` is of the processors, `floor` the pieces of work done beside it, and memory that of the end, in MiB.
    """

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    floor: list[Piece] = field(default_factory=list)
    memory_mib: float = 0.0
    spent: Spent | None = None

    @property
    def p50_ms(self) -> float:
        """The median, in milliseconds."""
        return _percentile_ms(self.seconds, 50)

    @property
    def p99_ms(self) -> float:
        """What one search in a hundred took longer than, in milliseconds."""
        return _percentile_ms(self.seconds, 99)

    @property
    def work_ms(self) -> float:
        """What one search took of a processor, in milliseconds: hardly a matter of how long it waited."""
        return self.cost.process / len(self.seconds) * MILLISECONDS

    @property
    def floor_ms(self) -> float:
        """What a piece of the same work took of a processor in the median, in milliseconds."""
        return _percentile_ms([piece.processor for piece in self.floor], 50)

    @property
    def per_second(self) -> float:
        """Searches a second."""
        return len(self.seconds) / self.cost.wall

    @property
    def cost(self) -> Spent:
        """What was spent, once the window has ended."""
        assert self.spent is not None
        return self.spent

    def cells(self) -> list[str]:
        """Return the row of a table, for `TITLES`."""
        spent = self.cost
        shares = [f"{part / spent.wall:.0%}" for part in (spent.process, spent.ours, spent.others, spent.stolen)]
        counts = [f"{len(self.seconds):,}", str(len(self.errors))]
        times = [f"{milliseconds:.1f} ms" for milliseconds in (self.p50_ms, self.p99_ms, self.work_ms)]
        pieces = [piece.processor for piece in self.floor], [piece.clock for piece in self.floor]
        floors = [f"{_percentile_ms(each, 50):.2f} · {_percentile_ms(each, 99):.2f} ms" for each in pieces]
        return [*counts, *times, *floors, *shares, f"{self.memory_mib:,.0f} MiB"]


def _percentile_ms(seconds: list[float], percentile: float) -> float:
    return float(np.percentile(seconds, percentile)) * MILLISECONDS


def markdown(*rows: tuple[str, ...] | list[str]) -> str:
    """Return a table, its titles first."""
    titles, *lines = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in (titles, ["---"] * len(titles), *lines))
