"""What keeps one collection in step: its backfill if one is due, then the log from where that began."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final

from deploy.processes.ingest import wired
from deploy.processes.lost import group_with_all
from deploy.processes.migration.filling import fill
from deploy.processes.parts import declare
from ingest.metrics import IngestMetrics
from ingest.patience import Stopped, patiently

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from deploy.processes.migration.filling import Filled
    from ingest.source import Record, Source

OTHERS_HAVE_ALL_SECONDS: Final = 30.0
"""Longer than a group takes to let one in, which is three seconds by default where it is the first."""


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
        own = declare(filled.settings, filled.encoders).physical_name
        group = patiently(partial(group_with_all, filled.engine, own, log), stopping)
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
    """A source that sets `stopping` as soon as all is committed that was on the log when it began.

    Of each partition what lay behind its first record then; nothing need be left, for events may come all along.
    """

    def __init__(self, inner: Source, stopping: threading.Event) -> None:
        self._inner = inner
        self._stopping = stopping
        self._goals: dict[int, int] = {}
        self._reached: dict[int, int] = {}
        self._alone_until = time.monotonic() + OTHERS_HAVE_ALL_SECONDS

    def poll(self) -> Sequence[Record]:
        """Return the next batch."""
        batch = self._inner.poll()
        if not batch and self._nothing_left():
            self._stopping.set()
        firsts = {record.partition: record.offset for record in reversed(batch) if record.partition not in self._goals}
        if firsts:
            left = self._inner.lag()
            self._goals |= {partition: offset + left.get(partition, 0) for partition, offset in firsts.items()}
        return batch

    def commit(self, records: Sequence[Record]) -> None:
        """Commit."""
        self._inner.commit(records)
        self._reached |= {record.partition: record.offset + 1 for record in records}
        if all(self._reached.get(partition, 0) >= goal for partition, goal in self._goals.items()):
            unseen = sum(left for partition, left in self._inner.lag().items() if partition not in self._goals)
            if not unseen:
                self._stopping.set()

    def _nothing_left(self) -> bool:
        """Whether nothing is left of what it holds; to hold nothing says so only once others had time to give some."""
        left = self._inner.lag()
        return not sum(left.values()) if left else time.monotonic() > self._alone_until

    def lag(self) -> Mapping[int, int]:
        """Return what is left, by partition."""
        return self._inner.lag()

    def close(self) -> None:
        """Free everything."""
        self._inner.close()
