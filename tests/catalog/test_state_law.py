"""The law of the merge: order, repetition and replay do not matter, and a model that keeps everything agrees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.canonical import canonical_json
from catalog.events import Deleted, Patched, Upserted
from catalog.points import Stored, decode, encode
from catalog.product import ATTRIBUTE_PREFIX, ATTRIBUTES
from catalog.state import State, merge
from tests.builders import SKU
from tests.states import VALUES, fold, logs, versioned

if TYPE_CHECKING:
    from catalog.events import Event

EVENTS = st.lists(versioned(), max_size=8)
PATCH, UPSERT, DELETE = 0, 1, 2


@dataclass(frozen=True, order=True)
class Write:
    """One event's say over one register; the greatest of all decides. `text` is canonical JSON, "" for not named."""

    version: int
    kind: int
    text: str
    value: Any = field(compare=False, default=None)


def writes(event: Event, name: str) -> list[Write]:
    """Return what an event says of a register, read off INTERFACE.md sentence by sentence."""
    match event:
        case Deleted():
            return [Write(event.version, DELETE, "")]
        case Upserted() if name in event.registers:
            return [Write(event.version, UPSERT, canonical_json(event.registers[name]), event.registers[name])]
        case Upserted():
            return [Write(event.version, UPSERT, "")]
        case Patched() if name in event.registers:
            return [Write(event.version, PATCH, canonical_json(event.registers[name]), event.registers[name])]
        case Patched() if ATTRIBUTES in event.registers and name.startswith(ATTRIBUTE_PREFIX):
            return [Write(event.version, PATCH, "null")]
    return []


def modelled(events: list[Upserted | Patched | Deleted]) -> dict[str, Write]:
    """Return each register's greatest write over all events, where it left a value."""
    found = {name: max((one for event in events for one in writes(event, name)), default=None) for name in VALUES}
    return {name: write for name, write in found.items() if write is not None and write.value is not None}


def flat(state: State) -> dict[str, tuple[int, str]]:
    """Return the registers that hold a value, as version and canonical JSON: 1 is not 1.0 and not true."""
    return {name: entry.greatness for name, entry in state.registers.items() if entry.value is not None}


@settings(max_examples=300)
@given(EVENTS)
def test_the_merge_agrees_with_a_model_that_forgets_nothing(events: list[Upserted | Patched | Deleted]) -> None:
    """Folding event by event keeps as much as is needed: the greatest of all writes decides each register."""
    state, model = fold(events), modelled(events)

    assert flat(state) == {name: (write.version, write.text) for name, write in model.items()}
    assert state.version == max((event.version for event in events), default=None)
    upserted = max((event.version for event in events if isinstance(event, Upserted)), default=-1)
    deleted = max((event.version for event in events if isinstance(event, Deleted)), default=-1)
    assert state.visible == (upserted > deleted and bool({"title", "images"} & set(model)))


@settings(max_examples=200)
@given(EVENTS, st.data())
def test_any_order_and_repetition_ends_the_same(
    events: list[Upserted | Patched | Deleted], data: st.DataObject
) -> None:
    """The same versioned events, shuffled and some of them twice, make the same state, whatever is remembered."""
    shuffled = data.draw(st.permutations(events + events[: len(events) // 2]))

    assert fold(shuffled) == fold(events)


@given(EVENTS, versioned())
def test_an_event_again_is_stale(events: list[Upserted | Patched | Deleted], event: Upserted) -> None:
    """An event that was merged once is without effect ever after, and known to be."""
    state = fold([*events, event])

    assert merge(state, event) is state
    assert fold(events, state) is state


@given(EVENTS, versioned())
def test_stale_means_unchanged(events: list[Upserted | Patched | Deleted], event: Upserted) -> None:
    """The merge returns the very same state exactly where nothing changed."""
    before = fold(events)
    after = merge(before, event)

    assert (after is before) == (after == before)


@settings(max_examples=200)
@given(logs(), st.lists(st.booleans(), min_size=12, max_size=12))
def test_storing_in_between_changes_nothing(log: list[Event], stored_after: list[bool]) -> None:
    """Wherever a log is cut into batches, what was stored goes on as what was never stored."""
    state = fold([])
    for event, stores in zip(log, stored_after, strict=False):
        state = merge(state, event)
        if stores:
            state = decode(encode(Stored(SKU, state))).state

    assert state == fold(log)


@settings(max_examples=300)
@given(logs(), st.data())
def test_a_replay_changes_nothing(log: list[Event], data: st.DataObject) -> None:
    """After a crash the log is read again from an earlier place: the end is the same, null values among the events."""
    reached = data.draw(st.integers(0, len(log)), label="read up to here")
    resumed = data.draw(st.integers(0, reached), label="and again from here")

    assert fold(log[resumed:], fold(log[:reached])) == fold(log)
    assert fold(log, fold(log)) == fold(log)
