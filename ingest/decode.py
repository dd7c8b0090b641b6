"""Records to events: pure, record by record, so that a broken one costs nobody but itself.

Besides our own form two others are read, known by what the record holds; each has a file and a line in `FORMATS`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from catalog.errors import InvalidEvent
from catalog.events import Deleted, Nullified, ParsedEvent, Position, event_of, read_object
from catalog.product import INT64, MAX_ID_CHARS
from ingest import cloudevents, debezium
from ingest.debezium import DebeziumReading
from ingest.source import DeadLetter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from catalog.events import Event
    from catalog.product import Json
    from ingest.source import Record

_log = structlog.get_logger(__name__)

VERSION_HEADERS: Final = frozenset({"version", "ce_version"})

MAX_VALUE_BYTES: Final = 16 * 2**20
"""The largest event that is read: what it becomes has to fit one request to the engine (32 MB on a server)."""

_LATEST_MS: Final = 253_402_300_799_000
"""The last second of the year 9999; a producer that stamps microseconds is far beyond it."""


@dataclass(slots=True)
class DecodedBatch:
    """What a batch of records says: events in log order, the rejected, and what was odd but harmless."""

    events: list[Event] = field(default_factory=list)
    rejects: list[DeadLetter] = field(default_factory=list)
    unknown_fields: Counter[str] = field(default_factory=Counter)
    mismatched_keys: int = 0


@dataclass(frozen=True, slots=True)
class Format:
    """A form of events other than our own: how it is recognised, and how one becomes a native event."""

    name: str
    recognises: Callable[[dict[str, Json], Record], bool]
    native: Callable[[dict[str, Json], Record, DebeziumReading], dict[str, Json]]


FORMATS: Final = (
    Format(
        cloudevents.NAME,
        lambda raw, record: cloudevents.recognises(raw, record.headers),
        lambda raw, record, _: cloudevents.native(raw, record.headers),
    ),
    Format(
        debezium.NAME,
        lambda raw, _: debezium.recognises(raw),
        lambda raw, record, reading: debezium.native(raw, record.key, reading),
    ),
)

_PLAIN_TABLES: Final = DebeziumReading()


def decode(records: Iterable[Record], tables: DebeziumReading = _PLAIN_TABLES) -> DecodedBatch:
    """Read every record; what cannot be read becomes a reject with its reason, and the rest goes on.

    `tables` says how the rows of Debezium's change events are read.
    """
    batch = DecodedBatch()
    for record in records:
        try:
            parsed = _parse(record, tables)
        except InvalidEvent as error:
            batch.rejects.append(DeadLetter(record, error.reason, str(error)))
            continue
        except Exception as error:  # noqa: BLE001 - a bug in reading may raise anything, and costs the record that meets it
            _log.exception("a record cannot be processed", position=f"{record.partition}:{record.offset}")
            batch.rejects.append(DeadLetter.of_failure(record, error))
            continue
        batch.events.append(parsed.event)
        batch.unknown_fields.update(parsed.unknown_fields)
        batch.mismatched_keys += _key_differs(record, parsed.event, tables)
    return batch


@dataclass(frozen=True, slots=True)
class _Parsed:
    event: Event
    unknown_fields: tuple[str, ...] = ()


def format_of(raw: dict[str, Json], record: Record) -> Format | None:
    """Return the form that a JSON object is in, None for our own."""
    return next((form for form in FORMATS if form.recognises(raw, record)), None)


def _parse(record: Record, tables: DebeziumReading) -> ParsedEvent | _Parsed:
    position = Position(record.partition, record.offset, record.timestamp_ms)
    received_at = datetime.fromtimestamp(min(max(0, record.timestamp_ms), _LATEST_MS) / 1000, UTC)
    if record.value is None:
        return _Parsed(_null_event(record, tables, position, received_at))
    if len(record.value) > MAX_VALUE_BYTES:
        raise InvalidEvent(
            f"the value has {len(record.value):,} bytes, at most {MAX_VALUE_BYTES:,} are taken: give pictures as URLs",
            reason="too_large",
        )
    if record.headers:
        cloudevents.check_readable(record.headers)
    raw = read_object(record.value)
    form = format_of(raw, record)
    if form is None:
        return event_of(raw, received_at=received_at, position=position)
    try:
        return event_of(form.native(raw, record, tables), received_at=received_at, position=position)
    except InvalidEvent as error:
        raise InvalidEvent(f"{form.name}: {error}", reason=error.reason) from error


def _null_event(record: Record, tables: DebeziumReading, position: Position, received_at: datetime) -> Event:
    """A null value deletes: as of the version in its header, else of its place in the log."""
    key = record.key
    if record.headers and cloudevents.is_binary(record.headers):
        subject = cloudevents.deleted_subject(record.headers)
        key = key or (subject.encode() if subject else None)
    product_id = _product_id(key, tables)
    header = next((value for name, value in record.headers if name in VERSION_HEADERS and value is not None), None)
    if header is None:
        return Nullified(product_id=product_id, occurred_at=received_at, position=position)
    return Deleted(product_id=product_id, version=_version(header), occurred_at=received_at, position=position)


def _product_id(key: bytes | None, tables: DebeziumReading) -> str:
    try:
        text = debezium.key_id(key, tables.mapping) or (key or b"").decode()
    except UnicodeDecodeError as error:
        raise InvalidEvent("is not UTF-8 text", reason="invalid_key", field="key") from error
    if not 0 < len(text) <= MAX_ID_CHARS:
        raise InvalidEvent(
            f"a null value needs the product id (1 to {MAX_ID_CHARS} characters) as its key",
            reason="invalid_key",
            field="key",
        )
    return text


def _version(header: bytes) -> int:
    try:
        version = int(header.decode())
    except ValueError as error:
        raise InvalidEvent("is not a whole number", reason="invalid_field", field="header version") from error
    if not INT64[0] <= version <= INT64[1]:
        raise InvalidEvent("is beyond 64 bits", reason="invalid_field", field="header version")
    return version


def _key_differs(record: Record, event: Event, tables: DebeziumReading) -> bool:
    if record.key is None or record.key == event.product_id.encode():
        return False
    return debezium.key_id(record.key, tables.mapping) != event.product_id
