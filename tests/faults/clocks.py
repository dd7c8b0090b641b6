"""A clock that jumps, for one process alone: a library of `clock.c` stands before the system's."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of the processes that are started with `settings` in their environment."""

    library: Path
    ahead: Path

    @property
    def settings(self) -> dict[str, str]:
        """What is to be in the environment of a process whose clock this is."""
        return {"LD_PRELOAD": str(self.library), "CLOCK_AHEAD_FILE": str(self.ahead)}

    def jump(self, seconds: int) -> None:
        """Go so far ahead of the true time from now on, or after it: in place, for processes have mapped the file."""
        file = os.open(self.ahead, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(file, struct.pack("q", seconds), 0)
        finally:
            os.close(file)


def clock_at(folder: Path) -> Clock | None:
    """Return a clock that is right, kept in a folder; None where there is no C compiler to make it with."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    clock = Clock(folder / "clock.so", folder / "ahead")
    source = Path(__file__).with_name("clock.c")
    made = [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(clock.library), str(source)]
    subprocess.run(made, check=True)
    clock.jump(0)
    return clock
