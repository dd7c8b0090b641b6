"""When a worker that is to end once it has caught up does: on a log that grows all along, and not before it began."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from deploy.processes.migration import feeding
from deploy.processes.migration.feeding import UntilCaughtUp
from tests.builders import record

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from ingest.source import Record


@dataclass
class GrowingSource:
    """A `Source` of partitions to each of which a record comes with every poll; the group lets it in after a while."""

    left: dict[int, int]
    polls_before_it_is_let_in: int = 0
    polled: int = 0
    read: dict[int, int] = field(default_factory=dict)

    def poll(self) -> Sequence[Record]:
        """Return two records of the partition of which most is left."""
        self.polled += 1
        if self.polled <= self.polls_before_it_is_let_in:
            return []
        partition = max(self.left, key=lambda one: self.left[one])
        first = self.read.get(partition, 0)
        batch = [record(partition=partition, offset=first + n) for n in range(min(2, self.left[partition]))]
        self.left = {one: left + 1 for one, left in self.left.items()}
        return batch

    def commit(self, records: Sequence[Record]) -> None:
        """Remember how far it was read."""
        for one in records:
            self.read[one.partition] = one.offset + 1
            self.left[one.partition] -= 1

    def lag(self) -> dict[int, int]:
        """Return what is left, nothing while it holds no partition."""
        return dict(self.left) if self.polled > self.polls_before_it_is_let_in else {}

    def close(self) -> None:
        """Do nothing."""


def polls_until_stopped(inner: GrowingSource, most: int = 100) -> int:
    """Read as a consumer does until told to stop, and return how many polls that took."""
    stopping = threading.Event()
    source = UntilCaughtUp(inner, stopping)
    for polls in count(1):
        batch = source.poll()
        if batch and not stopping.is_set():
            source.commit(batch)
        if stopping.is_set():
            return polls
        assert polls < most, "it never stops"
    raise AssertionError


def test_a_log_that_grows_all_along_is_caught_up_with() -> None:
    """What lay on it at the start is read, of each partition; that more has come since keeps nobody."""
    source = GrowingSource({0: 9, 1: 4})
    polls_until_stopped(source)
    assert source.read[0] >= 9
    assert source.read[1] >= 4
    assert sum(source.left.values()) > 0


def test_to_hold_no_partition_yet_is_not_to_have_read_all() -> None:
    """A group lets its first worker in after three seconds, by Kafka's default."""
    source = GrowingSource({0: 3}, polls_before_it_is_let_in=3)
    polls_until_stopped(source)
    assert source.read[0] >= 3


def test_a_worker_that_is_given_nothing_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where other workers of the group have all partitions there is nothing to catch up with."""
    monkeypatch.setattr(feeding, "OTHERS_HAVE_ALL_SECONDS", 0.0)
    assert polls_until_stopped(GrowingSource({0: 3}, polls_before_it_is_let_in=1_000)) < 3
