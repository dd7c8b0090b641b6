"""The buffer between the thread that polls Kafka and the loop."""

from __future__ import annotations

import threading

from ingest.kafka_buffer import RecordBuffer
from ingest.source import Record


def record(partition: int, offset: int, *, value: bytes = b"v") -> Record:
    """Return a record at this place."""
    return Record("t", partition, offset, 0, None, value)


def buffer(*partitions: int, capacity_records: int = 10, capacity_bytes: int = 1_000) -> RecordBuffer:
    """Return an empty buffer that holds these partitions."""
    made = RecordBuffer(capacity_records=capacity_records, capacity_bytes=capacity_bytes)
    made.claim(partitions)
    return made


def take(from_buffer: RecordBuffer, *, limit_records: int = 100, limit_bytes: int = 1_000) -> list[Record]:
    """Take without waiting."""
    return from_buffer.take(limit_records=limit_records, limit_bytes=limit_bytes, wait_seconds=0, fill_seconds=0)


def test_records_come_out_in_order() -> None:
    """What goes in first comes out first."""
    queue = buffer(0, 1)
    records = [record(0, 0), record(1, 0), record(0, 1)]

    queue.add(records)

    assert take(queue, limit_records=2) == records[:2]
    assert take(queue) == records[2:]
    assert take(queue) == []


def test_a_released_partition_takes_its_records_along() -> None:
    """What another worker will read is not worked on here."""
    queue = buffer(0, 1)
    queue.add([record(0, 0), record(1, 0), record(0, 1)])

    queue.release([0])

    assert take(queue) == [record(1, 0)]
    assert queue.held() == {1}


def test_records_of_partitions_not_held_are_dropped() -> None:
    """A record that arrives behind the loss of its partition is too late."""
    queue = buffer(1)

    queue.add([record(0, 0), record(1, 0)])

    assert take(queue) == [record(1, 0)]


def test_the_room_counts_records() -> None:
    """A full buffer has no room, an overfull one neither."""
    queue = buffer(0, capacity_records=2)

    rooms = [queue.room()]
    for offset in range(3):
        queue.add([record(0, offset)])
        rooms.append(queue.room())

    assert rooms == [2, 1, 0, 0]


def test_the_room_counts_bytes() -> None:
    """A few large records fill the buffer as well, until they are taken or released."""
    queue = buffer(0, 1, capacity_bytes=100)
    queue.add([record(0, 0, value=b"x" * 60), record(1, 0, value=b"x" * 60)])
    full = queue.room()

    queue.release([0])

    assert (full, queue.room()) == (0, 9)
    take(queue)
    assert queue.room() == 10


def test_a_batch_is_limited_in_bytes() -> None:
    """Records go together up to the limit; one beyond it comes alone."""
    queue = buffer(0)
    queue.add([record(0, offset, value=b"x" * size) for offset, size in enumerate((40, 50, 20, 500, 1))])

    sizes = [[len(one.value or b"") for one in take(queue, limit_bytes=100)] for _ in range(4)]

    assert sizes == [[40, 50], [20], [500], [1]]


def test_taking_waits_for_a_full_batch() -> None:
    """A second record that comes while we wait is part of the batch, and a full batch ends the waiting."""
    queue = buffer(0)
    queue.add([record(0, 0)])
    adding = threading.Timer(0.05, queue.add, [[record(0, 1)]])
    adding.start()

    taken = queue.take(limit_records=2, limit_bytes=1_000, wait_seconds=10, fill_seconds=10)

    adding.join()
    assert [one.offset for one in taken] == [0, 1]
