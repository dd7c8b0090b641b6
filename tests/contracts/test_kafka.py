"""What only a real Kafka broker can do to a source: slow workers, restarts, rebalances, codecs, refusals."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer, TopicPartition

from catalog.errors import BrokerUnavailable, InvalidInput, Misconfigured
from ingest.kafka import KafkaSource
from ingest.kafka_connection import KafkaConnection
from ingest.kafka_dead_letters import KafkaDeadLetters
from ingest.kafka_producer import KafkaEvents
from ingest.source import DeadLetter, Record
from tests.broker import create_topic
from tests.logs import KafkaLog, messages, read, values, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.source import Source
    from tests.broker import Broker

pytestmark = pytest.mark.kafka


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    """Return a fresh topic of four partitions, and a group."""
    made = KafkaLog(kafka_bootstrap, partitions=4)
    yield made
    made.close()


def held(source: KafkaSource) -> frozenset[int]:
    """Return the partitions a source holds."""
    return source._buffer.held()


def paused(source: KafkaSource) -> frozenset[TopicPartition]:
    """Return the partitions a source does not fetch from at present."""
    return source._reader.call("look", lambda consumer: frozenset(consumer.paused()), timeout_seconds=5)


def member(source: KafkaSource) -> tuple[str, int]:
    """Return who the group takes this source for: member id and generation."""
    seen = source._reader.call("ask who we are", lambda consumer: consumer.group_metadata(), timeout_seconds=5)
    return seen.member_id, seen.generation_id


def test_a_slow_worker_keeps_its_membership(log: KafkaLog) -> None:
    """A batch that takes longer than the poll interval is still committed by the same member."""
    log.append(messages(30))
    source = log.source(batch_records=5, session_timeout_seconds=6, max_poll_interval_seconds=1)
    batch = read(source, 5)
    before = member(source)

    time.sleep(1.6)  # the work itself: nothing to wait for
    source.commit(batch)

    assert member(source) == before
    assert sum(source.lag().values()) == 30 - len(batch)
    assert len({(one.partition, one.offset) for one in [*batch, *read(source, 30 - len(batch))]}) == 30


def test_the_source_reads_no_further_ahead_than_one_batch(log: KafkaLog) -> None:
    """While the worker is busy the partitions are paused, so memory is bounded."""
    log.append(messages(2_000))
    source = log.source(batch_records=10)
    read(source, 10)

    wait_until(lambda: len(paused(source)) == 4, "all partitions paused")

    assert source._buffer.room() == 0
    assert len(source._buffer._records) <= 20


def test_a_restart_of_the_broker_is_waited_out(own_broker: Broker) -> None:
    """An outage shows as `BrokerUnavailable`, ends by itself, and nothing is lost."""
    log = KafkaLog(own_broker.bootstrap, partitions=2)
    log.append(messages(60))
    source = log.source(batch_records=20)
    first = read(source, 20)
    source.commit(first)
    second = read(source, 20)

    own_broker.stop()
    with pytest.raises(BrokerUnavailable, match="cannot commit"):
        source.commit(second)
    seen: list[Record] = []
    wait_until(lambda: _outage(source, seen), "word of the outage")
    started = time.monotonic()
    sum(source.lag().values())
    assert time.monotonic() - started < 1
    own_broker.start()

    source.commit(second)
    log.append(messages(20, start=60))
    while len(first) + len(second) + len(seen) < 80:
        seen.extend(read(source, 1))
    assert values([*first, *second, *seen]) == list(range(80))
    source.commit(seen)
    assert sum(source.lag().values()) == 0
    log.close()


def _outage(source: Source, seen: list[Record]) -> bool:
    try:
        seen.extend(source.poll())
    except BrokerUnavailable:
        return True
    return False


def test_two_sources_share_the_partitions_and_one_takes_over(log: KafkaLog) -> None:
    """The group gives each its half, and all to the one that stays."""
    first = log.source()
    wait_until(lambda: len(held(first)) == 4, "all partitions")
    second = log.source()
    wait_until(lambda: len(held(first)) == 2 and len(held(second)) == 2, "two each")
    log.append(messages(100, keys=50))
    wait_until(lambda: sum(first.lag().values()) + sum(second.lag().values()) == 100, "the lag of both")

    mine = read(first, sum(first.lag().values()))
    first.commit(mine)
    started = time.monotonic()
    first.close()
    wait_until(lambda: len(held(second)) == 4, "the partitions of the other")
    taken_over_seconds = time.monotonic() - started

    assert values([*mine, *read(second, 100 - len(mine))]) == list(range(100))
    assert taken_over_seconds < 5


def test_a_killed_source_is_known_again_by_its_name(log: KafkaLog) -> None:
    """Who starts under the name of one that did not leave has its partitions at once; that one is told, if it lives."""
    log.append(messages(40))
    first = log.source(batch_records=10, session_timeout_seconds=30, instance="one")
    mine = read(first, 20)
    first.commit(mine)
    started = time.monotonic()

    second = log.source(session_timeout_seconds=30, instance="one")

    again = read(second, 40 - len(mine))
    assert values([*mine, *again]) == list(range(40))
    assert time.monotonic() - started < 10
    with pytest.raises(Misconfigured, match="instance"):
        first.commit(again)


def test_a_commit_after_a_lost_partition_does_not_raise(log: KafkaLog) -> None:
    """The new owner reads the records again; the old one drops them, and commits only what is still its own."""
    log.append(messages(80, keys=40))
    first = log.source()
    batch = read(first, 80)
    second = log.source()
    wait_until(lambda: len(held(first)) == 2 and len(held(second)) == 2, "two each")

    first.commit(batch)

    again = read(second, sum(record.partition in held(second) for record in batch))
    assert {record.partition for record in again} == held(second)
    assert first.skipped_commits == 1
    assert sum(first.lag().values()) == 0
    second.commit(again)
    assert sum(second.lag().values()) == 0


def test_records_of_a_lost_partition_leave_the_buffer(log: KafkaLog) -> None:
    """What was read ahead from a partition that moved away is not handed to the worker."""
    log.append(messages(400, keys=40))
    first = log.source(batch_records=100)
    head = read(first, 100)
    wait_until(lambda: first._buffer.room() == 0, "a full buffer")
    second = log.source()
    wait_until(lambda: len(held(first)) == 2 and len(held(second)) == 2, "two each")

    mine = held(first)
    rest = read(first, 100)

    assert {record.partition for record in rest} <= mine
    places = [(record.partition, record.offset) for record in [*head, *rest] if record.partition in mine]
    assert len(places) == len(set(places))


def test_every_codec_is_read(log: KafkaLog) -> None:
    """A shop's producers may compress with whatever Kafka knows."""
    for number, codec in enumerate(("gzip", "snappy", "lz4", "zstd")):
        producer = KafkaProducer(bootstrap_servers=log.bootstrap, compression_type=codec, linger_ms=50)
        for message in messages(50, start=50 * number):
            producer.send(log.topic, key=message.key, value=(message.value or b"").rjust(200, b"0"))
        producer.close(timeout=5)

    assert values(read(log.source(), 200)) == list(range(200))


