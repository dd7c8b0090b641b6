"""The loop: one turn reads a batch, merges, encodes, writes, sends what is broken away, and only then commits."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from ingest.dead_letter_limit import DeadLetterLimit
from ingest.debezium import DebeziumReading
from ingest.decode import decode
from ingest.isolation import apply_isolated, letters_of, sound_change
from ingest.merge import merge_batch
from ingest.patience import Stopped, patiently
from ingest.tracing import turn_over

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from catalog.events import Event
    from ingest.encoding import Encoding
    from ingest.isolation import Refused
    from ingest.metrics import IngestMetrics
    from ingest.point_writes import PointWrite
    from ingest.source import DeadLetterSink, Record, Source
    from ingest.store import Store

_T = TypeVar("_T")
COMMIT_SECONDS: Final = 1.0
"""How much work a crash may have done twice. A broker takes 10 ms for a commit: with one a batch, a tenth of the time
goes into waiting for them (`python -m tests.benchmarks.brokered`)."""


class Consumer:
    """Turns events into points until `stopping` is set. Safe to kill at any step: each may be done again.

    Commits what is done once the source is read to its end, else with the first batch that ends `commit_seconds` after
    the last commit; and a batch with dead letters at once: read again, it would send them again.
    """

    def __init__(  # noqa: PLR0913 - the parts of one loop, wired once
        self,
        *,
        source: Source,
        store: Store,
        encoding: Encoding,
        dead_letters: DeadLetterSink,
        metrics: IngestMetrics,
        stopping: threading.Event,
        tables: DebeziumReading | None = None,
        limit: DeadLetterLimit | None = None,
        commit_seconds: float = 0.0,
    ) -> None:
        self._source = source
        self._store = store
        self._encoding = encoding
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._stopping = stopping
        self._tables = tables or DebeziumReading()
        self._limit = limit or DeadLetterLimit()
        self._commit_seconds = commit_seconds
        self._committed_at = time.monotonic()
        self._done: dict[int, Record] = {}  # by partition the last record that is done and not committed

    def run(self) -> None:
        """Work until told to stop; an outage is waited out, anything else ends the loop with its error."""
        with suppress(Stopped):
            while not self._stopping.is_set():
                self.turn()
        with suppress(Stopped):
            self._commit()

    def turn(self) -> int:
        """Do one batch from reading to committing, where that is due, and return how many records it had.

        Raises `Stopped` where it is told to stop before the end: what is written of the batch is found written when it
        is read again.
        """
        records = self._patiently(self._source.poll)  # 1 a batch; the source keeps its membership while the rest works
        self._metrics.polled(records)
        if not records:
            self._catch_up()
            return 0
        with turn_over(records):
            batch = decode(records, self._tables)  # 2 pure: events, rejects
            refused = self._patiently(partial(self._apply, batch.events, set()))  # 3 to 6
            batch.rejects += letters_of(refused, records)
            self._limit.admit(len(records), len(batch.rejects))
            self._patiently(partial(self._dead_letters.send, batch.rejects))  # 7 acknowledged
            self._done |= {record.partition: record for record in records}
            self._metrics.done(batch, records)
            if batch.rejects or time.monotonic() - self._committed_at >= self._commit_seconds:
                self._catch_up()  # 8 only now
        return len(records)

    def _apply(self, events: Sequence[Event], told: set[int]) -> list[Refused[Event]]:
        """Apply the events and return those that cannot be; see `ingest/isolation.py`."""
        return apply_isolated(partial(self._fold_in, told), self._probe, events)

    def _fold_in(self, told: set[int], events: Sequence[Event]) -> None:
        """Do 3 to 6; `told` are the events that were counted when this was tried before and did not get to its end."""
        pending = list(events)
        while pending:
            stored = self._store.read([event.product_id for event in pending])  # 3 one call to the engine
            merged = merge_batch(stored, pending)  # 4 pure: new states, and what they were
            written: list[PointWrite] = []
            raced: set[str] = set()
            try:
                for writes in self._encoding.parts(merged.changes):  # 5 fetches pictures, encodes only what changed
                    raced |= self._store.write(writes)  # 6 durable, guarded; what lost a race is folded again
                    written += writes
                    if self._stopping.is_set() and len(written) < len(merged.changes):
                        raise Stopped
            finally:
                self._metrics.written(merged.settled(written, raced, told), written, raced)
            pending = [event for event in pending if event.product_id in raced]

    def _probe(self) -> None:
        self._encoding.points([sound_change()])
        self._store.probe()

    def _catch_up(self) -> None:
        self._commit()
        self._metrics.behind(self._source.lag())

    def _commit(self) -> None:
        if self._done:
            self._patiently(partial(self._source.commit, list(self._done.values())))
            self._done.clear()
            self._committed_at = time.monotonic()

    def _patiently(self, step: Callable[[], _T]) -> _T:
        return patiently(step, self._stopping)
