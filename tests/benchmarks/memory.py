"""Whether the worker's memory stays flat: `python -m tests.benchmarks.memory --events 1000000`.

Price events of the same products through the real loop (decode, merge, guarded write, commit) on the embedded engine,
from a source that makes them up as it is asked. Prints the resident memory at the start and after each quarter: the
start is taken when every product is in the index and has changed once.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from catalog.collection import Declaration, ensure
from catalog.embedded import EmbeddedClient
from encoders.fakes import fake_encoders
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from ingest.consumer import Consumer
from ingest.encoding import Encoding
from ingest.metrics import IngestMetrics
from ingest.source import Record
from ingest.store import Store
from tests.benchmarks.goods import goods, price_changes, upserts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ingest.source import DeadLetter

BATCH: Final = 256
QUARTERS: Final = 4


@dataclass
class Endless:
    """A source of upserts of every product and then of price changes, round after round."""

    products: int
    made: int = 0
    _records: Iterator[Record] = field(init=False)

    def __post_init__(self) -> None:
        self._records = self._make()

    def _make(self) -> Iterator[Record]:
        wanted, version = goods(self.products), 1
        pairs = upserts(wanted)
        while True:
            for key, value in pairs:
                yield Record("bench", 0, self.made, time.time_ns() // 1_000_000, key, value)
                self.made += 1
            version += 1
            pairs = price_changes(wanted, version)

    def poll(self) -> Sequence[Record]:
        """Return the next batch."""
        return list(islice(self._records, BATCH))

    def commit(self, records: Sequence[Record]) -> None:
        """Do nothing."""

    def lag(self) -> Mapping[int, int]:
        """Return that there is always more."""
        return {0: 1}

    def close(self) -> None:
        """Do nothing."""


class NoLetters:
    """A sink that takes no letters, for there are none to be."""

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Refuse any."""
        assert not letters, letters

    def close(self) -> None:
        """Do nothing."""


def main() -> None:
    """Work and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--products", type=int, default=2_000)
    given = parser.parse_args()
    metrics = IngestMetrics()
    with (
        tempfile.TemporaryDirectory(prefix="vitrine-memory-") as folder,
        closing(EmbeddedClient(Path(folder))) as engine,
        PictureFetcher(FetchSettings()) as fetcher,
        closing(Encoding(fake_encoders(), fetcher, metrics)) as encoding,
    ):
        source = Endless(given.products)
        consumer = Consumer(
            source=source,
            store=Store(engine, ensure(engine, Declaration("memory", fake_encoders().specs))),
            encoding=encoding,
            dead_letters=NoLetters(),
            metrics=metrics,
            stopping=threading.Event(),
        )
        _work(consumer, 2 * given.products)
        _tell("start", 0)
        for quarter in range(1, QUARTERS + 1):
            started_at = time.monotonic()
            done = _work(consumer, given.events // QUARTERS)
            _tell(f"quarter {quarter}", done / (time.monotonic() - started_at))


def _work(consumer: Consumer, events: int) -> int:
    done = 0
    while done < events:
        done += consumer.turn()
    return done


def _tell(when: str, rate: float) -> None:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kib = int(status.split("VmRSS:")[1].split()[0])
    sys.stdout.write(f"{when}: {kib / 1024:,.0f} MiB resident, {rate:,.0f} events/s\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
