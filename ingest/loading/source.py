"""A file as a `Source`: the worker's own loop reads it into the index, so that nothing goes around the merge."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from ingest.source import Record

_WAIT_SECONDS: Final = 0.05


class FileSource:
    """Reads `records` once, lazily, and sets `stopping` when the last one is committed.

    `committed` is told after each commit how many records are done in all.
    """

    def __init__(
        self,
        records: Iterator[Record],
        *,
        batch_records: int,
        stopping: threading.Event,
        committed: Callable[[int], None],
    ) -> None:
        self._records = records
        self._batch_records = batch_records
        self._stopping = stopping
        self._tell = committed
        self._polled: list[int] = []
        self._done = 0
        self._at_end = False

    @property
    def finished(self) -> bool:
        """Whether every record was read and committed."""
        return self._at_end and not self._polled

    def poll(self) -> Sequence[Record]:
        """Return the next batch, empty behind the last one."""
        batch = [] if self._at_end else list(islice(self._records, self._batch_records))
        self._polled += [record.offset for record in batch]
        self._at_end = len(batch) < self._batch_records
        if not batch:
            self._end_or_wait()
        return batch

    def commit(self, records: Sequence[Record]) -> None:
        """Note that the records are in the index; a load that is broken off begins anew, and encodes nothing twice."""
        last_line = max((record.offset for record in records), default=0)
        left = [line for line in self._polled if line > last_line]
        self._done += len(self._polled) - len(left)
        self._polled = left
        self._tell(self._done)
        if self.finished:
            self._stopping.set()

    def lag(self) -> dict[int, int]:
        """Return how many records were read and not committed; how many follow nobody knows."""
        return {0: len(self._polled)}

    def close(self) -> None:
        """Do nothing: the file belongs to whoever opened it."""

    def _end_or_wait(self) -> None:
        if self.finished:
            self._stopping.set()
        else:
            self._stopping.wait(_WAIT_SECONDS)
