"""Records read ahead of the worker: filled by the thread that polls Kafka, emptied by the loop, cut by rebalances."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.source import Record


class RecordBuffer:
    """A queue of records of the partitions this worker holds; every method may be called from any thread.

    It is full at `capacity_records` or at `capacity_bytes` of keys and values, whichever comes first.
    """

    def __init__(self, *, capacity_records: int, capacity_bytes: int) -> None:
        self._capacity_records = capacity_records
        self._capacity_bytes = capacity_bytes
        self._records: deque[Record] = deque()
        self._bytes = 0
        self._held: set[int] = set()
        self._ends: dict[int, int] = {}
        self._changed = threading.Condition()

    def claim(self, partitions: Iterable[int]) -> None:
        """Note that these partitions are ours now."""
        with self._changed:
            self._held.update(partitions)

    def release(self, partitions: Iterable[int]) -> None:
        """Note that these partitions are no longer ours, and forget their records: their new owner reads them again."""
        with self._changed:
            self._held.difference_update(partitions)
            self._ends = {partition: end for partition, end in self._ends.items() if partition in self._held}
            kept = [record for record in self._records if record.partition in self._held]
            self._records = deque(kept)
            self._bytes = sum(size_bytes(record) for record in kept)

    def held(self) -> frozenset[int]:
        """Return the partitions that are ours."""
        with self._changed:
            return frozenset(self._held)

    def end(self, partition: int) -> int:
        """Return the offset behind the last record that came of a partition since it is ours, 0 if none did."""
        with self._changed:
            return self._ends.get(partition, 0)

    def room(self) -> int:
        """Return how many records it takes before it is full."""
        with self._changed:
            if self._bytes >= self._capacity_bytes:
                return 0
            return max(0, self._capacity_records - len(self._records))

    def add(self, records: Iterable[Record]) -> None:
        """Append what was read, even beyond the capacity; records of partitions that are not ours are dropped."""
        with self._changed:
            for record in records:
                if record.partition in self._held:
                    self._records.append(record)
                    self._bytes += size_bytes(record)
                    self._ends[record.partition] = record.offset + 1
            self._changed.notify_all()

    def take(self, *, limit_records: int, limit_bytes: int, wait_seconds: float, fill_seconds: float) -> list[Record]:
        """Return the next records, in order.

        Waits up to `wait_seconds` for the first one and then up to `fill_seconds` for a full batch.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._records), timeout=wait_seconds):
                return []
            self._changed.wait_for(
                lambda: len(self._records) >= limit_records or self._bytes >= limit_bytes, timeout=fill_seconds
            )
            return self._pop(limit_records, limit_bytes)

    def _pop(self, limit_records: int, limit_bytes: int) -> list[Record]:
        taken: list[Record] = []
        taken_bytes = 0
        while self._records and len(taken) < limit_records:
            next_bytes = size_bytes(self._records[0])
            if taken and taken_bytes + next_bytes > limit_bytes:
                break
            taken.append(self._records.popleft())
            taken_bytes += next_bytes
        self._bytes -= taken_bytes
        return taken


def size_bytes(record: Record) -> int:
    """Return how much of the memory limit a record counts for."""
    return len(record.key or b"") + len(record.value or b"")