def test_a_missing_topic_is_waited_for(log: KafkaLog) -> None:
    """A worker may be started before its topic exists."""
    source = log.source(topic=f"{log.topic}-later")
    assert source.poll() == []
    wait_until(lambda: source._reader._told_missing, "word of the missing topic")
    assert source.poll() == []

    create_topic(log.bootstrap, name=f"{log.topic}-later")
    events = KafkaEvents(log.connection, topic=f"{log.topic}-later")
    events.append([(b"k", b"1")])
    events.close()

    assert values(read(source, 1)) == [1]


def test_a_wrong_password_is_no_outage(shared_broker: Broker) -> None:
    """Refused credentials end the worker with a word on what to check."""
    connection = _secure(shared_broker, password="wrong")
    source = KafkaSource(connection, topic="any", group="any")

    with pytest.raises(Misconfigured, match="password"):
        read(source, 1)
    with pytest.raises(Misconfigured):
        source.commit([_record()])
    source.close()


def test_a_user_without_rights_is_no_outage(shared_broker: Broker) -> None:
    """A user whom the broker knows and lets nowhere is told so."""
    topic = create_topic(shared_broker.bootstrap)
    connection = _secure(shared_broker, user="stranger")
    source = KafkaSource(connection, topic=topic, group="any")

    with pytest.raises(Misconfigured, match="access"):
        read(source, 1)
    with pytest.raises(Misconfigured, match="access"):
        KafkaEvents(connection, topic=topic).append([(b"k", b"v")])
    source.close()


