"""Product ↔ point, both ways: the only place where payload keys are spelled out.

A payload has four parts. `product` and `offer` hold the merged fields, `state` the versions behind them, and `derived`
what we made of them: the keys that filters and orders use, digests, picture status. What is derived never takes part in
the shop's versions, and is written for visible products only, so that nothing counts a tombstone or a waiting patch.

A part is written whole, and each value of it costs, so what changes together lies together. Every event writes `state`,
which for that reason has the two derived keys that stock and time move; a price or stock event writes `offer` besides,
and leaves `product` and `derived` alone.
"""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from qdrant_client import models

from catalog.product import (
    ATTRIBUTE_PREFIX,
    ATTRIBUTES,
    CATEGORY_SEPARATOR,
    Json,
    parse_category,
)
from catalog.state import UNKNOWN, State, moved
from catalog.state_json import decode_state, encode_state
from catalog.vectors import SparseVector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from catalog.events import Position

PRODUCT: Final = "product"
OFFER: Final = "offer"
STATE: Final = "state"
DERIVED: Final = "derived"

REVISION: Final = "state.revision"
VISIBLE: Final = "derived.visible"
GROUP: Final = "derived.group"
CATEGORY: Final = "derived.category"
AVAILABILITY: Final = "state.availability"
ATTRIBUTE: Final = "derived.attributes"
BROWSE: Final = "derived.browse"
OCCURRED_AT: Final = "state.occurred_at"
CODES: Final = "product.codes"
PICTURES_DUE: Final = "derived.pictures_due_at"
HIDDEN_SINCE: Final = "derived.hidden_since"

YES, NO = "yes", "no"
_MAX_FLOAT32: Final = 3.4e38
_MAX_UINT32: Final = 2**32 - 1
_IDS_AT_HAND: Final = 8_192
"""A batch asks for the ids of its points at each step."""
_OFFERED: Final = ("price", "stock", "in_stock")
_SEARCHED: Final = frozenset({"group_id", "category", "popularity", "created_at"})
"""What `_search_keys` are made of, beside attributes."""
_NAMESPACE: Final = uuid.UUID("8f0e2f5e-53a7-4a0c-9a53-7d6a0b1f3c11")

