"""`python -m tests.load.run --minutes 10`: `vitrine demo` at 80 % of what it can do, then beside a fresh one."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from deploy.sample.catalogue import products
from tests.benchmarks.served import demo
from tests.load.ageing import in_turn
from tests.load.asking import asker
from tests.load.capacity import capacity_of
from tests.load.floor import floor
from tests.load.minutes import Minutes

if TYPE_CHECKING:
    from tests.load.ageing import Ageing
    from tests.load.capacity import Capacity
    from tests.load.floor import Floor

SHARE = 0.8
FILL_SECONDS = 300.0
WARM_SECONDS = 15.0
MINUTE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of it; `rate` is in searches a second."""

    capacity: Capacity
    rate: float
    minutes: Minutes
    ageing: Ageing

    @property
    def errors(self) -> list[str]:
        """What failed, in any window but those that measured the capacity."""
        windows = (*self.minutes.windows, *self.ageing.old, *self.ageing.fresh)
        return [error for window in windows for error in window.errors]

    def report(self) -> str:
        """Return all of it as markdown."""
        parts = (f"{self.capacity}; then {self.rate:.0f}/s", self.minutes.table(), self.minutes.verdict())
        return "\n\n".join([*parts, self.ageing.table(), self.ageing.verdict()])


def pressed_for(minutes: int) -> Pressed:
    """Press a demo of the sample catalogue for so long, then it and a fresh one in turn."""
    with tempfile.TemporaryDirectory(prefix="vitrine-load-") as made:
        folder = Path(made)
        _fill(folder)
        with floor(folder) as pieces:
            return asyncio.run(_press(folder, pieces, minutes))


async def _press(folder: Path, pieces: Floor, minutes: int) -> Pressed:
    images = folder / "images"
    with demo(folder / "old", images) as served:
        async with asker(served, pieces) as old:
            await old.together(WARM_SECONDS)
            capacity = await capacity_of(old, SHARE)
            rate = capacity.per_second * SHARE
            windows = [await old.evenly(rate, MINUTE_SECONDS) for _ in range(minutes)]
            with demo(folder / "fresh", images) as beside:
                async with asker(beside, pieces) as fresh:
                    await fresh.together(WARM_SECONDS)
                    await fresh.evenly(rate, WARM_SECONDS)
                    return Pressed(capacity, rate, Minutes(tuple(windows)), await in_turn(old, fresh, rate))


def _fill(folder: Path) -> None:
    """Let a demo take the whole sample catalogue in, and copy what it has on the disk for a second one.

    It ends then: both that are compared have opened an index that was there.
    """
    (folder / "old").mkdir()
    with demo(folder / "old", folder / "images") as served:
        wanted, deadline = len(products()), time.monotonic() + FILL_SECONDS
        while (total := _total(served.port)) < wanted:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the demo has {total} of {wanted} products after {FILL_SECONDS:.0f} s")
            time.sleep(0.5)
    shutil.copytree(folder / "old", folder / "fresh")


def _total(port: int) -> int:
    answer = httpx.post(f"http://127.0.0.1:{port}/v1/search", json={"limit": 1}, trust_env=False, timeout=10)
    return int(answer.json()["total"]["value"]) if answer.is_success else 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.run", description=__doc__)
    parser.add_argument("--minutes", type=int, default=10)
    sys.stdout.write(pressed_for(parser.parse_args().minutes).report() + "\n")


if __name__ == "__main__":
    main()
