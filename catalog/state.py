"""What is known of one product, and the one rule by which events change it.

A state is a set of registers, each the greatest write it has seen, so merging is commutative, associative and
idempotent: any order, repetition or replay of the same versioned events ends in the same state.

Writes are ordered by version; at equal versions a delete beats an upsert beats a patch, then the greater canonical
JSON of the value wins. An upsert is a floor under every register that it does not name, and a delete one under all:
what a floor has passed is dropped, never to be needed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from catalog.canonical import canonical_json, same_json
from catalog.events import Deleted, Event, Nullified, Patched, Position, Upserted
from catalog.product import ATTRIBUTE_PREFIX, ATTRIBUTES, FIELDS, INT64, Json, iso

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATCH, _UPSERT, _DELETE = 0, 1, 2
_NO_FLOOR: Final = (INT64[0] - 1, _PATCH)


@dataclass(slots=True, eq=False)
class Entry:
    """One register: the version that wrote it and the value, null for removed. Never changed once it is made.

    Frozen it would take three times as long to make, and a product is read with twenty of them.
    """

    version: int
    value: Json

    @property
    def greatness(self) -> tuple[int, str]:
        """What decides between two writes of one register."""
        return self.version, canonical_json(self.value)

    def __eq__(self, other: object) -> bool:
        """Compare as JSON does: true is not 1 there, though it is in Python."""
        return isinstance(other, Entry) and self.version == other.version and same_json(self.value, other.value)

    def beats(self, version: int, value: Json) -> bool:
        """Whether this is greater than such a write; canonical JSON is dear, and rarely decides."""
        if self.version != version:
            return self.version > version
        return not same_json(self.value, value) and self.greatness > (version, canonical_json(value))

    def __hash__(self) -> int:
        return hash(self.greatness)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The newest event a state has seen: its version, its kind's rank and its time (ISO 8601, UTC).

    Of two of one version and kind the earlier counts, for the later is the same one sent again: without a time of its
    own an event has that of its record, and a file that is loaded twice would be written twice.
    """

    version: int
    rank: int
    occurred_at: str

    def __gt__(self, other: Stamp) -> bool:
        """Whether this is what a state that has seen both remembers."""
        if self.version != other.version:
            return self.version > other.version
        if self.rank != other.rank:
            return self.rank > other.rank
        return self.occurred_at < other.occurred_at


@dataclass(frozen=True, slots=True)
class State:
    """Everything remembered of one product, visible or not.

    Of the newest upsert and the newest delete only the greater one is kept (an older floor decides nothing any more);
    `registers` hold only what no floor has passed.
    """

    upserted: int | None = None
    deleted: int | None = None
    registers: Mapping[str, Entry] = field(default_factory=dict)
    latest: Stamp | None = None
    position: Position | None = None

    @property
    def visible(self) -> bool:
        """Whether there is a product to show: upserted since it was deleted, with a title or a picture left."""
        return self.upserted is not None and bool(self.value("title") or self.value("images"))

    @property
    def version(self) -> int | None:
        """The newest version seen; None for a state that has seen nothing."""
        return self.latest.version if self.latest else None

    def product(self) -> dict[str, Json]:
        """Return the merged fields without id, in their declared order, attributes as one map."""
        registers = self.registers
        fields: dict[str, Json] = {
            name: entry.value
            for name in FIELDS
            if (entry := registers.get(name)) is not None and entry.value is not None
        }
        attributes = {
            name.removeprefix(ATTRIBUTE_PREFIX): entry.value
            for name, entry in sorted(registers.items())
            if name.startswith(ATTRIBUTE_PREFIX) and entry.value is not None
        }
        return fields | ({ATTRIBUTES: attributes} if attributes else {})

    def in_stock(self) -> bool | None:
        """Return whether it can be bought: the newer of `stock` and `in_stock` decides, `stock` when equally new."""
        stock, flag = self.registers.get("stock"), self.registers.get("in_stock")
        if stock is None or stock.value is None:
            return None if flag is None else flag.value
        if flag is None or flag.value is None or stock.version >= flag.version:
            return bool(stock.value > 0)
        return bool(flag.value)

    def value(self, register: str) -> Json:
        """Return the value of one register, None where there is none."""
        entry = self.registers.get(register)
        return entry.value if entry else None


UNKNOWN: Final = State()


def merge(state: State, event: Event) -> State:
    """Return the state after one more event; the same object where the event wins nowhere (it is stale)."""
    if isinstance(event, Nullified):
        return _nullify(state, event)
    match event:
        case Upserted():
            after, rank = _upsert(state, event), _UPSERT
        case Patched():
            after, rank = _patch(state, event), _PATCH
        case Deleted():
            after, rank = _delete(state, event.version), _DELETE
    stamp, latest = Stamp(event.version, rank, iso(event.occurred_at)), state.latest
    if latest is None or stamp > latest:
        latest = stamp
    elif after is state or after == state:
        return state
    return State(after.upserted, after.deleted, after.registers, latest, _later(state.position, event.position))


