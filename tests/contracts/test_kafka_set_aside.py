"""Partitions that the Kafka client set aside while the buffer was full: each of them is read on."""

from __future__ import annotations

from contextlib import closing

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from ingest.kafka_buffer import RecordBuffer
from ingest.kafka_polling import poll_into
from tests.broker import create_topic
from tests.logs import values, wait_until

pytestmark = pytest.mark.kafka

EACH = 20


def test_two_partitions_set_aside_are_both_read_on(kafka_bootstrap: str) -> None:
    """The second comes, as in a rebalance, while the first waits for room; with room again nothing is left lying."""
    topic = create_topic(kafka_bootstrap, partitions=2)
    first, second = (TopicPartition(topic, number) for number in (0, 1))
    with closing(KafkaProducer(bootstrap_servers=kafka_bootstrap)) as producer:
        for number in range(2 * EACH):
            producer.send(topic, value=b"%d" % number, partition=number % 2)
        producer.flush(timeout=5)
    buffer = RecordBuffer(capacity_records=4 * EACH, capacity_bytes=10_000)
    buffer.claim([0, 1])
    options = {"bootstrap_servers": kafka_bootstrap, "auto_offset_reset": "earliest", "enable_auto_commit": False}
    with closing(KafkaConsumer(**options)) as consumer:
        consumer.assign([first, second])
        for place, other in ((first, second), (second, first)):
            consumer.pause(other)
            consumer.resume(place)
            wait_until(lambda: consumer.poll(timeout_ms=100, max_records=1), "a record")
        consumer.pause(first, second)
        consumer.poll(max_records=1)
        assert len(consumer._fetcher._paused_partition_records) == 2

        def is_all_read() -> bool:
            poll_into(buffer, consumer)
            return buffer.room() == 2 * EACH + 2

        wait_until(is_all_read, "the rest")

        taken = buffer.take(limit_records=4 * EACH, limit_bytes=10_000, wait_seconds=0, fill_seconds=0)
    assert values(taken) == list(range(2, 2 * EACH))
