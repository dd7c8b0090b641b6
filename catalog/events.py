"""Events: what the outside promises us about a product, one small value per kind.

`parse_event` reads INTERFACE's native JSON form. Fields arrive already split into registers (see `product`), so that
the merge knows nothing about products and products know nothing about versions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias, get_args

import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from catalog.errors import InvalidEvent
from catalog.product import INT64, Json, ProductFields, ProductId, Time

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic_core import ErrorDetails

EventType: TypeAlias = Literal["product.upserted", "product.patched", "product.deleted"]
EVENT_TYPES: Final = get_args(EventType)

_MESSAGE_CHARS: Final = 300
"""What a refusal says goes along with the dead letter, which must not outgrow what its topic takes."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands in the log; decides only what a null value ends, for that has no version."""

    partition: int
    offset: int
    time_ms: int

    def later_than(self, other: Position) -> bool:
        """Return whether this record came after `other`: by offset, or by time where a key changed its partition."""
        if self.partition == other.partition:
            return self.offset > other.offset
        return (self.time_ms, self.partition, self.offset) > (other.time_ms, other.partition, other.offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upserted:
    """The whole product at a version: every register not in `registers` is absent from then on."""

    product_id: str
    version: int
    occurred_at: datetime
    position: Position | None = None
    registers: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patched:
    """Some registers at a version; null removes one, and `attributes: null` all attributes."""

    product_id: str
    version: int
    occurred_at: datetime
    position: Position | None = None
    registers: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """The product is gone as of a version."""

    product_id: str
    version: int
    occurred_at: datetime
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nullified:
    """A null value on the log: no version, so its place in the log counts."""

    product_id: str
    occurred_at: datetime
    position: Position


Event: TypeAlias = Upserted | Patched | Deleted | Nullified


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """An event and the names of the fields that it carried and nobody knows."""

    event: Upserted | Patched | Deleted
    unknown_fields: tuple[str, ...] = ()


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore")
    type: EventType
    version: Annotated[int, Field(strict=True, ge=INT64[0], le=INT64[1])]
    occurred_at: Time | None = None


class _ProductToUpsert(ProductFields):
    id: ProductId

    @model_validator(mode="after")
    def _can_be_found(self) -> _ProductToUpsert:
        if not self.title and not self.images:
            raise ValueError("a product needs a title or at least one image")
        return self


class _Upsert(_Envelope):
    product: _ProductToUpsert


class _Patch(_Envelope):
    product_id: ProductId
    changes: ProductFields


class _Delete(_Envelope):
    product_id: ProductId


_ADAPTERS: Final[dict[str, TypeAdapter[_Upsert] | TypeAdapter[_Patch] | TypeAdapter[_Delete]]] = {
    "product.upserted": TypeAdapter(_Upsert),
    "product.patched": TypeAdapter(_Patch),
    "product.deleted": TypeAdapter(_Delete),
}


_KNOWN_FIELDS: Final = {
    "product.upserted": ("product", frozenset(ProductFields.model_fields) | {"id"}),
    "product.patched": ("changes", frozenset(ProductFields.model_fields)),
}
"""Where an event has its fields, and which are known there."""


def parse_event(value: bytes, *, received_at: datetime, position: Position | None = None) -> ParsedEvent:
    """Read one event; `received_at` stands in for an absent `occurred_at`.

    Raises `InvalidEvent` with the reason `malformed_json`, `unknown_type`, `missing_version` or `invalid_field`.
    """
    return event_of(read_object(value), received_at=received_at, position=position)


def event_of(raw: dict[str, Json], *, received_at: datetime, position: Position | None = None) -> ParsedEvent:
    """Return the event that a JSON object holds; otherwise as `parse_event`."""
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in _ADAPTERS:
        raise InvalidEvent(f"is {kind!r:.80}; known are {', '.join(EVENT_TYPES)}", reason="unknown_type", field="type")
    if raw.get("version") is None:
        raise InvalidEvent(
            "is missing: an event without a version cannot be ordered", reason="missing_version", field="version"
        )
    try:
        envelope = _ADAPTERS[kind].validate_python(raw)
    except ValidationError as error:
        raise _invalid(error) from error
    return ParsedEvent(_event(envelope, envelope.occurred_at or received_at, position), _unknown_fields(raw, kind))


def read_object(value: bytes) -> dict[str, Json]:
    """Return the JSON object that a value holds; raises `InvalidEvent` with the reason `malformed_json`."""
    try:
        raw = pydantic_core.from_json(value, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidEvent(f"the value is not JSON in UTF-8: {error}", reason="malformed_json") from error
    if not isinstance(raw, dict):
        raise InvalidEvent(
            "the value is JSON but not an object with type, version and product", reason="malformed_json"
        )
    return raw


def _event(
    envelope: _Upsert | _Patch | _Delete, occurred_at: datetime, position: Position | None
) -> Upserted | Patched | Deleted:
    match envelope:
        case _Upsert(version=version, product=product):
            named = {key: value for key, value in product.registers().items() if value is not None and key != "id"}
            return Upserted(
                product_id=product.id, version=version, occurred_at=occurred_at, position=position, registers=named
            )
        case _Patch(version=version, product_id=product_id, changes=changes):
            return Patched(
                product_id=product_id,
                version=version,
                occurred_at=occurred_at,
                position=position,
                registers=changes.registers(),
            )
        case _Delete(version=version, product_id=product_id):
            return Deleted(product_id=product_id, version=version, occurred_at=occurred_at, position=position)


def _unknown_fields(raw: dict[str, Json], kind: str) -> tuple[str, ...]:
    if kind not in _KNOWN_FIELDS:
        return ()
    body_key, known = _KNOWN_FIELDS[kind]
    body = raw[body_key]
    return () if body.keys() <= known else tuple(name for name in body if name not in known)


def _invalid(error: ValidationError) -> InvalidEvent:
    """Name the first few culprits; a hostile event may have thousands."""
    first, *others = error.errors(include_url=False, include_context=False, include_input=False)[:5]
    path = ".".join(str(part) for part in first["loc"])[:200]
    more = "".join(f"; {'.'.join(str(part) for part in other['loc'])[:200]}: {_said(other)}" for other in others)
    return InvalidEvent(_said(first) + more, reason="invalid_field", field=path)


def _said(error: ErrorDetails) -> str:
    """Return what is wrong in the sender's terms, not pydantic's."""
    if error["type"] == "model_type":
        return "Input should be an object"
    return error["msg"].removeprefix("Value error, ")[:_MESSAGE_CHARS]
