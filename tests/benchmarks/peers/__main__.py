"""`make bench-peers`: the same filtered hybrid query beside other engines in a process.

Every engine has the same 20,000 products with the same vectors, is asked the same queries under the same filter with
the vectors given, and gives twenty ids. Rounds are in turn, so that a busy machine is busy for all. Recall is that of
the text vectors alone against comparing with all.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from catalog.embedded import EmbeddedClient
from catalog.vectors import IMAGE, TEXT
from deploy.processes.parts import declare
from deploy.settings import ApiSettings, Settings
from tests.benchmarks.filled import kit
from tests.benchmarks.goods import queries
from tests.benchmarks.peers.engines import Chroma, Lance, Ours, QdrantLocal
from tests.benchmarks.peers.stock import Asked, exact, read_stock
from tests.benchmarks.table import Row, Section, markdown
from tests.benchmarks.timing import Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.interface import Encoders
    from tests.benchmarks.goods import Query
    from tests.benchmarks.peers.stock import Peer, Stock

QUERIES = 40


def ask(encoders: Encoders, wanted: Sequence[Query]) -> list[Asked]:
    """Return the queries with their vectors."""
    texts = [query.text for query in wanted]
    tower = encoders.picture.text_tower
    assert tower is not None
    text, image = encoders.text.encode_queries(texts), tower.encode_queries(texts)
    return [
        Asked(query, {TEXT: text[at], IMAGE: image[at]}, encoders.lexical.encode_query(query.text))
        for at, query in enumerate(wanted)
    ]


def measure(peers: Sequence[Peer], stock: Stock, asked: Sequence[Asked], rounds: int) -> Section:
    """Ask each engine each query in turn and return the lines, after one round that is not counted."""
    times = [Samples() for _ in peers]
    recalls = []
    for peer in peers:
        found = [(set(peer.nearest(one)), exact(stock, one)) for one in asked]
        recalls.append(float(np.mean([len(got & best) / len(best) for got, best in found if best])))
        for one in asked:
            peer.search(one)
    for _ in range(rounds):
        for one in asked:
            for peer, into in zip(peers, times, strict=True):
                with into.timed():
                    peer.search(one)
    ours = times[0]
    return Section(
        [
            Row(peer.name, str(time), f"recall {recall:.3f}", f"{time.p50_ms / ours.p50_ms:.1f} times ours")
            for peer, time, recall in zip(peers, times, recalls, strict=True)
        ]
    )


def main() -> None:
    """Fill every engine, ask, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.peers", description=__doc__)
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as name:
        folder = Path(name)
        made = kit(folder)
        made.fill(folder / "ours", 0, given.products, lambda: None)
        collection = declare(Settings(_env_file=None), made.real).physical_name
        client = EmbeddedClient(folder / "ours" / "index")
        stock, asked = read_stock(client, collection), ask(made.real, queries(QUERIES, made.images))
        ours = Ours(client, collection, ApiSettings().depth)
        peers: list[Peer] = [ours, QdrantLocal(stock), Lance(stock, folder / "l"), Chroma(stock, folder / "c")]
        found = measure(peers, stock, asked, given.rounds)
        client.close()
    sys.stdout.write(markdown([found], "p50 · p99 of one query; recall of the text vectors at 20 under the filter."))


if __name__ == "__main__":
    main()
