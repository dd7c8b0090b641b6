"""What keeps one collection in step: its backfill if one is due, then the log from where that began."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from deploy.processes.ingest import wired
from deploy.processes.migration.filling import fill, group_in_log
from ingest.consumer import Stopped, patiently
from ingest.metrics import IngestMetrics

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from deploy.processes.migration.filling import Filled
    from ingest.source import Record, Source


def feed(
    filled: Filled,
    stopping: threading.Event,
    *,
    around: Callable[[Source], Source] = lambda source: source,
    metrics: IngestMetrics | None = None,
) -> None:
    """Fill the collection if it is due and follow the log until told to stop; `around` may wrap the source of records.

    An outage is waited out. Raises `CollectionMismatch`, `Misconfigured`.
    """
    log = filled.log
    try:
        if not fill(filled, stopping) or log is None:
            return
        group = patiently(partial(group_in_log, filled), stopping)
    except Stopped:
        return
    with ExitStack() as stack:
        found = log.feed(group)
        stack.callback(found.source.close)
        stack.callback(found.dead_letters.close)
        parts = (filled.settings, filled.engine, filled.encoders, filled.fetcher)
        consumer = stack.enter_context(
            wired(*parts, around(found.source), found.dead_letters, metrics or IngestMetrics(), stopping)
        )
        consumer.run()


class UntilCaughtUp:
    """A source that sets `stopping` as soon as everything on the log is committed."""

    def __init__(self, inner: Source, stopping: threading.Event) -> None:
        self._inner = inner
        self._stopping = stopping

    def poll(self) -> Sequence[Record]:
        """Return the next batch."""
        batch = self._inner.poll()
        if not batch and not sum(self._inner.lag().values()):
            self._stopping.set()
        return batch

    def commit(self, records: Sequence[Record]) -> None:
        """Commit."""
        self._inner.commit(records)

    def lag(self) -> Mapping[int, int]:
        """Return what is left, by partition."""
        return self._inner.lag()

    def close(self) -> None:
        """Free everything."""
        self._inner.close()
