"""Debezium's change events, in the shapes in which its connectors write them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from catalog.events import Deleted, Nullified, Patched, Upserted
from catalog.state import UNKNOWN, merge
from ingest.coercion import Style
from ingest.debezium import DebeziumReading
from ingest.decode import DecodedBatch, decode
from ingest.mapping import FieldMapping
from tests.builders import JsonObject, as_bytes, record

TS_MS = 1_777_629_600_000
LSN = 24_023_128
PLAIN = DebeziumReading()
UNAVAILABLE = "__debezium_unavailable_value"
ROW: JsonObject = {"id": 1004, "title": "Linen dress", "price": 49.9, "stock": 3, "warehouse": "B7", "brand": None}


def change(operation: str, *, before: object = None, after: object = None, **fields: object) -> JsonObject:
    """Return a change event as Debezium's PostgreSQL connector writes it without schemas."""
    source = {
        "version": "3.0.0.Final",
        "connector": "postgresql",
        "name": "shop",
        "ts_ms": TS_MS,
        "snapshot": "true" if operation == "r" else "false",
        "db": "shop",
        "sequence": f'["{LSN - 9}","{LSN}"]',
        "schema": "public",
        "table": "products",
        "txId": 555,
        "lsn": LSN,
        "xmin": None,
    }
    return {
        "before": before,
        "after": after,
        "source": source,
        "transaction": None,
        "op": operation,
        "ts_ms": TS_MS + 250,
        "ts_us": (TS_MS + 250) * 1000,
        **fields,
    }


def with_schema(payload: JsonObject, *columns: JsonObject) -> JsonObject:
    """Return a change event inside the envelope of Kafka Connect's JSON converter."""
    row = {"type": "struct", "optional": True, "name": "shop.public.products.Value", "fields": list(columns)}
    fields = [{**row, "field": "before"}, {**row, "field": "after"}, {"type": "string", "field": "op"}]
    return {"schema": {"type": "struct", "fields": fields, "name": "shop.Envelope"}, "payload": payload}


def read(
    value: JsonObject | None, *, key: bytes | None = b'{"id":1004}', reading: DebeziumReading = PLAIN
) -> DecodedBatch:
    """Decode one record; keys are as Debezium writes them."""
    return decode([record(value, key=key)], reading)


def refused(value: JsonObject, *, key: bytes | None = b'{"id":1004}') -> tuple[str, str]:
    """Return why a change event is refused: reason and error."""
    batch = read(value, key=key)
    assert batch.events == []
    return batch.rejects[0].reason, batch.rejects[0].error


@pytest.mark.parametrize("operation", ["c", "u", "r"])
def test_a_row_is_an_upsert(operation: str) -> None:
    """Insert, update and snapshot read: version from the log sequence number, time of the commit."""
    batch = read(change(operation, after=ROW))

    (event,) = batch.events
    assert isinstance(event, Upserted)
    assert (event.product_id, event.version) == ("1004", LSN)
    assert event.occurred_at == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert event.registers == {"title": "Linen dress", "price": 49.9, "stock": 3}
    assert batch.unknown_fields == {"warehouse": 1}
    assert batch.mismatched_keys == 0


def test_a_delete_ends_the_row_that_was() -> None:
    """With the default replica identity nothing but the key is in `before`."""
    (event,) = read(change("d", before={"id": 1004, "title": None, "price": None})).events

    assert isinstance(event, Deleted)
    assert (event.product_id, event.version) == ("1004", LSN)


@pytest.mark.parametrize("key", [b'{"id":1004}', b'{"schema":{"type":"struct"},"payload":{"id":1004}}'])
def test_a_delete_without_before_and_the_tombstone_take_the_id_from_the_key(key: bytes) -> None:
    """Both forms of a key are read; the tombstone after a delete changes nothing more."""
    (delete,) = read(change("d"), key=key).events
    (tombstone,) = decode([record(None, key=key, offset=1)]).events

    assert isinstance(delete, Deleted)
    assert isinstance(tombstone, Nullified)
    assert delete.product_id == tombstone.product_id == "1004"
    state = merge(UNKNOWN, delete)
    assert merge(state, tombstone) is state


def test_the_schema_envelope_is_unwrapped_and_gives_decimals_their_scale() -> None:
    """In the precise mode a decimal is base64 of its unscaled digits."""
    row = {**ROW, "price": base64.b64encode((4990).to_bytes(2, "big")).decode()}
    price = {
        "type": "bytes",
        "optional": True,
        "name": "org.apache.kafka.connect.data.Decimal",
        "version": 1,
        "parameters": {"scale": "2", "connect.decimal.precision": "10"},
        "field": "price",
    }

    (event,) = read(with_schema(change("u", after=row), price)).events

    assert isinstance(event, Upserted)
    assert event.registers["price"] == 49.9


def test_columns_are_read_as_databases_write_them() -> None:
    """JSON in text, arrays, 0 and 1 for booleans, decimals as text, times since 1970."""
    row = {
        "id": 7,
        "title": "T",
        "price": "19.90",
        "in_stock": 1,
        "images": '["a.jpg", "b.jpg"]',
        "codes": [4006381333931, "X"],
        "attributes": '{"colour": "red"}',
        "created_at": TS_MS * 1000,
        "popularity": {"scale": 1, "value": "GQ=="},
        "category": "A > B",
    }

    (event,) = read(change("c", after=row), key=None).events

    assert isinstance(event, Upserted)
    assert event.registers == {
        "title": "T",
        "price": 19.9,
        "in_stock": True,
        "images": ["a.jpg", "b.jpg"],
        "codes": ["4006381333931", "X"],
        "attributes.colour": "red",
        "created_at": "2026-05-01T10:00:00Z",
        "popularity": 2.5,
        "category": "A > B",
    }


