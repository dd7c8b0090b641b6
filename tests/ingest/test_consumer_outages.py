"""The loop through outages: waited out, nothing sent away, nothing committed too soon, and stopped when told."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from catalog.errors import BrokerUnavailable, EngineUnavailable
from ingest.patience import Stopped, patiently
from ingest.store import Store
from tests.builders import bare, records, upserted
from tests.pipeline import FlakyEngine, ListLetters, ListSource, Parts, consumer_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.point_writes import PointWrite
    from tests.index import Index


class AwayForTheSecondWrite(Store):
    """A store whose engine is away once."""

    writes = 0

    def write(self, writes: Sequence[PointWrite]) -> set[str]:
        """Write, or be away."""
        self.writes += 1
        if self.writes == 2:
            raise EngineUnavailable("away")
        return super().write(writes)


def test_an_outage_of_the_engine_is_waited_out(index: Index, flaky_engine: FlakyEngine, parts: Parts) -> None:
    """It is away for the first read and again for the first write: all of it is done again, nothing is sent away."""
    source, letters = ListSource([records(upserted(bare(price=5)))]), ListLetters()
    flaky_engine.outages = 2

    consumer_of(parts, index.store, source, letters).turn()

    assert (flaky_engine.outages, letters.letters) == (0, [])
    assert index.product()["price"] == 5
    assert len(source.committed) == 1


def test_an_outage_in_the_middle_of_a_batch_makes_nothing_stale(index: Index, parts: Parts) -> None:
    """What was written before it is found written afterwards, and was counted as what it was: news."""
    source = ListSource([records(*(upserted(bare(f"new-{number}", title=f"no. {number}")) for number in range(100)))])

    consumer_of(parts, AwayForTheSecondWrite(index.engine, index.collection), source, ListLetters()).turn()

    told = parts.metrics.registry.get_sample_value
    assert told("vitrine_ingest_events_total", {"kind": "upserted", "outcome": "applied"}) == index.count() == 100
    assert told("vitrine_ingest_events_total", {"kind": "upserted", "outcome": "stale"}) is None
    assert told("vitrine_ingest_freshness_seconds_count") == 100


def test_nothing_is_committed_before_the_letters_are_acknowledged(index: Index, parts: Parts) -> None:
    """The dead letters' topic is away for a while: the commit waits for it."""
    source = ListSource([records(b"{")])
    letters = ListLetters(source.journal, failures=[BrokerUnavailable("away")])

    consumer_of(parts, index.store, source, letters).turn()

    assert source.journal == ["poll", "send", "send", "commit"]
    assert len(letters.letters) == 1


def test_what_is_no_outage_ends_the_loop_uncommitted(index: Index, parts: Parts) -> None:
    """A bug is not waited out; the batch is read again by whoever comes next."""
    source = ListSource([records(upserted(), b"{")])
    letters = ListLetters(source.journal, failures=[ZeroDivisionError()])

    with pytest.raises(ZeroDivisionError):
        consumer_of(parts, index.store, source, letters).run()

    assert source.committed == []


def test_the_loop_can_be_stopped_while_it_waits(index: Index, flaky_engine: FlakyEngine, parts: Parts) -> None:
    """The engine is away for good: being told to stop ends the waiting, uncommitted."""
    source, stopping = ListSource([records(upserted())]), threading.Event()
    flaky_engine.outages = 1_000_000
    consumer = consumer_of(parts, index.store, source, ListLetters(), stopping)
    loop = threading.Thread(target=consumer.run)
    loop.start()

    stopping.set()
    loop.join(timeout=10)

    flaky_engine.outages = 0
    assert not loop.is_alive()
    assert source.committed == []


def test_the_loop_ends_when_told(index: Index, parts: Parts) -> None:
    """Told before it starts, it does not even poll."""
    source, stopping = ListSource([records(upserted())]), threading.Event()
    stopping.set()

    consumer_of(parts, index.store, source, ListLetters(), stopping).run()

    assert source.journal == []


def test_patience_grows() -> None:
    """Each failure is waited out a little longer than the one before, and the result comes through."""
    failures = [BrokerUnavailable("away")] * 2
    started = time.monotonic()

    def step() -> str:
        if failures:
            raise failures.pop()
        return "done"

    assert patiently(step, threading.Event()) == "done"
    assert time.monotonic() - started >= 0.6


def test_the_end_of_an_outage_is_told_once() -> None:
    """With how long it took; where there was none nothing is told."""
    failures = [EngineUnavailable("away")] * 2

    def step() -> None:
        if failures:
            raise failures.pop()

    with capture_logs() as lines:
        patiently(step, threading.Event())
        patiently(step, threading.Event())

    assert [line["event"] for line in lines] == ["waiting out an outage"] * 2 + ["the outage is over"]
    assert 0.6 <= lines[-1]["seconds"] < 5


def test_patience_ends_when_told() -> None:
    """Whoever is told to stop does not wait at all."""
    stopping = threading.Event()
    stopping.set()

    def step() -> str:
        raise BrokerUnavailable("away")

    with pytest.raises(Stopped):
        patiently(step, stopping)
