"""A shop that sends everything out of order, much of it twice, and some of it broken."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from ingest.message import Message
from tests.builders import JsonObject, as_bytes, bare, deleted, id_of, jpeg, patched, upserted

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = ("red", "green", "blue", "boot", "shoe", "linen", "wool", "coat", "hat", "small", "wide")
PICTURES = [f"data:image/jpeg;base64,{base64.b64encode(jpeg(colour)).decode()}" for colour in WORDS[:3]]
DUPLICATES, NULLS, POISON, TIES = 0.1, 0.02, 0.02, 0.03
"""Shares of all messages; fewer dead letters than the worker's limit, which has a test of its own."""


@dataclass(frozen=True, slots=True)
class Shop:
    """How much it sends, of how many products, drawn by `seed`."""

    events: int
    products: int
    seed: int

    def messages(self) -> list[Message]:
        """Return everything, in the order in which it is sent."""
        chance = Random(self.seed)
        sent = [self._event(chance) for _ in range(int(self.events * (1 - DUPLICATES - NULLS - POISON)))]
        sent = _with_rising_versions(chance, sent)
        messages = [Message(id_of(event).encode(), as_bytes(event)) for event in sent]
        messages += [Message(self._id(chance).encode(), None) for _ in range(int(self.events * NULLS))]
        messages += [_poison(chance, number, self._id(chance)) for number in range(int(self.events * POISON))]
        messages += chance.choices(messages, k=self.events - len(messages))
        chance.shuffle(messages)
        return messages

    def _id(self, chance: Random) -> str:
        return f"p-{chance.randrange(self.products)}"

    def _event(self, chance: Random) -> JsonObject:
        product_id = self._id(chance)
        kind = chance.choices(["upserted", "patched", "deleted"], [4, 7, 1])[0]
        if kind == "upserted":
            return upserted(bare(product_id, title=_title(chance), **_fields(chance)))
        if kind == "patched":
            return patched(product_id, **_changes(chance))
        return deleted(product_id)


def _with_rising_versions(chance: Random, events: Sequence[JsonObject]) -> list[JsonObject]:
    """Give each event of a product the next version, now and then the same as the one before."""
    versions: dict[str, int] = {}
    versioned = []
    for event in events:
        product_id = id_of(event)
        tie = chance.random() < TIES and "attributes" not in event.get("changes", {})
        versions[product_id] = versions.get(product_id, 0 if not tie else 1) + (not tie)
        versioned.append(event | {"version": versions[product_id]})
    return versioned


def _title(chance: Random) -> str:
    return " ".join(chance.sample(WORDS, 3))


def _fields(chance: Random) -> JsonObject:
    """Return some of the fields that a product may have."""
    fields: dict[str, Any] = {
        "price": chance.randrange(1, 500) / 4,
        "stock": chance.randrange(4),
        "brand": chance.choice(WORDS),
        "category": f"Women > {chance.choice(WORDS)}",
        "attributes": {name: chance.choice(WORDS) for name in chance.sample(("colour", "size", "fit"), 2)},
        "images": chance.sample(PICTURES, 1),
    }
    return {name: value for name, value in fields.items() if chance.random() < (0.2 if name == "images" else 0.7)}


def _changes(chance: Random) -> JsonObject:
    """Return what a patch changes: mostly price and stock, now and then a removal."""
    if chance.random() < 0.05:
        return {"attributes": None}
    fields = _fields(chance) | ({"title": _title(chance)} if chance.random() < 0.2 else {})
    name = chance.choice(sorted(fields)) if fields else "price"
    if chance.random() < 0.1 and name != "attributes":
        return {name: None}
    return {name: fields.get(name, 1.0)}


def _poison(chance: Random, number: int, product_id: str) -> Message:
    """Return a record that nobody can read, each of them another."""
    mark = f"poison-{number}"
    value = chance.choice(
        [
            mark.encode() + b" \xff\xfe",
            b'{"' + mark.encode(),
            as_bytes({"type": f"product.{mark}", "version": 1, "product_id": product_id}),
            as_bytes(patched(product_id, version=10_000, price=mark)),
            as_bytes(upserted(bare(product_id, title=mark, price=-1), version=10_000)),
            as_bytes({"type": "product.deleted", "product_id": product_id, "note": mark}),
        ]
    )
    return Message(product_id.encode(), value)
