"""Debezium change events, with and without the schema envelope: rows of the shop's own table as events of ours.

Inserts, updates and snapshot reads become upserts of `after`, deletes end the id in `before` or in the record's key.
An update that leaves out unchanged large values (PostgreSQL's TOAST) becomes a patch of all the others.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pydantic_core

from catalog.errors import InvalidEvent
from catalog.product import iso
from ingest.coercion import to_field
from ingest.mapping import ID, FieldMapping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from catalog.product import Json

NAME: Final = "Debezium"
DEFAULT_VERSION_PATHS: Final = ("source.lsn", "ts_ms")
VERSION_SETTING: Final = "VITRINE_KAFKA__DEBEZIUM_VERSION"

_ROWS: Final = frozenset({"c", "u", "r"})
_DELETE: Final = "d"
_TRUNCATE: Final = "t"
_BEFORE, _AFTER = "before", "after"
_UNAVAILABLE: Final = "__debezium_unavailable_value"
_DECIMAL: Final = "org.apache.kafka.connect.data.Decimal"
_LATEST_MS: Final = 253_402_300_799_000
"""The last second of the year 9999; what is later is no time in milliseconds."""
_MAX_SCALE: Final = 300
_MAX_DECIMAL_CHARS: Final = 200
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DebeziumReading:
    """How the shop's table is read.

    The first of `version_paths` that an event has is its version: a dotted path from the change event's top, such as
    `source.lsn`, `ts_ms` or `after.revision` (for a delete, `before.revision`). `mapping` is of the table's columns.
    """

    version_paths: tuple[str, ...] = DEFAULT_VERSION_PATHS
    mapping: FieldMapping = field(default_factory=FieldMapping)


def recognises(raw: dict[str, Json]) -> bool:
    """Return whether a JSON object is a change event."""
    if isinstance(raw.get("type"), str):
        return False
    change = _change(raw)
    return "op" in change and not change.keys().isdisjoint({_BEFORE, _AFTER, "source"})


def native(raw: dict[str, Json], key: bytes | None, reading: DebeziumReading) -> dict[str, Json]:
    """Return the native event that a change means; raises `InvalidEvent` that says what to do."""
    change = _change(raw)
    operation = change["op"]
    if operation == _TRUNCATE:
        raise InvalidEvent(
            "is 't': the table was truncated, which names no product. Delete them with "
            "`vitrine ingest reconcile SNAPSHOT --repair --delete-missing`, or keep it off with skipped.operations=t",
            reason="truncated_table",
            field="op",
        )
    if operation != _DELETE and not (isinstance(operation, str) and operation in _ROWS):
        raise InvalidEvent(f"is {operation!r:.80}; known are c, r, u, d and t", reason="unknown_type", field="op")
    version = _version(change, reading.version_paths)
    event = (
        _delete(change, key, reading.mapping) if operation == _DELETE else _upsert(raw, change, str(operation), reading)
    )
    return {**event, "version": version, "occurred_at": _occurred_at(change)}


def key_id(key: bytes | None, mapping: FieldMapping) -> str | None:
    """Return the product id in a key as Debezium writes it, a JSON object of the key columns; None for other keys."""
    if key is None or not key.startswith(b"{"):
        return None
    try:
        columns = pydantic_core.from_json(key, allow_inf_nan=False)
    except ValueError:
        return None
    if isinstance(columns.get("payload"), dict):
        columns = columns["payload"]
    product_id = _id(columns, mapping)
    return product_id if isinstance(product_id, str) and product_id else None


def _change(raw: dict[str, Json]) -> dict[str, Json]:
    payload = raw.get("payload")
    return payload if isinstance(payload, dict) and "op" in payload else raw


def _upsert(raw: dict[str, Json], change: dict[str, Json], operation: str, reading: DebeziumReading) -> dict[str, Json]:
    row = change.get(_AFTER)
    if not isinstance(row, dict):
        raise _wrong(f"should be the row: op is {operation!r}", _AFTER)
    types = _decimal_scales(raw)
    known = {name: _decimal(value, types.get(name)) for name, value in row.items() if not _is_unavailable(value)}
    product = reading.mapping.product(known)
    if len(known) == len(row) and not reading.mapping.patches:
        return {"type": "product.upserted", "product": product}
    return {"type": "product.patched", "product_id": product.pop(ID, None), "changes": product}


def _delete(change: dict[str, Json], key: bytes | None, mapping: FieldMapping) -> dict[str, Json]:
    row = change.get(_BEFORE)
    product_id = _id(row, mapping) if isinstance(row, dict) else None
    product_id = key_id(key, mapping) if product_id is None else product_id
    if product_id is None:
        raise _wrong("has no product id, nor has the record's key: map the id's column, or set a key", _BEFORE)
    return {"type": "product.deleted", "product_id": product_id}


def _id(row: dict[str, Json], mapping: FieldMapping) -> Json:
    column = next((column for column in row if mapping.target(column) == ID), None)
    return None if column is None else to_field(ID, row[column], mapping.style)


def _version(change: dict[str, Json], paths: Iterable[str]) -> int:
    for path in paths:
        holder, name = _holder(change, path)
        if name not in holder:
            continue
        value = holder[name]
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise InvalidEvent(
            f"is {value!r:.80}, which orders nothing; name a whole number in {VERSION_SETTING}",
            reason="missing_version",
            field=path,
        )
    raise InvalidEvent(
        f"none of {', '.join(paths)} is in the change event; name the field that orders them in {VERSION_SETTING}",
        reason="missing_version",
    )


def _holder(change: dict[str, Json], path: str) -> tuple[dict[str, Json], str]:
    """Return the object that has a path's last name, an empty one where there is none."""
    *parents, name = path.split(".")
    holder: Json = change
    for parent in parents:
        is_deleted_row = holder is change and parent == _AFTER and change.get(_AFTER) is None
        holder = holder.get(_BEFORE if is_deleted_row else parent)
        if not isinstance(holder, dict):
            return {}, name
    return holder, name