def join(state: State, other: State) -> State:
    """Return what all events behind both states make; `state` itself where `other` knows nothing more.

    States of one product, made of any two sets of its versioned events, or of one log read to two places.
    """
    floor = max(_floor(state), _floor(other))
    version, rank = floor
    registers = _without_cleared(_joined(_above(state, floor), _above(other, floor)))
    stamps = [stamp for stamp in (state.latest, other.latest) if stamp is not None]
    joined = State(
        upserted=version if rank == _UPSERT else None,
        deleted=version if rank == _DELETE else None,
        registers=registers,
        latest=max(stamps, default=None),
        position=_later(state.position, other.position),
    )
    return state if joined == state else joined


def _floor(state: State) -> tuple[int, int]:
    """Return the version and rank below which nothing counts any more; before the first one every version counts."""
    if state.deleted is not None:
        return state.deleted, _DELETE
    return _NO_FLOOR if state.upserted is None else (state.upserted, _UPSERT)


def _above(state: State, floor: tuple[int, int]) -> dict[str, Entry]:
    """Return the registers that a floor has not passed; what the upsert at the floor wrote itself stays."""
    version = floor[0]
    own = floor[1] == _UPSERT and state.upserted == version
    return {
        name: entry
        for name, entry in state.registers.items()
        if entry.version > version or (own and entry.version == version)
    }


def _upsert(state: State, event: Upserted) -> State:
    version = event.version
    if _at_most(version, state.deleted) or (state.upserted is not None and version < state.upserted):
        return state
    if version == state.upserted and _has_all(state.registers, version, event.registers):
        return state
    written = {name: Entry(version, value) for name, value in event.registers.items()}
    kept = {
        name: entry
        for name, entry in state.registers.items()
        if entry.version > version or (entry.version == version == state.upserted)
    }
    return replace(state, upserted=version, deleted=None, registers=_without_cleared(_joined(kept, written)))


def _patch(state: State, event: Patched) -> State:
    if _at_most(event.version, state.deleted) or _at_most(event.version, state.upserted):
        return state
    if _has_all(state.registers, event.version, event.registers):
        return state
    written = {name: Entry(event.version, value) for name, value in event.registers.items()}
    registers = _without_cleared(_joined(state.registers, written))
    return State(state.upserted, state.deleted, registers, state.latest, state.position)


def _delete(state: State, version: int) -> State:
    if _at_most(version, state.deleted) or (state.upserted is not None and version < state.upserted):
        return state
    registers = {name: entry for name, entry in state.registers.items() if entry.version > version}
    return replace(state, deleted=version, upserted=None, registers=registers)


def _nullify(state: State, event: Nullified) -> State:
    known, version = state.position, state.version
    if version is None or (known is not None and not event.position.later_than(known)):
        return state
    ended = _delete(state, version)
    if ended is state:
        return state
    stamp = Stamp(version, _DELETE, iso(event.occurred_at))
    return replace(ended, latest=max(ended.latest or stamp, stamp), position=_later(known, event.position))


def _joined(one: Mapping[str, Entry], other: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return the greater entry of each register."""
    joined = dict(one)
    for name, entry in other.items():
        held = joined.get(name)
        if held is None or entry.beats(held.version, held.value):
            joined[name] = entry
    return joined


def _has_all(registers: Mapping[str, Entry], version: int, values: Mapping[str, Json]) -> bool:
    """Return whether every one of these writes, at a version, is there or beaten: what most events of a replay are."""
    for name, value in values.items():
        held = registers.get(name)
        if held is None or not (
            (held.version == version and same_json(held.value, value)) or held.beats(version, value)
        ):
            return False
    return True


def _without_cleared(registers: dict[str, Entry]) -> dict[str, Entry]:
    """Drop the attributes that `attributes: null` of a patch has removed; that patch is newer than any upsert here."""
    cleared = registers.get(ATTRIBUTES)
    if cleared is None:
        return registers
    return {
        name: entry
        for name, entry in registers.items()
        if not name.startswith(ATTRIBUTE_PREFIX) or entry.greatness >= cleared.greatness
    }


def moved(before: State, after: State) -> set[str]:
    """Return the registers whose values differ: what a product looks like depends on nothing else, but for its floors.

    A merge keeps the entries that it does not write, so that most need no look at their values.
    """
    held, now = before.registers, after.registers
    names = {name for name, entry in now.items() if held.get(name) is not entry} | (held.keys() - now.keys())
    return {name for name in names if not same_json(before.value(name), after.value(name))}


def _at_most(version: int | None, floor: int | None) -> bool:
    return version is not None and floor is not None and version <= floor


def _later(known: Position | None, position: Position | None) -> Position | None:
    """Return the one that came later in the log."""
    if position is None or (known is not None and not position.later_than(known)):
        return known
    return position
