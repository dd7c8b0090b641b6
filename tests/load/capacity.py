"""How many searches a second a process can answer that come evenly.

Clients that ask again once they are answered are answered together, ask together again, and are encoded together, which
takes less of a processor: four fifths of their rate, evenly spaced, took nearly all that one Python process can use. So
a capacity is what the process used of the processors under them, over what an evenly spaced search takes.

On a machine whose speed swings by a quarter from one minute to the next a single measurement says how fast that was
just then. What a process can be relied on for is what it can do while the machine is slow: the lowest of three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.load.asking import CLIENTS
from tests.load.window import MILLISECONDS

if TYPE_CHECKING:
    from tests.load.asking import Asker
    from tests.load.window import Window

ROUNDS = 3
SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Round:
    """Clients that ask together, and then searches that come evenly."""

    together: Window
    evenly: Window

    @property
    def per_second(self) -> float:
        """Searches a second that could come evenly; where there is no /proc, those that the clients got."""
        used = self.together.cost
        if not used.process:
            return self.together.per_second
        return used.process / used.wall / self.evenly.work_ms * MILLISECONDS

    def __str__(self) -> str:
        floors = [f"{window.floor_ms:.2f}" for window in (self.together, self.evenly)]
        return (
            f"{self.per_second:.0f}/s ({CLIENTS} clients got {self.together.per_second:.0f}; "
            f"work {self.evenly.work_ms:.1f} ms, floors {' and '.join(floors)} ms)"
        )


@dataclass(frozen=True, slots=True)
class Capacity:
    """All rounds."""

    rounds: tuple[Round, ...]

    @property
    def per_second(self) -> float:
        """The lowest."""
        return min(each.per_second for each in self.rounds)

    def __str__(self) -> str:
        return f"capacity {self.per_second:.0f}/s, the lowest of " + ", ".join(map(str, self.rounds))


async def capacity_of(asker: Asker, share: float) -> Capacity:
    """Measure a warm process; evenly it is asked for that share of what is known of its capacity by then."""
    rounds: list[Round] = []
    for _ in range(ROUNDS):
        together = await asker.together(SECONDS)
        known = Capacity(tuple(rounds)).per_second if rounds else together.per_second
        rounds.append(Round(together, await asker.evenly(known * share, SECONDS)))
    return Capacity(tuple(rounds))
