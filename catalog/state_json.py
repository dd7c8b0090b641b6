"""The versions behind a product as JSON and back; the values are in the product itself. And earlier layouts of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from catalog.events import Position
from catalog.product import ATTRIBUTE_PREFIX, ATTRIBUTES
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


def decode_state(ledger: Mapping[str, Any], product: Mapping[str, Any]) -> State:
    """Return the state behind a product; in layout 1 every register had its version."""
    upserted: Any = ledger.get("upserted")  # of values that no version is told of, which are as old
    latest, position = ledger.get("latest"), ledger.get("position")
    registers = {name: Entry(upserted, value) for name, value in product.items() if name not in _NO_REGISTERS}
    if ATTRIBUTES in product:
        registers |= {ATTRIBUTE_PREFIX + name: Entry(upserted, value) for name, value in product[ATTRIBUTES].items()}
    for name, version in ledger["versions"].items():
        held = registers.get(name)
        registers[name] = Entry(version, None if held is None else held.value)
    return State(
        upserted=upserted,
        deleted=ledger.get("deleted"),
        registers=registers,
        latest=Stamp(*latest) if latest else None,
        position=Position(*position) if position else None,
    )


def earlier_parts(payload: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the ledger and the product would be, of a payload in one of the layouts 1 to 3.

    They had the versions and the revision in `state`, the rest of the ledger in `derived`; 3 had price and stock in
    `offer`, and 1 the time of indexing in `derived`.
    """
    derived = payload["derived"]
    made: dict[str, Any] = {"digests": {}, "pictures": [], "indexed_at": None}
    made |= {name: derived[name] for name in made if name in derived}
    return made | payload["state"], {**payload["product"], **payload.get("offer", {})}


def _versions(state: State) -> dict[str, int]:
    """Return the version of each register, but for values that are as old as the upsert: mostly those are all."""
    upserted = state.upserted
    told = [
        (name, entry.version)
        for name, entry in state.registers.items()
        if entry.version != upserted or entry.value is None
    ]
    return dict(sorted(told))
