"""Many shoppers at once: what encoding queries together brings, and how evenly the API serves a crowd.

`python -m tests.benchmarks.crowd` fills an index of 20,000 products and measures this alone. Every text is new, so no
memory helps. In the comparison of encoding, both ways run in one process in turn: 32 askers through the queue as it is,
and 32 through the same queue with one text a call. Over HTTP the askers are threads of another process than the API.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from catalog.vectors import ARMS
from search.encoding.query import QueryEncoder
from search.schemas import Term
from tests.benchmarks.filled import kit
from tests.benchmarks.goods import queries
from tests.benchmarks.served import Api, search_body
from tests.benchmarks.table import Row, Section, rich_table, verdict
from tests.benchmarks.timing import Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.interface import Encoders
    from tests.benchmarks.goods import Query

CLIENTS = 32
AIM_GAIN = 2.5
AIM_EVEN = 5.0
ENCODES_EACH = 6
ENCODE_ROUNDS = 5
SEARCHES_EACH = 12

NextText = Callable[[], str]


@dataclass(slots=True)
class Crowd:
    """Searches of many clients at once: each one's duration, and how long all took together."""

    each: Samples = field(default_factory=Samples)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Searches a second, of all clients together."""
        return len(self.each.seconds) / self.seconds


def new_texts(wanted: Sequence[Query]) -> NextText:
    """Return what gives at each call a text that was never asked before."""
    numbers = count(1)

    def text() -> str:
        number = next(numbers)
        return f"{wanted[number % len(wanted)].text} {number}"

    return text


def encoding_gain(encoders: Encoders, text: NextText) -> Row:
    """Return the line on encoding: 32 askers together, and 32 one at a time, rounds in turn."""
    together, alone = QueryEncoder(encoders), QueryEncoder(encoders, texts_at_once=1)
    found = (Samples(), Samples())

    async def ask(encoder: QueryEncoder) -> None:
        async def one() -> None:
            for _ in range(ENCODES_EACH):
                await encoder.encode([Term(text=text())], (), {}, dict.fromkeys(ARMS, 1.0))

        await asyncio.gather(*(one() for _ in range(CLIENTS)))

    async def rounds() -> None:
        for _ in range(ENCODE_ROUNDS):
            for encoder, into in zip((together, alone), found, strict=True):
                with into.timed():
                    await ask(encoder)

    asyncio.run(ask(together))
    asyncio.run(rounds())
    together.close()
    alone.close()
    rates = [CLIENTS * ENCODES_EACH / (one.p50_ms / 1000) for one in found]
    gain = rates[0] / rates[1]
    return Row(
        f"encoding new texts for three arms, {CLIENTS} askers",
        f"{rates[0]:,.0f} /s together",
        f"{rates[1]:,.0f} /s one at a time",
        f"{gain:.1f} times",
        verdict(f"≥ {AIM_GAIN:g} times", holds=gain >= AIM_GAIN),
    )


def crowd(port: int, text: NextText, clients: int, searches_each: int) -> Crowd:
    """Let so many clients search at once; raises RuntimeError for any answer but a 200."""
    bodies = [[search_body(text=text()) for _ in range(searches_each)] for _ in range(clients)]
    found = Crowd()

    def shop(mine: Sequence[bytes]) -> None:
        api = Api(port)
        for body in mine:
            with found.each.timed():
                api.search(body)
        api.close()

    with ThreadPoolExecutor(clients) as threads:
        start = time.perf_counter()
        list(threads.map(shop, bodies))
        found.seconds = time.perf_counter() - start
    return found


def over_http(port: int, text: NextText, products: int) -> list[Row]:
    """Return the lines on the API: one client after another, and a crowd of them."""
    crowd(port, text, 1, SEARCHES_EACH)
    one = crowd(port, text, 1, 4 * SEARCHES_EACH)
    many = crowd(port, text, CLIENTS, SEARCHES_EACH)
    even = many.each.p99_ms / many.each.p50_ms
    return [
        Row(
            f"{products:,} · new texts over HTTP, {CLIENTS} clients",
            f"{many.per_second:,.0f} /s, {many.each}",
            f"1 client {one.per_second:,.0f} /s, {one.each}",
            f"{many.per_second / one.per_second:.1f} times the searches, p99 {even:.1f} times p50, no error",
            verdict(f"p99 ≤ {AIM_EVEN:g} × p50", holds=even <= AIM_EVEN),
        )
    ]


def main() -> None:
    """Fill an index, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.crowd", description=__doc__)
    parser.add_argument("--products", type=int, default=20_000)
    size: int = parser.parse_args().products
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder:
        made = kit(Path(folder))
        text = new_texts(queries(40, made.images))
        rows = [encoding_gain(made.real, text)]
        made.fill(made.folder / "filled", 0, size, lambda: None)
        with made.served(made.folder / "filled") as served:
            rows += over_http(served.port, text, size)
    Console().print(rich_table([Section(rows)], "p50 · p99."))


if __name__ == "__main__":
    main()