def test_an_unchanged_large_value_is_left_alone() -> None:
    """PostgreSQL does not send it again: the rest is a patch, in which null removes."""
    (event,) = read(change("u", after={**ROW, "description": UNAVAILABLE, "codes": [UNAVAILABLE]})).events

    assert isinstance(event, Patched)
    assert event.registers == {"title": "Linen dress", "price": 49.9, "stock": 3, "brand": None}


def test_columns_of_other_names_are_mapped() -> None:
    """In rows and in keys."""
    mapping = FieldMapping({"sku": "id", "name": "title", "farbe": "attributes.colour"}, style=Style("|"))
    reading = DebeziumReading(mapping=mapping)
    row = {"sku": "a", "name": "Dress", "id": 5, "farbe": "rot"}

    (upsert,) = read(change("c", after=row), key=b'{"sku":"a"}', reading=reading).events
    (delete,) = read(change("d"), key=b'{"sku":"a"}', reading=reading).events

    assert isinstance(upsert, Upserted)
    assert (upsert.product_id, upsert.registers) == ("a", {"title": "Dress", "attributes.colour": "rot"})
    assert delete.product_id == "a"


def test_without_a_log_sequence_number_the_time_is_the_version() -> None:
    """MySQL has none."""
    event = change("c", after=ROW, source={"connector": "mysql", "file": "binlog.3", "pos": 154, "ts_ms": TS_MS})

    assert read(event).events[0].version == TS_MS + 250  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("path", "version"),
    [("ts_ms", TS_MS + 250), ("source.ts_ms", TS_MS), ("after.revision", 9), ("source.scn,ts_ms", TS_MS + 250)],
)
def test_the_version_is_where_the_setting_says(path: str, version: int) -> None:
    """The first path that the event has; a deleted row is looked for in `before`."""
    row = {**ROW, "revision": "9"}
    paths = tuple(path.split(","))

    for event in (change("u", after=row), change("d", before=row)):
        assert read(event, reading=DebeziumReading(paths)).events[0].version == version  # type: ignore[union-attr]


def test_a_null_version_is_not_replaced_by_another_scale() -> None:
    """One product ordered by two clocks would be frozen by the faster one."""
    event = change("u", after=ROW)
    event["source"]["lsn"] = None

    reason, error = refused(event)

    assert reason == "missing_version"
    assert "source.lsn" in error
    assert "VITRINE_KAFKA__DEBEZIUM_VERSION" in error


@pytest.mark.parametrize(
    ("value", "reason", "said"),
    [
        (change("t"), "truncated_table", "--repair --delete-missing"),
        (change("m"), "unknown_type", "op: is 'm'"),
        ({**change("c"), "op": {}}, "unknown_type", "op: is {}"),
        (change("u"), "invalid_envelope", "after: should be the row"),
        (change("c", after=[ROW]), "invalid_envelope", "after: should be the row"),
        (change("c", after={"id": 1, "title": None}), "invalid_field", "title or at least one image"),
        (change("c", after={**ROW, "price": "CF4="}), "invalid_field", "price: Input should be a number"),
        (change("c", after={"title": "T"}), "invalid_field", "product.id: Field required"),
        ({"op": "c", "after": ROW}, "missing_version", "none of source.lsn, ts_ms"),
        ({"op": "c", "after": ROW, "ts_ms": True}, "missing_version", "ts_ms: is True"),
        ({"op": "c", "after": ROW, "ts_ms": 2**63}, "invalid_field", "version"),
    ],
)
def test_what_is_wrong_is_said(value: JsonObject, reason: str, said: str) -> None:
    """The letter names the format and the field."""
    found = refused(value)

    assert found[0] == reason
    assert said in found[1]
    assert found[1].startswith("Debezium: ")


def test_a_delete_that_names_nobody_is_refused() -> None:
    """Neither `before` nor the key has an id."""
    assert refused(change("d"), key=None)[0] == "invalid_envelope"
    assert refused(change("d"), key=b"1004")[0] == "invalid_envelope"


@pytest.mark.parametrize(
    "schema",
    [
        [],
        {"fields": 1},
        {"fields": [{"field": "after", "fields": [{"field": [], "name": "org.apache.kafka.connect.data.Decimal"}]}]},
    ],
)
def test_a_schema_of_junk_is_ignored(schema: object) -> None:
    """It is only asked for decimals."""
    assert len(decode([record(as_bytes({"schema": schema, "payload": change("c", after=ROW)}))]).events) == 1


@pytest.mark.parametrize("scale", ["1000000000", -1_000_000_000, 2.5, "x", None])
def test_a_hostile_scale_costs_nothing(scale: object) -> None:
    """Ten to the billionth is not computed."""
    row = {**ROW, "price": {"scale": scale, "value": "B8Y="}}

    assert refused(change("c", after=row))[0] == "invalid_field"
