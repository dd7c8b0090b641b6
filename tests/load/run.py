"""`python -m tests.load.run --minutes 2`: `vitrine demo` at 80 % of what it can do, a row a minute."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from deploy.sample.catalogue import products
from tests.benchmarks.served import demo
from tests.load.pressure import press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.served import Served
    from tests.load.pressure import Pressed

SHARE = 0.8
FILL_SECONDS = 300.0


def pressed_for(minutes: int) -> Pressed:
    """Press a demo of the sample catalogue."""
    with filled() as served:
        return press(served, minutes=minutes, share=SHARE)


@contextmanager
def filled() -> Iterator[Served]:
    """Run a demo that has the whole sample catalogue."""
    with (
        tempfile.TemporaryDirectory(prefix="vitrine-load-") as folder,
        demo(Path(folder), Path(folder) / "i") as served,
    ):
        wanted, deadline = len(products()), time.monotonic() + FILL_SECONDS
        while (total := _total(served.port)) < wanted:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the demo has {total} of {wanted} products after {FILL_SECONDS:.0f} s")
            time.sleep(0.5)
        yield served


def _total(port: int) -> int:
    answer = httpx.post(f"http://127.0.0.1:{port}/v1/search", json={"limit": 1}, trust_env=False, timeout=10)
    return int(answer.json()["total"]["value"]) if answer.is_success else 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.run", description=__doc__)
    parser.add_argument("--minutes", type=int, default=10)
    sys.stdout.write(pressed_for(parser.parse_args().minutes).table() + "\n")


if __name__ == "__main__":
    main()
