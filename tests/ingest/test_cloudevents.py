"""CloudEvents around our events: both modes, and what is wrong with an envelope."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from catalog.events import Deleted, Nullified, Patched, Upserted
from ingest.decode import decode
from tests.builders import NOW, SKU, JsonObject, as_bytes, bare, deleted, patched, record, upserted

if TYPE_CHECKING:
    from catalog.events import Event
    from ingest.source import DeadLetter

TIME = "2026-05-01T08:00:00.5+02:00"
AT = datetime(2026, 5, 1, 6, 0, 0, 500_000, tzinfo=UTC)


def envelope(data: object = None, *, kind: str = "product.upserted", **attributes: object) -> JsonObject:
    """Return a structured CloudEvent; an attribute given as None is left out."""
    fields: JsonObject = {"specversion": "1.0", "id": "e-1", "source": "/shop", "type": kind, "data": data}
    return {name: value for name, value in (fields | attributes).items() if value is not None}


def headers(kind: str = "product.upserted", **attributes: str) -> tuple[tuple[str, bytes | None], ...]:
    """Return the headers of a binary CloudEvent."""
    fields = {"specversion": "1.0", "id": "e-1", "source": "/shop", "type": kind} | attributes
    return (
        ("content-type", b"application/json"),
        *((f"ce_{name}", value.encode()) for name, value in fields.items()),
    )


def read(value: JsonObject | bytes | None, of: tuple[tuple[str, bytes | None], ...] = ()) -> Event:
    """Return the event that a record is."""
    batch = decode([record(value, headers=of)])
    assert batch.rejects == []
    return batch.events[0]


def refused(value: JsonObject | bytes | None, of: tuple[tuple[str, bytes | None], ...] = ()) -> DeadLetter:
    """Return the dead letter that a record becomes."""
    batch = decode([record(value, headers=of)])
    assert batch.events == []
    return batch.rejects[0]


@pytest.mark.parametrize("kind", ["product.upserted", "com.example.shop.product.upserted", "com.example.changed"])
def test_a_native_event_may_be_the_data(kind: str) -> None:
    """Whatever the envelope's type says, an event of ours inside is read as it stands."""
    event = read(envelope(upserted(bare(price=3), version=17), kind=kind))

    assert event == read(upserted(bare(price=3), version=17))


def test_the_envelope_gives_what_the_data_lacks() -> None:
    """Type, version and time come from the envelope, the product is the data."""
    event = read(envelope(bare(price=3), version=17, time=TIME))

    assert isinstance(event, Upserted)
    assert (event.product_id, event.version, event.occurred_at) == (SKU, 17, AT)
    assert event.registers == {"title": "Thing", "price": 3}


def test_the_data_wins_over_the_envelope() -> None:
    """An event that has a version and a time of its own keeps them."""
    event = read(envelope(upserted(version=3, occurred_at="2020-01-01T00:00:00Z"), version=17, time=TIME))

    assert isinstance(event, Upserted)
    assert (event.version, event.occurred_at.year) == (3, 2020)


def test_changes_and_deletions_take_their_product_from_the_subject() -> None:
    """A bare patch or delete needs the id from somewhere."""
    patch = read(envelope({"price": 2.5}, kind="product.patched", subject="a", version=2))
    delete = read(envelope(kind="product.deleted", subject="a", version=3))
    whole = read(envelope({"product_id": "b", "changes": {"price": 2}}, kind="product.patched", subject="a", version=2))

    assert isinstance(patch, Patched)
    assert (patch.product_id, patch.registers) == ("a", {"price": 2.5})
    assert isinstance(delete, Deleted)
    assert (delete.product_id, delete.version) == ("a", 3)
    assert whole.product_id == "b"


def test_binary_mode_reads_headers() -> None:
    """The value is the data; attributes stand in `ce_` headers, as text."""
    event = read(bare(price=3), headers(version="17", time=TIME))

    assert event == read(envelope(bare(price=3), version=17, time=TIME))


def test_a_native_event_in_binary_mode() -> None:
    """The value alone would have done."""
    assert read(deleted(version=3), headers("product.deleted")) == read(deleted(version=3))


def test_a_null_value_in_binary_mode_is_a_deletion() -> None:
    """With a version of that version, without one by its place in the log; nothing else goes without data."""
    versioned = read(None, headers("product.deleted", version="4"))
    placed = read(None, headers("product.deleted"))
    by_subject = decode([record(None, key=None, headers=headers("product.deleted", subject="a"))]).events[0]

    assert isinstance(versioned, Deleted)
    assert versioned.version == 4
    assert isinstance(placed, Nullified)
    assert by_subject.product_id == "a"
    assert refused(None, headers("product.upserted")).error == "ce_type: only a product.deleted goes without data"


def test_base64_data_is_read() -> None:
    """Some senders write every payload so."""
    data = base64.b64encode(as_bytes(upserted(version=5))).decode()

    assert read(envelope(data_base64=data)) == read(upserted(version=5))


def test_the_content_type_alone_makes_it_structured() -> None:
    """Parameters and case do not matter; without specversion the envelope is at fault then."""
    of = (("Content-Type", b"application/CloudEvents+json; charset=UTF-8"),)

    assert read(envelope(bare(), version=1), of) == read(upserted(bare(), version=1))
    assert refused(upserted(), of).error == "CloudEvents: specversion: is missing: a CloudEvent says 1.0 here"


@pytest.mark.parametrize(
    ("value", "reason", "said"),
    [
        (envelope(bare(), version=1, specversion="0.3"), "invalid_envelope", "specversion: is '0.3'"),
        (envelope(bare(), version=1, specversion=1), "invalid_envelope", "specversion: is 1;"),
        (envelope("text", version=1), "invalid_envelope", "data: should be an object"),
        (envelope(version=1), "invalid_envelope", "data: is missing"),
        (envelope(version=1, kind="product.patched"), "invalid_envelope", "data: is missing"),
        (envelope("<a/>", datacontenttype="text/xml"), "invalid_envelope", "datacontenttype: is 'text/xml'"),
        (envelope(data_base64="?"), "invalid_envelope", "data_base64: is not base64"),
        (envelope(data_base64="e30x"), "malformed_json", "not JSON"),
        (envelope(bare(), version=1, kind="com.example.changed"), "unknown_type", "com.example.changed"),
        (envelope(bare()), "missing_version", "version: is missing"),
        (envelope(bare(), version="1.5"), "invalid_field", "version"),
        (envelope(bare(), version=1, time="noon"), "invalid_field", "occurred_at"),
        (envelope({"price": 1}, kind="product.patched", version=1), "invalid_field", "product_id"),
    ],
)
def test_what_is_wrong_is_said(value: JsonObject, reason: str, said: str) -> None:
    """The letter names the format and the field."""
    found = refused(value)

    assert found.reason == reason
    assert said in found.error
    assert found.error.startswith("CloudEvents: ")


@pytest.mark.parametrize(
    "of",
    [(("content-type", b"application/cloudevents+avro"),), (*headers()[1:], ("content-type", b"application/avro"))],
)
def test_other_encodings_are_refused_by_name(of: tuple[tuple[str, bytes | None], ...]) -> None:
    """Avro is not guessed at."""
    assert "avro" in refused(b"\x00Obj", of).error


def test_other_headers_change_nothing() -> None:
    """A native event with a content type, or any header of ours, stays native."""
    of = (("content-type", b"application/json"), ("ce_other", b"x"), ("trace", None))

    assert read(patched(price=1), of).occurred_at == NOW
