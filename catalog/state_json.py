"""The versions behind a product as JSON and back; the values are in the product itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from catalog.events import Position
from catalog.product import ATTRIBUTES, attribute_register
from catalog.state import Entry, Stamp, State

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_REGISTERS: Final = frozenset({"id", ATTRIBUTES})


def encode_state(state: State) -> dict[str, Any]:
    """Return everything of a state but its values."""
    latest, position = state.latest, state.position
    return {
        "upserted": state.upserted,
        "deleted": state.deleted,
        "versions": _versions(state),
        "latest": [latest.version, latest.rank, latest.occurred_at] if latest else None,
        "position": [position.partition, position.offset, position.time_ms] if position else None,
    }


def decode_state(state: Mapping[str, Any], product: Mapping[str, Any]) -> State:
    """Return the state behind a product; in layout 1 every register had its version."""
    values = {name: value for name, value in product.items() if name not in _NO_REGISTERS}
    if ATTRIBUTES in product:
        values |= {attribute_register(name): value for name, value in product[ATTRIBUTES].items()}
    upserted, versions = state.get("upserted"), state["versions"]
    registers = {name: Entry(versions.get(name, upserted), value) for name, value in values.items()}
    registers |= {name: Entry(version, None) for name, version in versions.items() if name not in values}
    return State(
        upserted=upserted,
        deleted=state.get("deleted"),
        registers=registers,
        latest=Stamp(*state["latest"]) if state.get("latest") else None,
        position=Position(*state["position"]) if state.get("position") else None,
    )


def _versions(state: State) -> dict[str, int]:
    """Return the version of each register, but for values that are as old as the upsert: mostly those are all."""
    upserted = state.upserted
    return {
        name: entry.version
        for name, entry in sorted(state.registers.items())
        if entry.version != upserted or entry.value is None
    }
