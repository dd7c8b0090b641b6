"""A poll of the Kafka client that fails: nothing is passed over for it, and nobody else waits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.errors import UnknownBrokerIdError

from ingest.kafka_polling import poll_into
from tests.logs import KafkaLog, read, values, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kafka import KafkaConsumer

    from ingest.source import Record
    from tests.broker import Broker

pytestmark = pytest.mark.kafka

NOBODY, COUNT = 99, 50


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    """Return a fresh topic of two partitions, and a group."""
    made = KafkaLog(kafka_bootstrap, partitions=2)
    yield made
    made.close()


def send(log: KafkaLog, numbers: range, *, partition: int) -> None:
    """Append one batch of numbers."""
    producer = KafkaProducer(bootstrap_servers=log.bootstrap, linger_ms=500)
    for number in numbers:
        producer.send(log.topic, value=b"%d" % number, partition=partition)
    producer.close(timeout=5)


def flip_last_byte(segment: Path) -> None:
    """Damage the last batch of a log, or mend it."""
    with segment.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        (byte,) = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([byte ^ 0xFF]))


def test_a_leader_that_nobody_knows_costs_no_record(log: KafkaLog) -> None:
    """A broker tells of a leader that the client has not heard of: it fails with records in hand, and loses them."""
    source = log.source(batch_records=10)
    wait_until(lambda: source.lag() == {0: 0, 1: 0}, "both partitions")
    assert source.poll() == []
    send(log, range(COUNT), partition=0)
    wait_until(lambda: source._buffer.room() == 0, "a full buffer")

    def fail(consumer: KafkaConsumer) -> Sequence[Record]:
        taken = source.poll()
        assert consumer._cluster.update_partition_leader(TopicPartition(log.topic, 1), NOBODY, 1_000)
        with pytest.raises(UnknownBrokerIdError):
            poll_into(source._buffer, consumer)
        consumer._cluster.request_update()
        return taken

    first = source._reader.call("fail", fail, timeout_seconds=5)

    assert values([*first, *read(source, COUNT - len(first))]) == list(range(COUNT))


def test_a_damaged_batch_holds_up_its_own_partition_alone(shared_broker: Broker) -> None:
    """What is before it is read, and all other partitions; once the log is mended, so is what follows."""
    log = KafkaLog(shared_broker.bootstrap, partitions=2)
    send(log, range(5), partition=0)
    send(log, range(5, 8), partition=0)
    (segment,) = (shared_broker.folder / "data").glob(f"{log.topic}-0/*.log")
    flip_last_byte(segment)
    source = log.source()

    first = read(source, 5)
    send(log, range(10, 20), partition=1)
    others = read(source, 10)
    source.commit([*first, *others])
    flip_last_byte(segment)
    rest = read(source, 3)

    assert (values(first), values(others), values(rest)) == ([*range(5)], [*range(10, 20)], [5, 6, 7])
    log.close()
