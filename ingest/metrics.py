"""What the worker counts: the closed list of its Prometheus metrics, each with when to worry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.decode import DecodedBatch
    from ingest.merge import MergedBatch


class IngestMetrics:
    """The worker's metrics in a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._events = Counter(
            "vitrine_ingest_events",
            "Events by kind and outcome. Many stale ones: a replay, or a source whose versions do not rise.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self._rejects = Counter(
            "vitrine_ingest_dead_letters",
            "Records sent to the dead letters, by reason. Worry at a steady rate: the shop sends what nobody reads.",
            ["reason"],
            registry=self.registry,
        )
        self._encodes = Counter(
            "vitrine_ingest_encodes",
            "Inputs that an encoder read (texts, pictures), by vector. Worry if price events raise it.",
            ["vector"],
            registry=self.registry,
        )
        self._avoided = Counter(
            "vitrine_ingest_encodes_avoided",
            "Inputs that no encoder had to read, by vector and why: unchanged, cached, same_batch.",
            ["vector", "reason"],
            registry=self.registry,
        )
        self._pictures = Counter(
            "vitrine_ingest_pictures",
            "Pictures asked for, by outcome: ok, not_modified, failed (due again), refused, gone. "
            "Worry if failed rises: a host is away.",
            ["outcome"],
            registry=self.registry,
        )
        self._raced = Counter(
            "vitrine_ingest_raced",
            "Products folded again because another worker wrote them first. Worry if it goes on after a rebalance.",
            registry=self.registry,
        )
        self._unknown_fields = Counter(
            "vitrine_ingest_unknown_fields",
            "Fields that events carried and nobody knows: a misspelt name loses data.",
            registry=self.registry,
        )
        self._mismatched_keys = Counter(
            "vitrine_ingest_mismatched_keys",
            "Records whose key is not the product id. Worry: such events are not ordered by partition.",
            registry=self.registry,
        )
        self._lag = Gauge(
            "vitrine_ingest_lag_records",
            "Records on the log behind the last commit. Worry if it grows for minutes.",
            registry=self.registry,
        )

    def merged(self, batch: MergedBatch, raced: set[str]) -> None:
        """Count what a merge came to."""
        for (kind, outcome), count in batch.outcomes.items():
            self._events.labels(kind, outcome).inc(count)
        self._raced.inc(len(raced))

    def encoded(self, vector: str, *, made: int, cached: int = 0, same_batch: int = 0) -> None:
        """Count inputs that an encoder read, and those it need not read although their product has changed."""
        self._encodes.labels(vector).inc(made)
        self._avoided.labels(vector, "cached").inc(cached)
        self._avoided.labels(vector, "same_batch").inc(same_batch)

    def unchanged(self, vector: str, inputs: int) -> None:
        """Count inputs that are what they were when the stored vector was made of them."""
        self._avoided.labels(vector, "unchanged").inc(inputs)

    def pictures(self, outcomes: Iterable[str]) -> None:
        """Count what asking for pictures came to."""
        for outcome in outcomes:
            self._pictures.labels(outcome).inc()

    def committed(self, batch: DecodedBatch, lag: int) -> None:
        """Count what a batch brought besides its events."""
        for letter in batch.rejects:
            self._rejects.labels(letter.reason).inc()
        self._unknown_fields.inc(sum(batch.unknown_fields.values()))
        self._mismatched_keys.inc(batch.mismatched_keys)
        self._lag.set(lag)

    def idle(self, lag: int) -> None:
        """Note the lag of a turn without records."""
        self._lag.set(lag)
