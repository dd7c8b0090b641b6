"""Records to events: pure, record by record, so that a broken one costs nobody but itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidEvent
from catalog.events import Deleted, Nullified, ParsedEvent, Position, parse_event
from catalog.product import INT64, MAX_ID_CHARS
from ingest.source import DeadLetter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from catalog.events import Event
    from ingest.source import Record

VERSION_HEADER: Final = "version"

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


def decode(records: Iterable[Record]) -> DecodedBatch:
    """Read every record; what cannot be read becomes a reject with its reason, and the rest goes on."""
    batch = DecodedBatch()
    for record in records:
        try:
            parsed = _parse(record)
        except InvalidEvent as error:
            batch.rejects.append(DeadLetter(record, error.reason, str(error)))
            continue
        batch.events.append(parsed.event)
        batch.unknown_fields.update(parsed.unknown_fields)
        batch.mismatched_keys += _key_differs(record, parsed.event)
    return batch


@dataclass(frozen=True, slots=True)
class _Parsed:
    event: Event
    unknown_fields: tuple[str, ...] = ()


def _parse(record: Record) -> ParsedEvent | _Parsed:
    position = Position(record.partition, record.offset, record.timestamp_ms)
    received_at = datetime.fromtimestamp(min(max(0, record.timestamp_ms), _LATEST_MS) / 1000, UTC)
    if record.value is None:
        return _Parsed(_null_event(record, position, received_at))
    if len(record.value) > MAX_VALUE_BYTES:
        raise InvalidEvent(
            f"the value has {len(record.value):,} bytes, at most {MAX_VALUE_BYTES:,} are taken: give pictures as URLs",
            reason="too_large",
        )
    return parse_event(record.value, received_at=received_at, position=position)


def _null_event(record: Record, position: Position, received_at: datetime) -> Event:
    """A null value deletes: as of the version in its header, else of its place in the log."""
    product_id = _product_id(record.key)
    header = next((value for name, value in record.headers if name == VERSION_HEADER and value is not None), None)
    if header is None:
        return Nullified(product_id=product_id, occurred_at=received_at, position=position)
    return Deleted(product_id=product_id, version=_version(header), occurred_at=received_at, position=position)


def _product_id(key: bytes | None) -> str:
    try:
        text = (key or b"").decode()
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


def _key_differs(record: Record, event: Event) -> bool:
    return record.key is not None and record.key != event.product_id.encode()
