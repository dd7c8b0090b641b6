"""A group that does not let a member in: it leaves and asks anew, and reads as soon as the group goes on."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from ingest.kafka_buffer import RecordBuffer
from ingest.kafka_reader import KafkaReader
from tests.logs import KafkaLog, messages, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

pytestmark = pytest.mark.kafka

STUCK_SECONDS = 1.0


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    """Return a fresh topic of one partition, and a group."""
    made = KafkaLog(kafka_bootstrap, partitions=1)
    yield made
    made.close()


def test_a_join_that_is_stuck_is_begun_anew(log: KafkaLog) -> None:
    """The group waits for a member that is alive and takes no part: other clients try until it has left."""
    log.append(messages(3))
    options: dict[str, Any] = {
        "group_id": log.group,
        "auto_offset_reset": "earliest",
        "partition_assignment_strategy": [CooperativeStickyAssignor],
        "max_poll_interval_ms": 60_000,
    }
    idle = KafkaConsumer(log.topic, bootstrap_servers=log.bootstrap, **options)
    wait_until(lambda: idle.poll(timeout_ms=100) or idle.assignment(), "the first member")
    buffer = RecordBuffer(capacity_records=10, capacity_bytes=1_000)
    options["enable_auto_commit"] = False
    reader = KafkaReader(
        log.connection, log.topic, buffer, forget=lambda _: None, options=options, stuck_seconds=STUCK_SECONDS
    )
    with closing(reader):
        wait_until(lambda: reader._consumer is not None, "the first client")
        first = reader._consumer

        wait_until(lambda: reader._consumer not in {None, first}, "another client")
        reader.check()
        idle.close(autocommit=False)

        found = buffer.take(limit_records=3, limit_bytes=1_000, wait_seconds=20, fill_seconds=0.5)
        assert [one.value for one in found] == [b"0", b"1", b"2"]
