"""How fast the machine is at the moment: a fixed piece of Python's work, four times a second in a process of its own.

A piece takes some 3 ms, little more than a hundredth of a processor. What it takes of a processor says how fast that
works, and by the clock how long a process waits for one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = 60_000
PAUSE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of work: when it was done (`time.perf_counter`, which processes share), and its seconds."""

    done: float
    processor: float
    clock: float


@dataclass(frozen=True, slots=True)
class Floor:
    """The pieces so far, in a file of one a line."""

    path: Path

    def since(self, moment: float) -> list[Piece]:
        """Return the pieces done after a moment of `time.perf_counter`."""
        lines = self.path.read_text(encoding="ascii").splitlines()
        pieces = (Piece(*map(float, line.split())) for line in lines)
        return [piece for piece in pieces if piece.done > moment]


@contextmanager
def floor(folder: Path) -> Iterator[Floor]:
    """Do pieces of work beside whatever the block does."""
    path = folder / "floor.txt"
    path.touch()
    process = subprocess.Popen([sys.executable, "-m", "tests.load.floor", str(path)])
    try:
        yield Floor(path)
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Work until whoever started us is gone or ends us."""
    parent = os.getppid()
    with Path(sys.argv[1]).open("a", encoding="ascii", buffering=1) as found:
        while os.getppid() == parent:
            clock, processor = time.perf_counter(), time.thread_time()
            sum(number * number % 7 for number in range(NUMBERS))
            processor, done = time.thread_time() - processor, time.perf_counter()
            found.write(f"{done} {processor} {done - clock}\n")
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
