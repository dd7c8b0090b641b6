"""Product ↔ point, both ways: the only place where payload keys are spelled out.

`product` holds the merged fields, `derived` the keys that filters and orders use, and `ledger`, one text, what nobody
searches by: the versions behind the fields, digests, picture status. What we derive never takes part in the shop's
versions, and is written for visible products only, so that nothing counts a tombstone or a waiting patch.

A part is written whole, and each value of it costs, however short. So what events move has its place at the top, value
by value: each event writes the revision, the ledger and its time, one of price or stock writes that besides, and leaves
`product` and `derived` alone. Setting one of them to null takes it away.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import pydantic_core
from qdrant_client import models

from catalog.keywords import attribute_keywords, browse_key, category_paths
from catalog.product import ATTRIBUTE_PREFIX, ATTRIBUTES
from catalog.state import UNKNOWN, State, moved
from catalog.state_json import decode_state, earlier_parts, encode_state
from catalog.vectors import SparseVector

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from catalog.events import Position

PRODUCT: Final = "product"
OFFERED: Final = ("price", "stock", "in_stock")
WHOLE_PRODUCT: Final = (PRODUCT, *OFFERED)
"""Where the fields of a product lie."""
DERIVED: Final = "derived"
LEDGER: Final = "ledger"

REVISION: Final = "revision"
VISIBLE: Final = "derived.visible"
GROUP: Final = "derived.group"
CATEGORY: Final = "derived.category"
AVAILABILITY: Final = "availability"
ATTRIBUTE: Final = "derived.attributes"
BROWSE: Final = "derived.browse"
OCCURRED_AT: Final = "occurred_at"
CODES: Final = "product.codes"
PICTURES_DUE: Final = "derived.pictures_due_at"
HIDDEN_SINCE: Final = "derived.hidden_since"

YES, NO = "yes", "no"
_IDS_AT_HAND: Final = 8_192
"""A batch asks for the ids of its points at each step."""
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
    digest = bytearray(hashlib.sha1(_NAMESPACE.bytes + product_id.encode(), usedforsecurity=False).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x50, digest[8] & 0x3F | 0x80  # `uuid5`, which takes three times as long
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def field_path(name: str) -> str:
    """Return the payload path of a field of products."""
    return name if name in OFFERED else f"{PRODUCT}.{name}"


def product_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the product that a payload holds, or those of them that were read."""
    offered = {name: value for name in OFFERED if (value := payload.get(name)) is not None}
    return {**payload.get(PRODUCT, {}), **offered}


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
    moving = {name: stored.state.value(name) for name in OFFERED} | _moving_keys(stored.state)
    return {
        PRODUCT: _encode_product(stored),
        DERIVED: _encode_derived(stored),
        **{key: value for key, value in moving.items() if value is not None},
        **_bookkeeping(stored),
    }


def encode_changes(before: Stored, after: Stored) -> dict[str, Any]:
    """Return the parts of a payload that are other than before, null for what is gone.

    Set over what was there, as an engine does it, they make `encode` of what is after.
    """
    names = moved(before.state, after.state)
    had, has = _moving_keys(before.state), _moving_keys(after.state)
    payload = {key: value for key, value in has.items() if value != had[key]} | _bookkeeping(after)
    payload |= {name: after.state.value(name) for name in OFFERED if name in names}
    if not names.issubset(OFFERED):
        payload[PRODUCT] = _encode_product(after)
    if not _derived_alike(before, after) or any(_is_searched(name) for name in names):
        payload[DERIVED] = _encode_derived(after)
    return payload


def decode(payload: Mapping[str, Any]) -> Stored:
    """Return the product that a payload holds, in whichever layout: a migration reads earlier ones."""
    if LEDGER in payload:
        ledger, product = pydantic_core.from_json(payload[LEDGER]), product_of(payload)
        revision = payload[REVISION]
    else:
        ledger, product = earlier_parts(payload)
        revision = ledger["revision"]
    return Stored(
        product_id=product["id"],
        state=decode_state(ledger, product),
        derived=Derived(
            digests=ledger["digests"],
            pictures=tuple(PictureStatus(**picture) for picture in ledger["pictures"]),
            indexed_at=ledger["indexed_at"],
        ),
        revision=revision,
    )


def _encode_product(stored: Stored) -> dict[str, Any]:
    fields = {name: value for name, value in stored.state.product().items() if name not in OFFERED}
    return {"id": stored.product_id, **fields}


def _moving_keys(state: State) -> dict[str, str | None]:
    """Return the derived keys that stock and time move, None where there is none."""
    in_stock = state.in_stock() if state.visible else None
    return {
        AVAILABILITY: None if in_stock is None else YES if in_stock else NO,
        OCCURRED_AT: state.latest.occurred_at if state.visible and state.latest else None,
    }


def _bookkeeping(stored: Stored) -> dict[str, Any]:
    """Return what every write writes."""
    derived = stored.derived
    pictures = [
        {key: value for key in PictureStatus.__slots__ if (value := getattr(picture, key)) is not None}
        for picture in derived.pictures
    ]
    made = {"digests": derived.digests, "pictures": pictures, "indexed_at": derived.indexed_at}
    return {
        REVISION: stored.revision,
        LEDGER: pydantic_core.to_json(encode_state(stored.state) | made).decode(),
    }


def _encode_derived(stored: Stored) -> dict[str, Any]:
    return {**_search_keys(stored), **_times(stored)}


def _derived_alike(before: Stored, after: Stored) -> bool:
    """Whether what hangs on more than fields is the same; one that does not show says when it was last written."""
    return before.state.visible and after.state.visible and before.derived.pictures == after.derived.pictures


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

    Those that stock and time move lie beside it.
    """
    if not stored.state.visible:
        return {"visible": NO}
    product = stored.state.product()
    return {
        "visible": YES,
        "group": product.get("group_id", stored.product_id),
        "category": list(category_paths(product.get("category"))),
        "attributes": list(attribute_keywords(product.get(ATTRIBUTES, {}))),
        "browse": browse_key(product),
    }


def _is_searched(register: str) -> bool:
    return register in _SEARCHED or register.startswith(ATTRIBUTE_PREFIX)
