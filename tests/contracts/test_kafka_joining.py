"""Members that are let in late, or that forget that they were: each reads as soon as the group goes on."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from ingest.kafka_buffer import RecordBuffer
from ingest.kafka_polling import Ownership, is_joining, poll_into
from ingest.kafka_reader import KafkaReader
from tests.logs import KafkaLog, messages, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ingest.source import Record

pytestmark = pytest.mark.kafka

STUCK_SECONDS = 2.0
BUSY_SECONDS = 0.3


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    """Return a fresh topic of one partition, and a group."""
    made = KafkaLog(kafka_bootstrap, partitions=1)
    yield made
    made.close()


def options(group: str) -> dict[str, Any]:
    """Return what a client of a group has to know."""
    return {
        "group_id": group,
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "partition_assignment_strategy": [CooperativeStickyAssignor],
        "session_timeout_ms": 6_000,
        "max_poll_interval_ms": 60_000,
        "metadata_max_age_ms": 500,
    }


def member(log: KafkaLog, buffer: RecordBuffer) -> KafkaReader:
    """Return a reader of the log's group."""
    return KafkaReader(
        log.connection,
        log.topic,
        buffer,
        forget=lambda _: None,
        options=options(log.group),
        stuck_seconds=STUCK_SECONDS,
    )


def read_into(buffer: RecordBuffer) -> list[Record]:
    """Return the first three records, waiting for them."""
    return buffer.take(limit_records=3, limit_bytes=1_000, wait_seconds=20, fill_seconds=0.5)


def test_a_join_that_is_stuck_is_begun_anew(log: KafkaLog) -> None:
    """The group waits for a member that is alive and takes no part: other clients try until it has left."""
    log.append(messages(3))
    holds, goes_on = threading.Event(), threading.Event()

    def hold_still(_: object) -> None:
        holds.set()
        goes_on.wait(60)

    first_read, then_read = (RecordBuffer(capacity_records=10, capacity_bytes=1_000) for _ in range(2))
    with closing(member(log, first_read)) as idle:
        assert read_into(first_read)
        asked = {"timeout_seconds": 60}
        job = threading.Thread(target=idle.call, args=("hold still", hold_still), kwargs=asked, daemon=True)
        job.start()
        assert holds.wait(20)
        with closing(member(log, then_read)) as reader:
            wait_until(lambda: reader._consumer is not None, "the first client")
            first = reader._consumer

            wait_until(lambda: reader._consumer not in {None, first}, "another client")
            reader.check()
            goes_on.set()
            job.join()
            idle.close()

            assert [one.value for one in read_into(then_read)] == [b"0", b"1", b"2"]


def test_a_join_that_ends_between_two_polls(log: KafkaLog) -> None:
    """New partitions make the client join anew: a poll begins it, and it ends before a busy thread comes again."""
    log.append(messages(1))
    full = RecordBuffer(capacity_records=1, capacity_bytes=1_000)
    with closing(KafkaConsumer(bootstrap_servers=log.bootstrap, **options(log.group))) as consumer:
        consumer.subscribe([log.topic], listener=Ownership(full, lambda _: None))

        def holds(*partitions: int) -> bool:
            poll_into(full, consumer)
            time.sleep(BUSY_SECONDS)
            return full.held() == {*partitions} and not is_joining(consumer)

        wait_until(lambda: holds(0) and full.room() == 0, "the first record")
        with closing(KafkaAdminClient(bootstrap_servers=log.bootstrap)) as admin:
            admin.create_partitions({log.topic: 3})

        wait_until(lambda: holds(0, 1, 2), "the new partitions")
