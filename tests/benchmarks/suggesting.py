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

from deploy.sample.catalogue import products
from deploy.sample.write import write_pictures
from encoders.names import EncoderSettings
from encoders.registry import load_encoders
from tests.benchmarks.goods import goods, picture_of, upserts
from tests.benchmarks.served import Api, demo
from tests.benchmarks.stocked import imitating, opened, real_vectors, tiny_pictures
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
_REAL = 128
_FILL_AT_ONCE = 1_000


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
    images, tiny, wanted = folder / "images", folder / "tiny", goods(size)
    write_pictures(images, lambda _done, _total: None)
    tiny_pictures(tiny, [picture_of(product) for product in products()])
    encoders = load_encoders(EncoderSettings())
    with opened(folder / "real", images, encoders) as shop:
        shop.ingest(upserts(wanted[:_REAL]))
        vectors = real_vectors(shop, [product.id for product in wanted[:_REAL]])
    events = list(upserts(wanted))
    with opened(folder / "filled", tiny, imitating(encoders, vectors)) as shop:
        for start in range(0, size, _FILL_AT_ONCE):
            shop.ingest(events[start : start + _FILL_AT_ONCE])
    nothing = folder / "nothing.jsonl"
    nothing.touch()
    with demo(folder / "filled", images, "--catalogue", str(nothing)) as served:
        api = Api(served.port)
        try:
            return measure(api, wanted)
        finally:
            api.close()


if __name__ == "__main__":
    main()
