"""What the worker counts: the closed list of its Prometheus metrics, each with when to worry."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from ingest.decode import DecodedBatch
    from ingest.merge import MergedBatch
    from ingest.point_writes import PointWrite
    from ingest.source import Record

_FRESHNESS_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400)
_MILLISECONDS: Final = 1_000.0


class _Events:
    """The records that came, and what became of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter(
            "vitrine_ingest_events",
            "Events by kind and outcome. Many stale ones: a replay, or a source whose versions do not rise.",
            ["kind", "outcome"],
            registry=registry,
        )
        self.rejects = Counter(
            "vitrine_ingest_dead_letters",
            "Records sent to the dead letters, by reason. Worry at a steady rate: the shop sends what nobody reads.",
            ["reason"],
            registry=registry,
        )
        self.unknown_fields = Counter(
            "vitrine_ingest_unknown_fields",
            "Fields that events carried and nobody knows: a misspelt name loses data.",
            registry=registry,
        )
        self.mismatched_keys = Counter(
            "vitrine_ingest_mismatched_keys",
            "Records whose key is not the product id. Worry: such events are not ordered by partition.",
            registry=registry,
        )
        self.raced = Counter(
            "vitrine_ingest_raced",
            "Products folded again because another worker wrote them first. Worry if it goes on after a rebalance.",
            registry=registry,
        )


class _Work:
    """What it took to make them searchable."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.encodes = Counter(
            "vitrine_ingest_encodes",
            "Inputs that an encoder read (texts, pictures), by vector and why: new (the product had no such vector), "
            "changed. Worry if price events raise it.",
            ["vector", "reason"],
            registry=registry,
        )
        self.avoided = Counter(
            "vitrine_ingest_encodes_avoided",
            "Inputs that no encoder had to read, by vector and why: unchanged, cached (hits of the encoding cache), "
            "same_batch.",
            ["vector", "reason"],
            registry=registry,
        )
        self.pictures = Counter(
            "vitrine_ingest_pictures",
            "Pictures asked for, by outcome: ok, not_modified, failed (due again), refused, gone. "
            "Worry if failed rises: a host is away.",
            ["outcome"],
            registry=registry,
        )
        self.points = Counter(
            "vitrine_ingest_points",
            "Points written, by what of them: whole (with vectors), payload (prices, versions). "
            "Worry if price events raise whole.",
            ["part"],
            registry=registry,
        )


class _Lateness:
    """How far behind the log what is searchable is."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.freshness = Histogram(
            "vitrine_ingest_freshness_seconds",
            "From the time of an event (occurred_at, else the record's) until searchable, for events that changed "
            "something. Worry if the 99th percentile of a quiet hour grows; a backfill of old events is old by nature.",
            buckets=_FRESHNESS_SECONDS,
            registry=registry,
        )
        self.age = Gauge(
            "vitrine_ingest_event_age_seconds",
            "How long the oldest record not yet done has been on the log, 0 with nothing left to do; it grows in an "
            "outage. What autoscaling goes by. Worry if it stays over a minute.",
            registry=registry,
        )
        self.lag = Gauge(
            "vitrine_ingest_lag_records",
            "Records on the log behind the last commit, by partition held. Worry if the sum grows for "
            "minutes; if one partition alone grows, a key is hot or a batch of the log is damaged.",
            ["partition"],
            registry=registry,
        )


class IngestMetrics:
    """The worker's metrics in a registry of its own."""

    def __init__(
        self, registry: CollectorRegistry | None = None, *, now_seconds: Callable[[], float] = time.time
    ) -> None:
        self.registry = registry or CollectorRegistry()
        self._now_seconds = now_seconds
        self._waiting_since_seconds: float | None = None
        self._events = _Events(self.registry)
        self._work = _Work(self.registry)
        self._lateness = _Lateness(self.registry)
        self._lateness.age.set_function(self._waiting_seconds)

    def polled(self, records: Sequence[Record]) -> None:
        """Note since when the oldest of the records waits."""
        if records:
            self._waiting_since_seconds = min(record.timestamp_ms for record in records) / _MILLISECONDS

    def written(self, batch: MergedBatch, writes: Sequence[PointWrite], raced: AbstractSet[str]) -> None:
        """Count what of a merge is settled, once it is searchable; what lost a race is merged and counted again."""
        for (kind, outcome), count in batch.outcomes().items():
            self._events.events.labels(kind, outcome).inc(count)
        self._events.raced.inc(len(raced))
        payloads = sum(write.payload_only for write in writes)
        self._work.points.labels("payload").inc(payloads)
        self._work.points.labels("whole").inc(len(writes) - payloads)
        now = datetime.fromtimestamp(self._now_seconds(), UTC)
        for event in batch.applied:
            self._lateness.freshness.observe(max(0.0, (now - event.occurred_at).total_seconds()))

    def encoded(self, vector: str, *, made: Mapping[str, int], cached: int = 0, same_batch: int = 0) -> None:
        """Count inputs that an encoder read by why, and those it need not read although their product has changed."""
        for reason, count in made.items():
            self._work.encodes.labels(vector, reason).inc(count)
        self._work.avoided.labels(vector, "cached").inc(cached)
        self._work.avoided.labels(vector, "same_batch").inc(same_batch)

    def unchanged(self, vector: str, inputs: int) -> None:
        """Count inputs that are what they were when the stored vector was made of them."""
        self._work.avoided.labels(vector, "unchanged").inc(inputs)

    def pictures(self, outcomes: Iterable[str]) -> None:
        """Count what asking for pictures came to."""
        for outcome in outcomes:
            self._work.pictures.labels(outcome).inc()

    def done(self, batch: DecodedBatch, records: Sequence[Record]) -> None:
        """Count what a batch brought besides its events; the records behind it are at least as young as its last."""
        for letter in batch.rejects:
            self._events.rejects.labels(letter.reason).inc()
        self._events.unknown_fields.inc(sum(batch.unknown_fields.values()))
        self._events.mismatched_keys.inc(batch.mismatched_keys)
        self._waiting_since_seconds = max(record.timestamp_ms for record in records) / _MILLISECONDS

    def behind(self, lag: Mapping[int, int]) -> None:
        """Note the records behind the last commit, by partition held."""
        self._lateness.lag.clear()  # a partition that another worker has now is no longer ours to tell of
        for partition, count in lag.items():
            self._lateness.lag.labels(str(partition)).set(count)
        if not any(lag.values()):
            self._waiting_since_seconds = None

    def _waiting_seconds(self) -> float:
        since = self._waiting_since_seconds
        return 0.0 if since is None else max(0.0, self._now_seconds() - since)
