"""Records to events: a broken one becomes a dead letter, and nothing that a record may hold stops the batch."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.events import Deleted, Nullified, Patched, Position, Upserted
from catalog.product import INT64
from ingest.decode import MAX_VALUE_BYTES, decode
from ingest.source import DeadLetter, Record
from tests.builders import NOW, NOW_MS, SKU, as_bytes, bare, deleted, patched, record, records, upserted

INT64S = st.integers(*INT64)
RAW = st.none() | st.binary(max_size=40) | st.sampled_from([as_bytes(event) for event in (upserted(), deleted())])
HEADERS = st.lists(st.tuples(st.sampled_from(["version", "trace", ""]), st.none() | st.binary(max_size=8)), max_size=3)
RECORDS = st.builds(
    Record,
    topic=st.just("catalogue"),
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, INT64[1]),
    timestamp_ms=INT64S,
    key=RAW,
    value=RAW,
    headers=HEADERS.map(tuple),
)


def letter(of: Record) -> DeadLetter:
    """Return the one dead letter that a record becomes."""
    batch = decode([of])
    assert batch.events == []
    return batch.rejects[0]


def test_events_come_in_the_order_of_the_log() -> None:
    """Each kind of event is read, with its place in the log."""
    batch = decode(records(upserted(), patched(price=1), deleted(), None))

    assert [type(event) for event in batch.events] == [Upserted, Patched, Deleted, Nullified]
    assert [event.position.offset for event in batch.events if event.position] == [0, 1, 2, 3]
    assert batch.rejects == []


def test_a_broken_record_costs_nobody_but_itself() -> None:
    """The rest of the batch is read, and the letter holds the record as it was."""
    batch = decode(records(upserted(), b"{", b"\xff\xfe", {**deleted(), "version": None}, deleted()))

    assert len(batch.events) == 2
    assert [one.reason for one in batch.rejects] == ["malformed_json", "malformed_json", "missing_version"]
    assert [one.record.value for one in batch.rejects[:2]] == [b"{", b"\xff\xfe"]


def test_a_letter_says_where_it_comes_from_and_why() -> None:
    """Five headers of ours come after those of the record."""
    of = record(b"{", partition=2, offset=7, headers=(("trace", b"abc"), ("vitrine-reason", b"replayed")))

    headers = letter(of).headers()

    assert headers[:2] == of.headers
    assert dict(headers[2:]) == {
        "vitrine-reason": b"malformed_json",
        "vitrine-error": b"the value is not JSON in UTF-8: EOF while parsing an object at line 1 column 1",
        "vitrine-topic": b"catalogue",
        "vitrine-partition": b"2",
        "vitrine-offset": b"7",
    }


def test_a_null_value_stands_for_its_key() -> None:
    """Without a version its place in the log counts; the time is the record's."""
    (event,) = decode([record(None, partition=1, offset=9)]).events

    assert event == Nullified(product_id=SKU, occurred_at=NOW, position=Position(1, 9, NOW_MS))


@pytest.mark.parametrize("text", [b"17", b" 17 ", b"+17", b"1_7"])
def test_a_header_gives_a_null_value_a_version(text: bytes) -> None:
    """Then it is a delete like any other."""
    (event,) = decode([record(None, headers=(("trace", b"x"), ("version", text)))]).events

    assert isinstance(event, Deleted)
    assert event.version == 17


@pytest.mark.parametrize(
    "text", [b"", b"x", b"1.0", b"\xff", b"9223372036854775808", b"-9223372036854775809", b"9" * 10_000]
)
def test_a_wrong_version_header_is_a_dead_letter(text: bytes) -> None:
    """What is no 64-bit integer orders nothing."""
    found = letter(record(None, headers=(("version", text),)))

    assert found.reason == "invalid_field"
    assert found.error.startswith("header version")


def test_a_null_version_header_is_none() -> None:
    """A header without a value says nothing."""
    assert isinstance(decode([record(None, headers=(("version", None),))]).events[0], Nullified)


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"x" * 129, b"\xed\xa0\x80", b'{"id":"%s"}' % (b"x" * 129)])
def test_a_null_value_needs_a_key(key: bytes | None) -> None:
    """Without an id nobody knows what is gone."""
    assert letter(record(None, key=key)).reason == "invalid_key"


@pytest.mark.parametrize("key", [b"sku-2", b"", b"\xff", b" sku-1"])
def test_where_key_and_value_differ_the_value_wins(key: bytes) -> None:
    """And it is counted: such events are not in order."""
    batch = decode([record(deleted(), key=key)])

    assert batch.events[0].product_id == SKU
    assert batch.mismatched_keys == 1


@pytest.mark.parametrize("key", [None, SKU.encode()])
def test_no_key_and_the_right_key_are_fine(key: bytes | None) -> None:
    """Only another key is odd."""
    assert decode([record(deleted(), key=key)]).mismatched_keys == 0


def test_unknown_fields_are_counted_by_name() -> None:
    """A misspelt field shows in the metrics."""
    batch = decode(records(upserted(bare(pricee=1, colour="red")), patched(pricee=1)))

    assert batch.unknown_fields == {"pricee": 2, "colour": 1}


@pytest.mark.parametrize(
    ("timestamp_ms", "moment"),
    [
        (NOW_MS, NOW),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1970, 1, 1, tzinfo=UTC)),
        (NOW_MS * 1_000, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (INT64[1], datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (INT64[0], datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_any_time_of_a_record_is_borne(timestamp_ms: int, moment: datetime) -> None:
    """A producer that stamps microseconds, or nothing at all, does not stop the loop."""
    events = decode([record(deleted(), timestamp_ms=timestamp_ms), record(None, timestamp_ms=timestamp_ms)]).events

    assert [event.occurred_at for event in events] == [moment, moment]


def test_an_endless_value_is_a_dead_letter() -> None:
    """What could not be written in one request is refused, with the limit."""
    found = letter(record(b" " * (MAX_VALUE_BYTES + 1)))

    assert found.reason == "too_large"
    assert f"{MAX_VALUE_BYTES:,}" in found.error


@given(st.lists(RECORDS, max_size=5))
def test_no_record_stops_the_batch(batch: list[Record]) -> None:
    """Whatever key, value, headers and times hold: each record becomes an event or a letter that can be sent."""
    decoded = decode(batch)

    assert len(decoded.events) + len(decoded.rejects) == len(batch)
    for one in decoded.rejects:
        assert all(isinstance(value, bytes | None) for _, value in one.headers())