KEYWORDS: Final = ("brand", "currency", "language", "url", "codes")
FLOATS: Final = ("price", "popularity")
TIMES: Final = ("created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class PictureStatus:
    """What became of one picture: `ok` with its digest, `failed` (due again), `refused` or `gone` (neither is).

    One that was refused by the encoder, not before it, has its digest, too.
    `due_at` is ISO 8601 in whole seconds, UTC, and `attempts` how often in a row it has failed. `url`, `etag` and
    `last_modified` are what to ask its host with whether it is still the same.
    """

    status: str
    digest: str | None = None
    error: str | None = None
    due_at: str | None = None
    attempts: int | None = None
    url: str | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    """What we made of a product: digests of what was encoded by vector name, picture status by position, when."""

    digests: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[PictureStatus, ...] = ()
    indexed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A product as the index has it. `revision` changes with every write and is None before the first."""

    product_id: str
    state: State = UNKNOWN
    derived: Derived = field(default_factory=Derived)
    revision: int | None = None

    @property
    def position(self) -> Position | None:
        """Where the last record that won stands in the log."""
        return self.state.position


@lru_cache(maxsize=_IDS_AT_HAND)
def point_id(product_id: str) -> str:
    """Return the id of a product's point: the engines take integers and UUIDs only."""
    return str(uuid.uuid5(_NAMESPACE, product_id))


def attribute_keyword(name: str, value: Json) -> str:
    """Return `name=value`, the keyword under which one attribute value is indexed; `=` in a name is escaped."""
    return f"{attribute_name_keyword(name)}={_scalar_text(value)}"


def attribute_name_keyword(name: str) -> str:
    """Return the keyword under which a product is indexed that has the attribute at all: its name, `=` escaped."""
    return name.replace("\\", "\\\\").replace("=", "\\=")


def field_path(name: str) -> str:
    """Return the payload path of a field of products."""
    return f"{OFFER if name in _OFFERED else PRODUCT}.{name}"


def product_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the product that a payload holds, or those of them that were read."""
    return {**payload.get(PRODUCT, {}), **payload.get(OFFER, {})}


def number_path(name: str) -> str:
    """Return the payload path of an attribute that is declared as a number; its name holds no `"` and no backslash."""
    plain = name.isascii() and name.isidentifier()
    return f"{PRODUCT}.{ATTRIBUTES}.{name}" if plain else f'{PRODUCT}.{ATTRIBUTES}."{name}"'


def engine_vector(vector: NDArray[np.float32] | SparseVector) -> list[float] | list[list[float]] | models.SparseVector:
    """Return a vector of ours, (size,), or several of one name, (n, size), as the engine takes them."""
    if isinstance(vector, SparseVector):
        return models.SparseVector(indices=list(vector.indices), values=list(vector.values))
    numbers: list[float] | list[list[float]] = vector.tolist()
    return numbers


def encode(stored: Stored) -> dict[str, Any]:
    """Return the payload of a product; `decode` is its inverse."""
    return {
        PRODUCT: _encode_product(stored),
        OFFER: _encode_offer(stored),
        STATE: _encode_state(stored),
        DERIVED: _encode_derived(stored),
    }


def encode_changes(before: Stored, after: Stored) -> dict[str, Any]:
    """Return the parts of a payload that are other than before: set over those, they make `encode` of what is after."""
    names = moved(before.state, after.state)
    payload = {STATE: _encode_state(after)}
    if not names.isdisjoint(_OFFERED):
        payload[OFFER] = _encode_offer(after)
    if not names.issubset(_OFFERED):
        payload[PRODUCT] = _encode_product(after)
    if not _derived_alike(before, after) or any(_is_searched(name) for name in names):
        payload[DERIVED] = _encode_derived(after)
    return payload


def decode(payload: Mapping[str, Any]) -> Stored:
    """Return the product that a payload holds."""
    product, state, derived = product_of(payload), payload[STATE], payload[DERIVED]
    return Stored(
        product_id=product["id"],
        state=decode_state(state, product),
        derived=Derived(
            digests=derived.get("digests", {}),
            pictures=tuple(PictureStatus(**picture) for picture in derived.get("pictures", [])),
            indexed_at=state["indexed_at"] if "indexed_at" in state else derived.get("indexed_at"),  # there in layout 1
        ),
        revision=state["revision"],
    )


def _encode_product(stored: Stored) -> dict[str, Any]:
    fields = {name: value for name, value in stored.state.product().items() if name not in _OFFERED}
    return {"id": stored.product_id, **fields}


def _encode_offer(stored: Stored) -> dict[str, Any]:
    state = stored.state
    return {name: value for name in _OFFERED if (value := state.value(name)) is not None}


def _encode_state(stored: Stored) -> dict[str, Any]:
    state = stored.state
    encoded = encode_state(state) | {"revision": stored.revision, "indexed_at": stored.derived.indexed_at}
    if state.visible:
        if (in_stock := state.in_stock()) is not None:
            encoded["availability"] = YES if in_stock else NO
        if state.latest:
            encoded["occurred_at"] = state.latest.occurred_at
    return encoded


def _encode_derived(stored: Stored) -> dict[str, Any]:
    derived = stored.derived
    pictures = [
        {key: value for key in PictureStatus.__slots__ if (value := getattr(picture, key)) is not None}
        for picture in derived.pictures
    ]
    return {"digests": dict(derived.digests), "pictures": pictures, **_search_keys(stored), **_times(stored)}


def _derived_alike(before: Stored, after: Stored) -> bool:
    """Whether what was made of a product is the same; one that does not show says when it was last written."""
    return (
        before.state.visible
        and after.state.visible
        and before.derived.pictures == after.derived.pictures
        and before.derived.digests == after.derived.digests
    )


def _times(stored: Stored) -> dict[str, str]:
    """Return the times that the upkeep goes by, each where it has something to do.

    When the first of a product's pictures is to be asked for again; since when a tombstone or a waiting patch has been
    what it is, for then it expires. A product that is merely without title and pictures has both to come, and stays.
    """
    due = [picture.due_at for picture in stored.derived.pictures if picture.due_at is not None]
    times = {"pictures_due_at": min(due)} if due and stored.state.visible else {}
    if stored.state.upserted is None and stored.derived.indexed_at is not None:
        times["hidden_since"] = stored.derived.indexed_at
    return times


def _search_keys(stored: Stored) -> dict[str, Any]:
    """Return the keys that filters and orders rely on; a tombstone or a waiting patch has none but its invisibility.

    Those that stock and time move are in the state.
    """
    if not stored.state.visible:
        return {"visible": NO}
    product = stored.state.product()
    return {
        "visible": YES,
        "group": product.get("group_id", stored.product_id),
        "category": list(_category_paths(product.get("category"))),
        "attributes": list(_attribute_keywords(product.get(ATTRIBUTES, {}))),
        "browse": browse_key(product),
    }


def _is_searched(register: str) -> bool:
    return register in _SEARCHED or register.startswith(ATTRIBUTE_PREFIX)


def browse_key(product: Mapping[str, Any]) -> int:
    """Return one integer that orders by popularity, then by creation time (seconds), greater first; always present."""
    popularity = min(float(product.get("popularity", 0.0)), _MAX_FLOAT32)
    created = product.get("created_at")
    seconds = int(datetime.fromisoformat(created).timestamp()) if created else 0
    bits: int = struct.unpack(">I", struct.pack(">f", popularity))[0]  # floats ≥ 0 order as their bits do
    return (bits << 32) | min(max(seconds, 0), _MAX_UINT32)


def _category_paths(category: str | None) -> Iterator[str]:
    parts = parse_category(category) if category else ()
    for depth in range(1, len(parts) + 1):
        yield CATEGORY_SEPARATOR.join(parts[:depth])


def _attribute_keywords(attributes: Mapping[str, Json]) -> Iterator[str]:
    for name, value in attributes.items():
        items = value if isinstance(value, list) else [value]
        if items:
            yield attribute_name_keyword(name)
        yield from (attribute_keyword(name, item) for item in items)


def _scalar_text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