def _occurred_at(change: dict[str, Json]) -> str | None:
    source = change.get("source")
    committed = source.get("ts_ms") if isinstance(source, dict) else None
    for time_ms in (committed, change.get("ts_ms")):
        if isinstance(time_ms, int) and 0 < time_ms <= _LATEST_MS:
            return iso(datetime.fromtimestamp(time_ms / 1000, UTC))
    return None


def _is_unavailable(value: Json) -> bool:
    return isinstance(value, str | list) and value in (_UNAVAILABLE, [_UNAVAILABLE])


def _decimal_scales(raw: dict[str, Json]) -> dict[str, Json]:
    """Return the scale of each column of `after` whose schema says that it is a decimal in base64."""
    if not isinstance(raw.get("schema"), dict):
        return {}
    after = next((one for one in _fields(raw["schema"]) if one.get("field") == _AFTER), {})
    return {
        one["field"]: one["parameters"].get("scale")
        for one in _fields(after)
        if one.get("name") == _DECIMAL and isinstance(one.get("field"), str) and isinstance(one.get("parameters"), dict)
    }


def _fields(schema: dict[str, Json]) -> list[dict[str, Json]]:
    fields = schema.get("fields")
    return [one for one in fields if isinstance(one, dict)] if isinstance(fields, list) else []


def _decimal(value: Json, scale: Json) -> Json:
    """Return the number of a decimal as Kafka Connect writes it: base64 of the unscaled number, the scale apart."""
    if isinstance(value, dict) and value.keys() == {"scale", "value"}:  # VariableScaleDecimal
        value, scale = value["value"], value["scale"]
    if isinstance(scale, str) and _WHOLE.fullmatch(scale):
        scale = int(scale)
    if not isinstance(scale, int) or abs(scale) > _MAX_SCALE:
        return value
    if not isinstance(value, str) or len(value) > _MAX_DECIMAL_CHARS:
        return value
    try:
        unscaled = int.from_bytes(base64.b64decode(value, validate=True), "big", signed=True)
        return unscaled / 10**scale if scale >= 0 else float(unscaled * 10**-scale)
    except (binascii.Error, OverflowError, ValueError):
        return value


def _wrong(message: str, field: str) -> InvalidEvent:
    return InvalidEvent(message, reason="invalid_envelope", field=field)
