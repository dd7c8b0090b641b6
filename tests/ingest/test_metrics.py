"""What a dashboard and autoscaling read: how fresh the index is, how long events wait, and where they wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from catalog.points import Stored
from ingest.decode import DecodedBatch
from ingest.merge import merge_batch
from ingest.metrics import IngestMetrics
from ingest.point_writes import PointWrite
from ingest.source import Record
from tests.builders import as_event, bare, patched, upserted

NOW = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)


@dataclass
class Told:
    """The worker's metrics at a time that the test sets."""

    now: datetime = NOW

    def __post_init__(self) -> None:
        self.metrics = IngestMetrics(now_seconds=lambda: self.now.timestamp())  # noqa: PLW0108 - `now` is set anew

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample."""
        return self.metrics.registry.get_sample_value(f"vitrine_ingest_{name}", labels)


@pytest.fixture
def told() -> Told:
    """Return metrics that have seen nothing."""
    return Told()


def waiting(seconds: float) -> Record:
    """Return a record that has lain on the log for so long."""
    return Record("catalogue", 0, 0, int((NOW - timedelta(seconds=seconds)).timestamp() * 1000), b"a", b"{}")


def test_freshness_is_from_the_event_to_the_search(told: Told) -> None:
    """By the event's own time; what changed nothing made nothing fresher, what lost a race is not searchable yet."""
    events = [
        as_event(upserted(bare("a"), version=2, occurred_at="2026-05-01T09:59:57Z")),
        as_event(patched("a", version=1, price=1)),
        as_event(upserted(bare("b"), version=1, occurred_at="2026-05-01T08:00:00Z")),
    ]
    merged = merge_batch({"a": Stored("a"), "b": Stored("b")}, events)

    writes = [PointWrite(change.before, None, {}) for change in merged.changes]
    told.metrics.written(merged.settled(writes, {"b"}, set()), writes, {"b"})

    assert (told.value("freshness_seconds_count"), told.value("freshness_seconds_sum")) == (1, 3)
    assert told.value("freshness_seconds_bucket", le="2.0") == 0
    assert told.value("freshness_seconds_bucket", le="5.0") == 1
    assert told.value("events_total", kind="upserted", outcome="applied") == 1
    assert told.value("raced_total") == 1


def test_the_age_grows_while_a_batch_waits(told: Told) -> None:
    """The oldest record counts, and in an outage no turn ends to tell of it."""
    told.metrics.polled([waiting(30), waiting(90)])
    assert told.value("event_age_seconds") == pytest.approx(90)

    told.now += timedelta(minutes=5)

    assert told.value("event_age_seconds") == pytest.approx(390)


def test_the_age_is_nothing_when_nothing_is_left(told: Told) -> None:
    """With more on the log, what follows is at least as young as what was done last."""
    records = [waiting(90), waiting(40)]
    told.metrics.polled(records)
    told.metrics.done(DecodedBatch(), records)
    told.metrics.behind({0: 0, 1: 7})
    assert told.value("event_age_seconds") == pytest.approx(40)

    told.metrics.behind({0: 0, 1: 0})

    assert told.value("event_age_seconds") == 0


def test_lag_is_told_by_partition_and_only_of_our_own(told: Told) -> None:
    """After a rebalance the partitions that went are no longer in the answer: two workers would count them twice."""
    told.metrics.behind({0: 3, 1: 4})
    assert (told.value("lag_records", partition="0"), told.value("lag_records", partition="1")) == (3, 4)

    told.metrics.behind({1: 2})

    assert (told.value("lag_records", partition="0"), told.value("lag_records", partition="1")) == (None, 2)
