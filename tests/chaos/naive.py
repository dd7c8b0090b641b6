"""What a log comes to, worked out the long way round: all events of a product at once, no state, none of our code.

It is what `docs/events.md` says, written a second time, so that the two can be compared.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

JsonObject = dict[str, Any]
MARK = b"poison"
"""Every record that nobody can read has this word in its value."""


@dataclass(frozen=True, slots=True)
class Line:
    """A record of the log: where it lay, and what it was."""

    partition: int
    offset: int
    key: bytes
    value: bytes | None

    @property
    def is_poison(self) -> bool:
        """Whether it is one that must become a dead letter."""
        return self.value is not None and MARK in self.value


@dataclass(slots=True)
class Expected:
    """What a product must be in the end."""

    version: int
    fields: JsonObject = field(default_factory=dict)
    visible: bool = False


def merged(lines: Iterable[Line]) -> dict[str, Expected]:
    """Return what each product comes to; one of which only null values speak is not there at all."""
    by_id: dict[str, list[JsonObject | None]] = defaultdict(list)
    for line in sorted(lines, key=lambda one: (one.partition, one.offset)):
        if not line.is_poison:
            by_id[line.key.decode()].append(None if line.value is None else json.loads(line.value))
    return {product_id: _product(events) for product_id, events in by_id.items() if any(events)}


def _product(log: Sequence[JsonObject | None]) -> Expected:
    events = list(_versioned(log))
    ended = max((one["version"] for one in events if one["type"] == "product.deleted"), default=-1)
    begun = max((one["version"] for one in events if one["type"] == "product.upserted"), default=-1)
    expected = Expected(version=max(one["version"] for one in events))
    writes: dict[str, list[tuple[int, str, Any]]] = defaultdict(list)
    for event in events:
        version = event["version"]
        if event["type"] == "product.upserted" and version == begun > ended:
            given = _flat({name: value for name, value in event["product"].items() if name != "id"})
            pairs = [(name, value) for name, value in given.items() if value is not None]
        elif event["type"] == "product.patched" and version > max(begun, ended):
            pairs = list(_flat(event["changes"]).items())
        else:
            continue
        for name, value in pairs:
            writes[name].append((version, json.dumps(value, sort_keys=True, separators=(",", ":")), value))
    expected.fields = _fields(writes)
    expected.visible = begun > ended and bool(expected.fields.get("title") or expected.fields.get("images"))
    return expected


def _versioned(log: Sequence[JsonObject | None]) -> Iterator[JsonObject]:
    """Yield the events, in place of each null value a delete at the newest version that stands before it."""
    newest = None
    for event in log:
        if event is not None:
            newest = event["version"] if newest is None else max(newest, event["version"])
            yield event
        elif newest is not None:
            yield {"type": "product.deleted", "version": newest}


def _flat(fields: JsonObject) -> JsonObject:
    attributes = fields.get("attributes") or {}
    flat = {name: value for name, value in fields.items() if name != "attributes" or value is None}
    return flat | {f"attributes.{name}": value for name, value in attributes.items()}


def _fields(writes: dict[str, list[tuple[int, str, Any]]]) -> JsonObject:
    """Return the last write of each field; `attributes: null` ends the attributes that are older than itself."""
    last = {name: max(of_name, key=lambda write: write[:2]) for name, of_name in writes.items()}
    cleared, _, _ = last.pop("attributes", (-1, "", None))
    fields: JsonObject = {}
    for name, (version, _, value) in last.items():
        if value is None:
            continue
        if not name.startswith("attributes."):
            fields[name] = value
        elif version > cleared:
            fields.setdefault("attributes", {})[name.removeprefix("attributes.")] = value
    return fields
