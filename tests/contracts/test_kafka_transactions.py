"""Producers that write in transactions: what one took back is no event, and the marks of transactions are no lag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer

from ingest import kafka_groups
from tests.logs import KafkaLog, read, values, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kafka


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    """Return a fresh topic of one partition, and a group."""
    made = KafkaLog(kafka_bootstrap, partitions=1)
    yield made
    made.close()


@pytest.fixture
def producer(log: KafkaLog) -> Iterator[KafkaProducer]:
    """Return a producer that writes in transactions."""
    made = KafkaProducer(bootstrap_servers=log.bootstrap, transactional_id=log.topic)
    made.init_transactions()
    yield made
    made.close(timeout=5)


def send(producer: KafkaProducer, log: KafkaLog, number: int) -> None:
    """Begin a transaction with one record."""
    producer.begin_transaction()
    producer.send(log.topic, value=b"%d" % number).get(timeout=10)


def test_what_was_taken_back_is_never_read(log: KafkaLog, producer: KafkaProducer) -> None:
    """A price that its producer took back must not show."""
    send(producer, log, 1)
    producer.commit_transaction()
    send(producer, log, 2)
    producer.abort_transaction()
    send(producer, log, 3)
    producer.commit_transaction()

    source = log.source()

    assert values(read(source, 2)) == [1, 3]
    assert source.poll() == []


def test_marks_of_transactions_are_no_lag(log: KafkaLog, producer: KafkaProducer) -> None:
    """With all done there is nothing left, for the worker and for whoever asks the group."""
    send(producer, log, 1)
    producer.commit_transaction()
    source = log.source()
    records = read(source, 1)
    assert source.poll() == []

    source.commit(records)

    assert source.lag() == {0: 0}
    assert kafka_groups.lag(log.connection, topic=log.topic, group=log.group) == 0


def test_what_was_taken_back_is_no_lag(log: KafkaLog, producer: KafkaProducer) -> None:
    """It comes behind the last commit, so that nothing will ever be committed for it."""
    log.append([])
    source = log.source()
    wait_until(lambda: source.lag() == {0: 0}, "the partition")
    send(producer, log, 1)
    producer.abort_transaction()

    wait_until(lambda: source.lag() == {0: 0} and source.poll() == [] and source.lag() == {0: 0}, "no lag")


def test_a_record_in_hand_is_lag(log: KafkaLog, producer: KafkaProducer) -> None:
    """However far reading has come, what is not committed is left to do."""
    send(producer, log, 1)
    producer.commit_transaction()
    source = log.source()
    read(source, 1)
    assert source.poll() == []

    assert source.lag()[0] > 0
