"""Suggestions: what `GET /v1/suggest` takes while somebody types, beside a request that does nothing.

`python -m tests.benchmarks.suggesting` fills an index of 20,000 products and measures this alone, in about two minutes.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from rich.console import Console

from tests.benchmarks.filled import kit
from tests.benchmarks.goods import goods
from tests.benchmarks.served import Api
from tests.benchmarks.table import Row, Section, rich_table, verdict
from tests.benchmarks.timing import Samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deploy.sample.catalogue import SampleProduct

AIM_MS = 10.0
TITLES = 40
MOST_CHARS = 16
READ_SECONDS = 120.0
LOOK_SECONDS = 0.1


def measure(api: Api, wanted: Sequence[SampleProduct]) -> list[Row]:
    """Type titles letter by letter, right and with a slip, once the catalogue's words are known."""
    chance = random.Random(7)
    titles = [product.title for product in chance.sample(list(wanted), TITLES)]
    waited = _wait_for_words(api)
    right, slipped, nothing = Samples(), Samples(), Samples()
    for title in titles:
        for typed in _typed(title):
            _ask(api, typed, right)
            _ask(api, _with_a_slip(typed, chance), slipped)
            with nothing.timed():
                api.get("/livez")
    about = f"{len(wanted):,} products · suggestions"
    return [
        _row(about, right, nothing),
        _row(f"{about}, a slip in each", slipped, nothing),
        Row(f"{about}, words known", f"{waited:.1f} s", "after /readyz"),
    ]


def _wait_for_words(api: Api) -> float:
    """Return after how many seconds there are suggestions; raises RuntimeError where none come."""
    start = time.perf_counter()
    while time.perf_counter() - start < READ_SECONDS:
        if json.loads(api.get("/v1/suggest?q=a"))["suggestions"]:
            return time.perf_counter() - start
        time.sleep(LOOK_SECONDS)
    raise RuntimeError("the catalogue's words were never read")


def _typed(title: str) -> Iterator[str]:
    yield from (title[:end] for end in range(1, min(len(title), MOST_CHARS) + 1))


def _with_a_slip(typed: str, chance: random.Random) -> str:
    """Return the text with two neighbours swapped, or a letter too many at its end."""
    at = chance.randrange(len(typed))
    return typed[:at] + typed[at : at + 2][::-1] + typed[at + 2 :] if at + 1 < len(typed) else f"{typed}q"


def _ask(api: Api, typed: str, into: Samples) -> None:
    path = f"/v1/suggest?{urlencode({'q': typed})}"
    with into.timed():
        api.get(path)


def _row(what: str, found: Samples, nothing: Samples) -> Row:
    return Row(
        what,
        str(found),
        f"/livez {nothing}",
        f"adds {found.less(nothing).p50_ms:.1f} ms",
        verdict(f"≤ {AIM_MS:g} ms", holds=found.p50_ms <= AIM_MS),
    )


def main() -> None:
    """Fill an index, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.suggesting", description=__doc__)
    parser.add_argument("--products", type=int, default=20_000)
    size: int = parser.parse_args().products
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder:
        rows = _alone(Path(folder), size)
    Console().print(rich_table([Section(rows)], "p50 · p99 over HTTP, on the embedded engine."))


def _alone(folder: Path, size: int) -> list[Row]:
    made = kit(folder)
    made.fill(folder / "filled", 0, size, lambda: None)
    with made.served(folder / "filled") as served:
        api = Api(served.port)
        try:
            return measure(api, goods(size))
        finally:
            api.close()


if __name__ == "__main__":
    main()
