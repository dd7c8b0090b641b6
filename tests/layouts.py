"""Payloads as earlier layouts had them, which a migration reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from catalog.points import encode

if TYPE_CHECKING:
    from catalog.points import Stored


def in_layout_3(stored: Stored) -> dict[str, Any]:
    """Return a payload as layout 3 had it: versions and times in `state`, price and stock in `offer`."""
    payload = encode(stored)
    ledger = json.loads(payload.pop("ledger"))
    offer = {name: payload.pop(name) for name in ("price", "stock", "in_stock") if name in payload}
    derived = payload.pop("derived") | {name: ledger.pop(name) for name in ("digests", "pictures")}
    state = ledger | {
        name: payload.pop(name) for name in ("revision", "availability", "occurred_at") if name in payload
    }
    return {"product": payload.pop("product"), "offer": offer, "state": state, "derived": derived}


def in_layout_2(stored: Stored) -> dict[str, Any]:
    """Return a payload as layout 2 had it: price and stock among the other fields."""
    payload = in_layout_3(stored)
    return payload | {"product": payload["product"] | payload.pop("offer")}


def in_layout_1(stored: Stored) -> dict[str, Any]:
    """Return a payload as layout 1 had it: each register with its version, the time among what was derived."""
    payload = in_layout_2(stored)
    payload["state"]["versions"] = {name: entry.version for name, entry in stored.state.registers.items()}
    payload["derived"]["indexed_at"] = payload["state"].pop("indexed_at")
    return payload
