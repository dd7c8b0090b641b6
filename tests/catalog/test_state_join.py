"""The law of joining two states of one product: as if one had seen all the events of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.points import Stored, decode, encode
from catalog.state import UNKNOWN, join
from tests.builders import SKU
from tests.states import fold, logs, versioned

if TYPE_CHECKING:
    from catalog.events import Deleted, Event, Patched, Upserted

EVENTS = st.lists(versioned(), max_size=6)


@settings(max_examples=150)
@given(EVENTS, EVENTS)
def test_joining_is_as_having_seen_both(
    some: list[Upserted | Patched | Deleted], others: list[Upserted | Patched | Deleted]
) -> None:
    """Two workers that saw different events of a product: joined, their states are the state of all of them."""
    assert join(fold(some), fold(others)) == fold([*some, *others])


@settings(max_examples=100)
@given(EVENTS, EVENTS, EVENTS)
def test_order_grouping_and_repetition_do_not_matter(
    some: list[Upserted | Patched | Deleted],
    others: list[Upserted | Patched | Deleted],
    more: list[Upserted | Patched | Deleted],
) -> None:
    """Joining is commutative, associative and idempotent, so that a backfill may be broken off and done again."""
    one, two, three = fold(some), fold(others), fold(more)

    assert join(one, two) == join(two, one)
    assert join(join(one, two), three) == join(one, join(two, three))
    assert join(join(one, two), two) == join(one, two)


@given(EVENTS, st.data())
def test_nothing_new_returns_the_very_same_state(
    events: list[Upserted | Patched | Deleted], data: st.DataObject
) -> None:
    """What is known already costs no write."""
    state = fold(events)
    part = data.draw(st.lists(st.sampled_from(events), max_size=6) if events else st.just([]))

    assert join(state, fold(part)) is state
    assert join(state, UNKNOWN) is state


@settings(max_examples=150)
@given(logs(), st.data())
def test_an_older_state_of_the_same_log_adds_nothing(log: list[Event], data: st.DataObject) -> None:
    """Null values included: a backfill that meets what its worker wrote later leaves it as it is."""
    reached = data.draw(st.integers(0, len(log)))
    older, newer = fold(log[:reached]), fold(log)

    assert join(newer, older) == newer
    assert join(older, newer) == newer


@settings(max_examples=150)
@given(logs(), st.data())
def test_a_backfill_and_the_log_from_before_it_are_the_whole_log(log: list[Event], data: st.DataObject) -> None:
    """The new collection's way: where the log stood is noted, states are copied later, then the log goes on there."""
    noted = data.draw(st.integers(0, len(log)), label="the new worker goes on here")
    copied = data.draw(st.integers(noted, len(log)), label="the state was copied here")
    backfilled = decode(encode(Stored(SKU, join(UNKNOWN, fold(log[:copied]))))).state

    assert fold(log[noted:], backfilled) == fold(log)
