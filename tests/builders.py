"""Products, events, records and pictures for tests, with defaults for whatever a test does not care about."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from PIL import Image

from catalog.events import Position, parse_event
from ingest.source import Record

if TYPE_CHECKING:
    from catalog.events import Event

NOW = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
SKU = "sku-1"

JsonObject: TypeAlias = dict[str, Any]


def product(**fields: object) -> JsonObject:
    """Return a product as an event carries it; a field given as None is left out."""
    defaults: JsonObject = {
        "id": SKU,
        "title": "Red canvas shoe",
        "brand": "Alder",
        "category": "Women > Shoes > Sneakers",
        "price": 19.9,
        "stock": 3,
        "attributes": {"colour": "red", "size": ["38", "39"]},
    }
    return {name: value for name, value in (defaults | fields).items() if value is not None}


def bare(product_id: str = SKU, **fields: object) -> JsonObject:
    """Return a product of an id, a title and what is given, nothing else."""
    return {"id": product_id, "title": "Thing", **fields}


def upserted(of: JsonObject | None = None, *, version: int = 1, **envelope: object) -> JsonObject:
    """Return a `product.upserted` event."""
    return {"type": "product.upserted", "version": version, "product": product() if of is None else of, **envelope}


def patched(product_id: str = SKU, *, version: int = 1, **changes: object) -> JsonObject:
    """Return a `product.patched` event."""
    return {"type": "product.patched", "version": version, "product_id": product_id, "changes": changes}


def deleted(product_id: str = SKU, *, version: int = 1) -> JsonObject:
    """Return a `product.deleted` event."""
    return {"type": "product.deleted", "version": version, "product_id": product_id}


def as_bytes(event: object) -> bytes:
    """Return an event as it lies on the log."""
    return json.dumps(event, ensure_ascii=False).encode()


def as_event(event: JsonObject, *, position: Position | None = None, received_at: datetime = NOW) -> Event:
    """Return an event as the merge takes it."""
    return parse_event(as_bytes(event), received_at=received_at, position=position).event


def id_of(event: JsonObject) -> str:
    """Return the id of the product that an event is about."""
    body = event.get("product", event)
    return str(body.get("id") or body.get("product_id"))


def record(
    value: JsonObject | bytes | None = None,
    *,
    key: bytes | None = SKU.encode(),
    partition: int = 0,
    offset: int = 0,
    timestamp_ms: int = NOW_MS,
    headers: tuple[tuple[str, bytes | None], ...] = (),
) -> Record:
    """Return a record; one that is not given bytes holds the JSON of what it is given, or null."""
    raw = value if isinstance(value, bytes | None) else as_bytes(value)
    return Record("catalogue", partition, offset, timestamp_ms, key, raw, headers)


def records(*values: JsonObject | bytes | None) -> list[Record]:
    """Return one record for each value at offsets from 0, keyed by product where there is one to be seen."""
    return [
        record(value, key=id_of(value).encode() if isinstance(value, dict) else SKU.encode(), offset=offset)
        for offset, value in enumerate(values)
    ]


def jpeg(colour: str | tuple[int, int, int] = "red", *, size: tuple[int, int] = (16, 16)) -> bytes:
    """Return a picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, format="JPEG")
    return file.getvalue()
