"""A poll of the Kafka client that fails when it has read: what it never gave us is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer, TopicPartition

from tests.logs import KafkaLog, read, values, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka import KafkaConsumer

pytestmark = pytest.mark.kafka

NOBODY, COUNT = 99, 50


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    """Return a fresh topic of two partitions, and a group."""
    made = KafkaLog(kafka_bootstrap, partitions=2)
    yield made
    made.close()


def test_a_leader_that_nobody_knows_costs_no_record(log: KafkaLog) -> None:
    """A broker tells of a leader that the client has not heard of: it fails with records in hand, and loses them."""
    producer = KafkaProducer(bootstrap_servers=log.bootstrap)
    for number in range(COUNT):
        producer.send(log.topic, value=b"%d" % number, partition=0)
    producer.close(timeout=5)
    source = log.source(batch_records=10)
    wait_until(lambda: source._buffer.room() == 0, "a full buffer")

    def hear_of_nobody(consumer: KafkaConsumer) -> None:
        assert consumer._cluster.update_partition_leader(TopicPartition(log.topic, 1), NOBODY, 1_000)

    source._reader.call("hear of another leader", hear_of_nobody, timeout_seconds=5)
    first = read(source, 10)
    wait_until(lambda: bool(source._reader._outage), "word of the failure")
    source._reader.call("ask who leads", lambda consumer: consumer._cluster.request_update(), timeout_seconds=5)

    assert values([*first, *read(source, COUNT - 10)]) == list(range(COUNT))
