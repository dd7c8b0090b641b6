"""CloudEvents 1.0 around our events: structured (one JSON object) and binary (attributes in the record's headers).

The type of ours stands in the envelope's `type` (also behind a reversed domain name) or in the data; the data is a
native event, or just the product, the changes or nothing. What the data lacks the envelope gives: `version` (an
extension attribute), `time` and `subject` (the product id).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final, TypeAlias

from catalog.errors import InvalidEvent
from catalog.events import EVENT_TYPES, EventType, read_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.product import Json

NAME: Final = "CloudEvents"
_SPECVERSION: Final = "specversion"
_CONTENT_TYPE: Final = "content-type"
_MEDIA_TYPE: Final = "application/cloudevents"
_PREFIX: Final = "ce_"
_KINDS: Final[tuple[EventType, ...]] = EVENT_TYPES
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_ENVELOPE: Final = frozenset({"version", "occurred_at"})

Headers: TypeAlias = tuple[tuple[str, bytes | None], ...]


def recognises(raw: dict[str, Json], headers: Headers) -> bool:
    """Return whether a JSON object, or the headers beside it, are of this format."""
    return _SPECVERSION in raw or (bool(headers) and (is_binary(headers) or is_structured(headers)))


def is_structured(headers: Headers) -> bool:
    """Return whether the headers say that the value is a CloudEvent."""
    return _content_type(headers).startswith(_MEDIA_TYPE)


def is_binary(headers: Headers) -> bool:
    """Return whether the headers hold the attributes of a CloudEvent, whose data is the value."""
    return any(name.lower() == _PREFIX + _SPECVERSION for name, _ in headers) and not is_structured(headers)


def check_readable(headers: Headers) -> None:
    """Raise `InvalidEvent` where the headers say that a CloudEvent is written in anything but JSON."""
    content_type = _content_type(headers)
    if content_type and (is_structured(headers) or is_binary(headers)) and not _is_json(content_type):
        raise _wrong(f"is {content_type!r:.80}; CloudEvents are read in JSON only", _CONTENT_TYPE)


def attributes_of(headers: Headers) -> dict[str, Json]:
    """Return the attributes that headers hold, by their names without `ce_`; raises `InvalidEvent`."""
    attributes: dict[str, Json] = {}
    for name, value in headers:
        if name.lower().startswith(_PREFIX) and value is not None:
            try:
                attributes.setdefault(name.lower().removeprefix(_PREFIX), value.decode())
            except UnicodeDecodeError as error:
                raise _wrong("is not UTF-8 text", name[:80]) from error
    return attributes


def native(raw: dict[str, Json], headers: Headers) -> dict[str, Json]:
    """Return the native event inside a CloudEvent; raises `InvalidEvent`, mostly with the reason `invalid_envelope`."""
    if is_binary(headers):
        attributes, data = attributes_of(headers), raw
    else:
        attributes, data = raw, _data(raw)
    _check_version(attributes)
    kind = _kind(attributes, data)
    event = _BODIES[kind](data, attributes.get("subject"))
    for name, attribute in (("version", "version"), ("occurred_at", "time")):
        given = data.get(name)
        event[name] = _from_text(attributes.get(attribute)) if given is None else given
    return {**event, "type": kind}


def deleted_subject(headers: Headers) -> str | None:
    """Return the subject, if any, of a binary event without data; raises `InvalidEvent` for any but a deletion."""
    attributes = attributes_of(headers)
    _check_version(attributes)
    if _kind(attributes, {}) != "product.deleted":
        raise _wrong("only a product.deleted goes without data", "ce_type")
    subject = attributes.get("subject")
    return subject if isinstance(subject, str) else None


def _check_version(attributes: dict[str, Json]) -> None:
    version = attributes.get(_SPECVERSION)
    if version is None:
        raise _wrong("is missing: a CloudEvent says 1.0 here", _SPECVERSION)
    if not isinstance(version, str) or version.split(".", maxsplit=1)[0] != "1":
        raise _wrong(f"is {version!r:.80}; CloudEvents 1.0 are read", _SPECVERSION)


def _data(raw: dict[str, Json]) -> dict[str, Json]:
    encoded = raw.get("data_base64")
    if encoded is not None:
        try:
            return read_object(base64.b64decode(encoded, validate=True))
        except (TypeError, ValueError, binascii.Error) as error:
            raise _wrong("is not base64 text", "data_base64") from error
    media_type = raw.get("datacontenttype")
    if isinstance(media_type, str) and not _is_json(media_type):
        raise _wrong(f"is {media_type!r:.80}; data is read in JSON only", "datacontenttype")
    data = raw.get("data")
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise _wrong("should be an object: a product, changes or a native event", "data")
    return data


def _kind(attributes: dict[str, Json], data: dict[str, Json]) -> EventType:
    inner, outer = data.get("type"), attributes.get("type")
    for kind in _KINDS:
        if inner == kind:
            return kind
    for kind in _KINDS:
        if isinstance(outer, str) and (outer == kind or outer.endswith(f".{kind}")):
            return kind
    raise InvalidEvent(
        f"is {outer!r:.80}, and the data has none of ours either; known are {', '.join(EVENT_TYPES)}",
        reason="unknown_type",
        field="type",
    )


def _upserted(data: dict[str, Json], subject: Json) -> dict[str, Json]:
    if "product" in data:
        return dict(data)
    if not data:
        raise _wrong("is missing: a product.upserted needs the product", "data")
    product = _without(data, _ENVELOPE)
    return {"product": product if "id" in product else {"id": subject, **product}}


def _patched(data: dict[str, Json], subject: Json) -> dict[str, Json]:
    if not data:
        raise _wrong("is missing: a product.patched needs the changes", "data")
    changes = data if "changes" in data else {"changes": _without(data, _ENVELOPE | {"product_id"})}
    return {**changes, "product_id": data.get("product_id", subject)}


def _deleted(data: dict[str, Json], subject: Json) -> dict[str, Json]:
    return {"product_id": data.get("product_id", data.get("id", subject))}


_BODIES: Final[dict[EventType, Callable[[dict[str, Json], Json], dict[str, Json]]]] = {
    "product.upserted": _upserted,
    "product.patched": _patched,
    "product.deleted": _deleted,
}


def _without(data: dict[str, Json], names: frozenset[str]) -> dict[str, Json]:
    return {name: value for name, value in data.items() if name not in names}


def _from_text(value: Json) -> Json:
    """Return a whole number for its text: headers hold nothing but text."""
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value.strip()) else value


def _content_type(headers: Headers) -> str:
    for name, value in headers:
        if value is not None and name.lower() == _CONTENT_TYPE:
            return value.decode(errors="replace").split(";", maxsplit=1)[0].strip().lower()
    return ""


def _is_json(media_type: str) -> bool:
    kind = media_type.split(";", maxsplit=1)[0].strip().lower()
    return kind.endswith(("/json", "+json"))


def _wrong(message: str, field: str) -> InvalidEvent:
    return InvalidEvent(message, reason="invalid_envelope", field=field)