def test_the_right_password_is_let_in(shared_broker: Broker) -> None:
    """SASL works for reading and for writing."""
    topic = create_topic(shared_broker.bootstrap)
    connection = _secure(shared_broker)
    events = KafkaEvents(connection, topic=topic)
    events.append([(b"k", b"1")])
    events.close()
    source = KafkaSource(connection, topic=topic, group=topic)

    records = read(source, 1)
    source.commit(records)

    assert sum(source.lag().values()) == 0
    source.close()


def _secure(broker: Broker, *, user: str = "vitrine", password: str = "right") -> KafkaConnection:
    return KafkaConnection(
        broker.secure_bootstrap,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_username=user,
        sasl_password=password,
    )


def test_a_letter_too_large_is_cut(log: KafkaLog) -> None:
    """A dead letter that the topic refuses for its size arrives shortened, with its true size, among whole ones."""
    large = _letter(b"L" * 1_500_000)
    sink = log.dead_letters()

    sink.send([_letter(b"one"), large, _letter(b"two")])
    sink.send([_letter(b"three")])

    letters = {message.value: message for message in log.letters(4)}
    assert set(letters) == {b"one", b"two", b"three", b"L" * 65_536}
    headers = letters[b"L" * 65_536].headers
    assert headers[:-1] == large.headers()
    assert headers[-1] == ("vitrine-truncated", b"1500000")


def test_a_letter_always_fits_in_the_end(kafka_bootstrap: str) -> None:
    """Where even the cut letter is too large, key and value are cut hard and the original headers left out."""
    topic = create_topic(kafka_bootstrap, configs={"max.message.bytes": "8000"})
    log = KafkaLog(kafka_bootstrap, topic=topic)
    sink = KafkaDeadLetters(log.connection, topic=topic)

    sink.send([_letter(b"L" * 100_000, headers=(("trace", b"t" * 20_000),))])

    (letter,) = read(log.source(), 1)
    assert letter.value == b"L" * 1024
    assert dict(letter.headers)["vitrine-truncated"] == b"100000"
    assert "trace" not in dict(letter.headers)
    sink.close()
    log.close()


def test_an_event_too_large_is_named(log: KafkaLog) -> None:
    """Loading stops at an event that the topic does not take, and goes on with others afterwards."""
    events = KafkaEvents(log.connection, topic=log.topic)

    with pytest.raises(InvalidInput, match=r"sku-9.*max\.message\.bytes"):
        events.append([(b"sku-9", b"x" * 2_000_000)])

    assert events.append((message.key or b"", message.value) for message in messages(5_000)) == 5_000
    assert values(read(log.source(), 5_000)) == list(range(5_000))
    events.close()


def _record(value: bytes = b"v", headers: tuple[tuple[str, bytes | None], ...] = ()) -> Record:
    return Record(topic="any", partition=0, offset=0, timestamp_ms=0, key=b"k", value=value, headers=headers)


def _letter(value: bytes, headers: tuple[tuple[str, bytes | None], ...] = ()) -> DeadLetter:
    return DeadLetter(_record(value, headers), "not-json", "line 1")
