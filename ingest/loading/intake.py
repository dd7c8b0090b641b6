"""Rows as records on a log: each is judged as the worker would judge it, before anything is sent anywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pydantic_core

from catalog.errors import InvalidEvent, Misconfigured
from catalog.events import event_of
from ingest import decode
from ingest.loading.rows import BadRow
from ingest.mapping import ID, TARGETS, FieldMapping
from ingest.source import Record

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Sequence

    from catalog.events import Event
    from catalog.product import Json
    from ingest.debezium import DebeziumReading
    from ingest.loading.rows import Row, Rows
    from ingest.loading.versions import VersionRule

PARTITION: Final = -1
"""No partition of a log: where a record of a file stands is told from where others stand by its time alone."""
_EVENT_FIELDS: Final = frozenset({"product", "product_id", "changes"})


@dataclass(frozen=True, slots=True)
class Claim:
    """What a good row says: its record, the event that this is, and whether the version is the row's own."""

    record: Record
    event: Event
    versioned: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """What makes records of rows: the file's name, how rows are read, and when they were loaded (epoch, ms)."""

    name: str
    rule: VersionRule
    mapping: FieldMapping | None
    tables: DebeziumReading
    loaded_at_ms: int

    def check_header(self, columns: Sequence[str]) -> None:
        """Raise `Misconfigured` where no column gives the id, or the one that `--version` names is not there."""
        assert self.mapping is not None, "a table has a mapping"
        shown = ", ".join(columns[:50])
        if not any(self.mapping.target(column) == ID for column in columns):
            raise Misconfigured(
                f'no column of {self.name} gives the id: name it in a mapping file, [columns] "YOURS" = "id". '
                f"There are: {shown}"
            )
        if self.rule.constant is None and self.rule.column not in columns:
            raise Misconfigured(f"--version {self.rule.column}: {self.name} has no such column. There are: {shown}")

    def records(self, rows: Rows, refuse: Callable[[BadRow], None], unknown: Counter[str]) -> Iterator[Record]:
        """Yield a record for each good row, its offset being the line; count fields that nobody knows."""
        return (claim.record for claim in self.claims(rows, refuse, unknown))

    def claims(self, rows: Rows, refuse: Callable[[BadRow], None], unknown: Counter[str]) -> Iterator[Claim]:
        """Yield what each good row says; otherwise as `records`."""
        for row in rows:
            judged = row if isinstance(row, BadRow) else self._judged(row, unknown)
            if isinstance(judged, BadRow):
                refuse(judged)
            else:
                yield judged

    def _judged(self, row: Row, unknown: Counter[str]) -> Claim | BadRow:
        record = Record(self.name, PARTITION, row.line, self.loaded_at_ms, None, row.json_bytes)
        versioned = self.rule.column is not None and row.fields.get(self.rule.column) not in (None, "")
        if row.json_bytes and _is_event(row, record):
            versioned = True
        else:
            try:
                value = _to_json(self._event(row))
            except InvalidEvent as error:
                return BadRow(row.line, error.reason, str(error), dict(row.fields))
            record = replace(record, value=value)
        batch = decode.decode([record], self.tables)
        for letter in batch.rejects:
            return BadRow(row.line, letter.reason, letter.error, dict(row.fields))
        unknown.update(batch.unknown_fields)
        event = batch.events[0]
        return Claim(replace(record, key=event.product_id.encode()), event, versioned)

    def _event(self, row: Row) -> dict[str, Json]:
        """Return the event that a row of products means."""
        version = self.rule.of(row.fields)
        fields = {name: value for name, value in row.fields.items() if name != self.rule.column or name in TARGETS}
        product = self.mapping.product(fields) if self.mapping else fields
        if self.mapping is None or not self.mapping.patches:
            return {"type": "product.upserted", "version": version, "product": product}
        product_id = product.pop(ID, None)
        return {"type": "product.patched", "version": version, "product_id": product_id, "changes": product}


def _to_json(event: dict[str, Json]) -> bytes:
    """Return an event as JSON; raises `InvalidEvent` that names the field whose number no float holds, as in 1e999."""
    value = pydantic_core.to_json(event)
    if b"Infinity" not in value:
        return value
    event_of(event, received_at=datetime.now(UTC))
    return pydantic_core.to_json(event, inf_nan_mode="null")  # what is left of them is in fields that nobody knows


def _is_event(row: Row, record: Record) -> bool:
    """Return whether a line is an event; a product may well have a field `type` of its own."""
    fields = dict(row.fields)
    kind = fields.get("type")
    is_native = not _EVENT_FIELDS.isdisjoint(fields) or (isinstance(kind, str) and kind.startswith("product."))
    return is_native or decode.format_of(fields, record) is not None
