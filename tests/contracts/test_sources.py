"""What the ingest loop relies on, whatever the log: one suite on the event log and on a real Kafka broker."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from ingest.message import Message
from ingest.source import DeadLetter, Record
from tests.logs import FileLog, KafkaLog, Log, messages, read, values, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["eventlog", pytest.param("kafka", marks=pytest.mark.kafka)])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    """Return an empty log, of each kind in turn."""
    made: Log = KafkaLog(request.getfixturevalue("kafka_bootstrap")) if request.param == "kafka" else FileLog(tmp_path)
    yield made
    made.close()


def test_records_come_in_order_within_each_partition(log: Log) -> None:
    """Every record comes once, its partition's records in the order of their offsets and of writing."""
    log.append(messages(500))

    records = read(log.open(batch_records=64), 500)

    assert values(records) == list(range(500))
    for partition in {record.partition for record in records}:
        mine = [record for record in records if record.partition == partition]
        assert [record.offset for record in mine] == list(range(len(mine)))
        assert [int(record.value or b"") for record in mine] == values(mine)


def test_a_batch_holds_no_more_than_asked_for(log: Log) -> None:
    """`batch_records` is a limit."""
    log.append(messages(50))
    source = log.open(batch_records=7)

    sizes: list[int] = []
    while sum(sizes) < 50:
        sizes.append(len(source.poll()))

    assert max(sizes) == 7


def test_reading_resumes_behind_the_last_commit(log: Log) -> None:
    """After a restart only what was written since the commit is read."""
    log.append(messages(40))
    first = log.open()
    first.commit(read(first, 40))
    first.close()
    log.append(messages(5, start=40))

    records = read(log.open(), 5)

    assert values(records) == [40, 41, 42, 43, 44]


def test_what_was_not_committed_is_read_again(log: Log) -> None:
    """A worker that dies between polling and committing loses nothing."""
    log.append(messages(30, keys=1))
    first = log.open(batch_records=10)
    batch = first.poll() or read(first, 10)
    first.commit(batch)
    read(first, 10)
    first.close()

    records = read(log.open(), 30 - len(batch))

    assert values(records) == list(range(len(batch), 30))


def test_polling_goes_on_after_the_last_batch_without_a_commit(log: Log) -> None:
    """Calling `poll` again does not repeat anything."""
    log.append(messages(20, keys=1))
    source = log.open(batch_records=10)

    records = [*read(source, 10), *read(source, 10)]

    assert values(records) == list(range(20))


def test_a_commit_of_an_older_batch_moves_nothing_back(log: Log) -> None:
    """Committing twice, or in the wrong order, keeps the furthest offset."""
    log.append(messages(20, keys=1))
    first = log.open(batch_records=10)
    older, newer = read(first, 10), read(first, 10)
    first.commit(newer)
    first.commit(older)
    first.close()
    log.append(messages(1, start=20))

    records = read(log.open(), 1)

    assert values(records) == [20]


def test_records_of_an_earlier_source_can_be_committed(log: Log) -> None:
    """What is committed are places on the log, not the memory of one source."""
    log.append(messages(10, keys=1))
    first = log.open()
    records = read(first, 10)
    first.close()
    second = log.open()
    read(second, 10)

    second.commit(records[:4])
    second.close()

    assert values(read(log.open(), 6)) == [4, 5, 6, 7, 8, 9]


def test_a_commit_of_nothing_is_allowed(log: Log) -> None:
    """An empty batch may be committed."""
    source = log.open()

    source.commit([])

    assert sum(source.lag().values()) == 0


def test_bytes_and_headers_come_back_as_they_went_in(log: Log) -> None:
    """Keys, values and headers may be null, empty or no text at all; a header may come twice."""
    headers = (("a", b"1"), ("a", b"\xff\xfe"), ("empty", b""), ("null", None), ("ünïcode", "Straße".encode()))
    sent = [
        Message(b"k", b"\x00\xff\n\r", headers, timestamp_ms=1_700_000_000_123),
        Message(b"\xff", None, timestamp_ms=1_700_000_000_124),
        Message(b"k", b"", timestamp_ms=1_700_000_000_125),
        Message(None, b'{"text": "\xe2\x80\xa8"}', timestamp_ms=1_700_000_000_126),
        Message(None, None, timestamp_ms=1_700_000_000_127),
    ]
    log.append(sent)

    records = read(log.open(), len(sent))

    records.sort(key=lambda record: record.timestamp_ms)
    assert [Message(one.key, one.value, one.headers, one.timestamp_ms) for one in records] == sent


def test_a_record_of_a_megabyte_is_read(log: Log) -> None:
    """An event may carry its pictures with it."""
    value = b'{"picture": "' + b"x" * 900_000 + b'"}'
    log.append([Message(b"k", value), Message(b"k", b"small")])

    records = read(log.open(), 2)

    assert [record.value for record in records] == [value, b"small"]


def test_polling_an_empty_log_returns_nothing_soon(log: Log) -> None:
    """`poll` blocks for about a second at most."""
    source = log.open()
    started = time.monotonic()

    records = source.poll()

    assert records == []
    assert time.monotonic() - started < 1.5


def test_a_record_written_later_wakes_the_reader(log: Log) -> None:
    """A source that has read everything goes on when more comes."""
    source = log.open()
    log.append(messages(1))
    read(source, 1)
    log.append(messages(1, start=1))

    assert values(read(source, 1)) == [1]


def test_the_lag_falls_to_nothing(log: Log) -> None:
    """The lag counts what is not committed, polled or not."""
    log.append(messages(25))
    source = log.open()
    records = read(source, 25)
    before = sum(source.lag().values())
    source.commit(records)

    assert (before, sum(source.lag().values())) == (25, 0)
    log.append(messages(3))
    wait_until(lambda: sum(source.lag().values()) == 3, "a lag of three")


def test_a_closed_source_can_be_closed_again(log: Log) -> None:
    """Closing is quick, and twice does no harm."""
    source = log.open()
    source.poll()
    started = time.monotonic()

    source.close()
    source.close()

    assert time.monotonic() - started < 5


def test_dead_letters_keep_the_record_and_say_why(log: Log) -> None:
    """A dead letter is the original, byte for byte, with five headers behind its own."""
    record = Record(
        topic="catalogue",
        partition=2,
        offset=17,
        timestamp_ms=1_700_000_000_000,
        key=b"\xff\x00",
        value=b'{"broken": ',
        headers=(("trace", b"\xfe"), ("none", None)),
    )
    null = Record(topic="catalogue", partition=0, offset=3, timestamp_ms=1_700_000_000_000, key=None, value=None)
    sink = log.dead_letters()

    sink.send([DeadLetter(record, "not-json", "line 1: a value is missing"), DeadLetter(null, "no-key", "send a key")])
    sink.send([])

    first, second = log.letters(2)
    assert (first.key, first.value) == (b"\xff\x00", b'{"broken": ')
    assert first.headers == (
        ("trace", b"\xfe"),
        ("none", None),
        ("vitrine-reason", b"not-json"),
        ("vitrine-error", b"line 1: a value is missing"),
        ("vitrine-topic", b"catalogue"),
        ("vitrine-partition", b"2"),
        ("vitrine-offset", b"17"),
    )
    assert (second.key, second.value) == (None, None)
    assert dict(second.headers)["vitrine-offset"] == b"3"
