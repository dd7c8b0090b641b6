"""Searches beside ingest: what 500 price events a second in the same process do to the slowest answers."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager
from itertools import cycle, islice
from typing import TYPE_CHECKING, Final

from ingest.eventlog import EventLog
from tests.benchmarks.goods import price_changes
from tests.benchmarks.querying import KINDS
from tests.benchmarks.table import Row, verdict
from tests.benchmarks.timing import Samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from deploy.sample.catalogue import SampleProduct
    from tests.benchmarks.goods import Query
    from tests.benchmarks.served import Api

AIM_TIMES: Final = 3.0
EVENTS_A_SECOND: Final = 500
EVENTS_AT_ONCE: Final = 25
SEARCHES: Final = 400
FIRST_VERSION: Final = 1_000_000
"""Newer than whatever else a benchmark has sent."""


def row(api: Api, log: Path, asked: Sequence[Query], wanted: Sequence[SampleProduct]) -> Row:
    """Search with known words while nothing else goes on, and again while a demo reads these events from its log."""
    idle, beside = Samples(), Samples()
    _search(api, asked, idle)
    with _price_events(log, wanted) as sent:
        _search(api, asked, beside)
    times = beside.p99_ms / idle.p99_ms
    return Row(
        f"{len(wanted):,} products · search at {EVENTS_A_SECOND} price events/s ({sent[0]:,} sent)",
        str(beside),
        f"{idle} with none",
        f"p99 {times:.1f} times",
        verdict(f"≤ {AIM_TIMES:.0f} times", holds=times <= AIM_TIMES),
    )


def _search(api: Api, asked: Sequence[Query], found: Samples) -> None:
    (kind,) = (one for one in KINDS if one.filtered)
    for query in islice(cycle(asked), SEARCHES):
        body = kind.body(query, query.text)
        with found.timed():
            api.search(body)


@contextmanager
def _price_events(folder: Path, wanted: Sequence[SampleProduct]) -> Iterator[list[int]]:
    """Append to the log at a steady rate until the block ends; gives how many were sent, in a list of one."""
    ended, sent = threading.Event(), [0]

    def send() -> None:
        pairs = (pair for version in range(FIRST_VERSION, 2 * FIRST_VERSION) for pair in price_changes(wanted, version))
        start = time.monotonic()
        with closing(EventLog(folder)) as log:
            while not ended.wait(max(0.0, start + sent[0] / EVENTS_A_SECOND - time.monotonic())):
                sent[0] += log.append(islice(pairs, EVENTS_AT_ONCE))

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield sent
    finally:
        ended.set()
        sender.join()
