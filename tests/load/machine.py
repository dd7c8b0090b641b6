"""What a machine's processors did: for a process, for us, for others, and what a virtual machine's host took."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_BUSY, _STOLEN = (0, 1, 2, 5, 6), 7
"""Columns of /proc/stat: user, nice, system, irq, softirq; steal."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of processors since some moment, all nought where there is no /proc."""

    wall: float
    process: float
    ours: float
    all: float
    stolen: float

    @classmethod
    def now(cls, pid: int) -> Self:
        """Return what has been spent up to now, by a process and all the others."""
        machine = _ticks(Path("/proc/stat"))[1:]
        busy, stolen = (sum(machine[one] for one in _BUSY), machine[_STOLEN]) if machine else (0.0, 0.0)
        return cls(time.perf_counter(), _of_process(Path(f"/proc/{pid}/stat")), time.process_time(), busy, stolen)

    def __sub__(self, earlier: Spent) -> Spent:
        """Return what was spent in between."""
        return Spent(
            self.wall - earlier.wall,
            self.process - earlier.process,
            self.ours - earlier.ours,
            self.all - earlier.all,
            self.stolen - earlier.stolen,
        )

    @property
    def others(self) -> float:
        """What neither the process nor we had."""
        return max(0.0, self.all - self.process - self.ours)


def _of_process(status: Path) -> float:
    if not status.exists():
        return 0.0
    user, system = status.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _ticks(status: Path) -> list[float]:
    """Return the first line of /proc/stat in seconds, its name as nought."""
    if not status.exists():
        return []
    return [0.0, *(int(one) / os.sysconf("SC_CLK_TCK") for one in status.read_text().split("\n", 1)[0].split()[1:])]
