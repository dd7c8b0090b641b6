"""The merge by cases, as INTERFACE.md puts them."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from catalog.canonical import canonical_json
from catalog.events import Deleted, Nullified, Patched, Position, Upserted
from catalog.state import UNKNOWN, Entry, State, merge
from tests.builders import NOW, SKU
from tests.states import fold

if TYPE_CHECKING:
    from catalog.events import Event


def place(offset: int, *, partition: int = 0, time_ms: int = 0) -> Position:
    """Return a place in the log."""
    return Position(partition, offset, time_ms)


def upsert(version: int, at: Position | None = None, **registers: object) -> Upserted:
    """Return an upsert with a title, unless it says otherwise; `_` in a name stands for a dot."""
    named = {name.replace("__", "."): value for name, value in {"title": "Shoe", **registers}.items()}
    kept = {name: value for name, value in named.items() if value is not None}
    return Upserted(product_id=SKU, version=version, occurred_at=NOW, position=at, registers=kept)


def patch(version: int, at: Position | None = None, **registers: object) -> Patched:
    """Return a patch; `__` in a name stands for a dot."""
    named = {name.replace("__", "."): value for name, value in registers.items()}
    return Patched(product_id=SKU, version=version, occurred_at=NOW, position=at, registers=named)


def delete(version: int, at: Position | None = None) -> Deleted:
    """Return a delete."""
    return Deleted(product_id=SKU, version=version, occurred_at=NOW, position=at)


def null(at: Position) -> Nullified:
    """Return a null value."""
    return Nullified(product_id=SKU, occurred_at=NOW + timedelta(hours=1), position=at)


GONE: dict[str, Any] = {}
CASES: dict[str, tuple[list[Event], dict[str, Any]]] = {
    "an upsert names every field": ([upsert(1, price=5.0, brand="A"), upsert(2, price=6.0)], {"price": 6.0}),
    "a patch names its own": ([upsert(1, price=5.0, brand="A"), patch(2, price=6.0)], {"price": 6.0, "brand": "A"}),
    "a patch removes by null": ([upsert(1, price=5.0), patch(2, price=None)], {}),
    "the removed stays removed": ([upsert(1, price=5.0), patch(3, price=None), patch(2, price=4.0)], {}),
    "a patch beats an older upsert only": ([patch(2, price=4.0), upsert(3, price=5.0)], {"price": 5.0}),
    "a patch waits for its upsert": ([patch(2, price=4.0), upsert(1, price=5.0)], {"price": 4.0}),
    "each register on its own": ([upsert(1), patch(3, price=1.0), patch(2, price=2.0)], {"price": 1.0}),
    "equal: upsert beats patch": ([upsert(1, price=5.0), patch(1, price=6.0, brand="A")], {"price": 5.0}),
    "equal: delete beats upsert": ([upsert(1), delete(1)], GONE),
    "equal: delete beats patch": ([upsert(1), patch(2, price=1.0), delete(2)], GONE),
    "equal patches: the greater JSON": ([upsert(1), patch(2, price=5.0), patch(2, price=6.0)], {"price": 6.0}),
    "equal patches: null after digits": ([upsert(1), patch(2, price=5.0), patch(2, price=None)], {}),
    "equal patches: null after text": ([upsert(1), patch(2, brand="zzz"), patch(2, brand=None)], {}),
    "equal patches: null, true": ([upsert(1), patch(2, in_stock=None), patch(2, in_stock=True)], {"in_stock": True}),
    "equal patches: false before null": ([upsert(1), patch(2, in_stock=False), patch(2, in_stock=None)], {}),
    "equal upserts: the greater JSON": ([upsert(1, price=5.0), upsert(1, price=6.0)], {"price": 6.0}),
    "equal upserts: together": ([upsert(1, price=5.0), upsert(1, brand="A")], {"price": 5.0, "brand": "A"}),
    "JSON is compared as text": ([upsert(1), patch(2, price=9.0), patch(2, price=10.0)], {"price": 9.0}),
    "a late upsert after a delete": ([delete(2), upsert(1)], GONE),
    "an upsert brings it back": ([upsert(1, price=5.0), delete(2), upsert(3)], {}),
    "what a delete ended stays ended": ([upsert(1), patch(2, price=1.0), delete(3), upsert(4)], {}),
    "a patch newer than a delete waits": ([upsert(1), delete(2), patch(4, price=7.0), upsert(3)], {"price": 7.0}),
    "attributes null removes all": ([upsert(1, attributes__a="x", attributes__b="y"), patch(2, attributes=None)], {}),
    "attributes null spares newer": (
        [upsert(1, attributes__a="x"), patch(3, attributes__b="y"), patch(2, attributes=None)],
        {"attributes": {"b": "y"}},
    ),
    "attributes null outlives an older upsert": ([patch(3, attributes=None), upsert(2, attributes__a="x")], {}),
    "attributes null ends with a newer upsert": (
        [patch(3, attributes=None), upsert(4, attributes__a="x")],
        {"attributes": {"a": "x"}},
    ),
    "attributes are registers": (
        [upsert(1, attributes__a="x", attributes__b="y"), patch(2, attributes__a=None, attributes__c=5)],
        {"attributes": {"b": "y", "c": 5}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("events", "fields"), CASES.values(), ids=CASES)
def test_the_merge_by_cases(events: list[Event], fields: dict[str, Any]) -> None:
    """Each sentence of the merge rule, in every order of its events."""
    for order in permutations(events):
        state = fold(order)
        assert state.visible == (fields is not GONE)
        assert {name: value for name, value in state.product().items() if name != "title"} == fields


@pytest.mark.parametrize(
    ("events", "visible"),
    [
        ([], False),
        ([upsert(1)], True),
        ([upsert(1, title=None, images=["a.jpg"])], True),
        ([upsert(1, title=None)], False),
        ([patch(1, title="Shoe")], False),
        ([upsert(1), patch(2, title=None)], False),
        ([upsert(1), patch(2, title=None, images=["a.jpg"])], True),
        ([upsert(1), patch(2, title=None), patch(3, title="Boot")], True),
        ([upsert(1), delete(2)], False),
        ([upsert(2), delete(1)], True),
        ([upsert(1), delete(2), patch(3, title="Boot")], False),
        ([delete(1), upsert(2)], True),
    ],
)
def test_visible_is_upserted_since_deleted_with_something_to_show(events: list[Event], visible: object) -> None:
    """The newest upsert is newer than the newest delete, and a title or a picture is left."""
    assert fold(events).visible is visible


@pytest.mark.parametrize(
    ("stock", "flag", "available"),
    [
        (None, None, None),
        (Entry(1, 3), None, True),
        (Entry(1, 0), None, False),
        (Entry(1, -2), None, False),
        (None, Entry(1, True), True),  # noqa: FBT003 - a register's value
        (None, Entry(1, False), False),  # noqa: FBT003
        (Entry(1, 3), Entry(1, False), True),  # noqa: FBT003
        (Entry(1, 3), Entry(2, False), False),  # noqa: FBT003
        (Entry(2, 0), Entry(1, True), False),  # noqa: FBT003
        (Entry(2, None), Entry(1, True), True),  # noqa: FBT003
        (Entry(1, 3), Entry(2, None), True),
        (Entry(2, None), Entry(1, None), None),
    ],
)
def test_the_newer_of_stock_and_flag_decides(stock: Entry | None, flag: Entry | None, available: object) -> None:
    """Equally new, `stock` does; removed, the other does; neither is neither true nor false."""
    registers = {name: entry for name, entry in (("stock", stock), ("in_stock", flag)) if entry}

    assert State(upserted=1, registers=registers).in_stock() is available


NULLS: dict[str, tuple[list[Event], bool]] = {
    "later ends everything": ([upsert(5, place(1)), null(place(2))], False),
    "later ends what is newer than any upsert": ([upsert(5, place(1)), patch(9, place(2)), null(place(3))], False),
    "earlier is stale": ([upsert(5, place(2)), null(place(1))], True),
    "at the same place is stale": ([upsert(5, place(2)), null(place(2))], True),
    "an older version behind it stays out": ([upsert(5, place(1)), null(place(2)), upsert(5, place(3))], False),
    "a newer version behind it comes in": ([upsert(5, place(1)), null(place(2)), upsert(6, place(3))], True),
    "a stale record does not move the place": ([upsert(5, place(1)), patch(4, place(9)), null(place(5))], False),
    "elsewhere, later by time": ([upsert(5, place(9, time_ms=1)), null(place(1, partition=1, time_ms=2))], False),
    "elsewhere, earlier by time": ([upsert(5, place(1, time_ms=2)), null(place(9, partition=1, time_ms=1))], True),
    "no place known": ([upsert(5), null(place(0))], False),
}  # fmt: skip


@pytest.mark.parametrize(("log", "visible"), NULLS.values(), ids=NULLS)
def test_a_null_value_counts_by_its_place(log: list[Event], visible: object) -> None:
    """A null standing later than the last record that won ends all; a replay of the log gives the same."""
    state = fold(log)

    assert state.visible is visible
    assert fold(log, state) == state


def test_a_null_value_for_an_unknown_product_does_nothing() -> None:
    """Nobody has heard of it, so there is nothing to end and nothing to remember."""
    assert merge(UNKNOWN, null(place(1))) is UNKNOWN


def test_a_null_value_tells_its_own_time() -> None:
    """What ended the product is the newest event seen, and its record the last that won."""
    state = fold([upsert(5, place(1)), null(place(2))])

    assert state.latest is not None
    assert (state.version, state.deleted, state.position) == (5, 5, place(2))
    assert state.latest.occurred_at == "2026-05-01T11:00:00Z"


def test_canonical_json_has_one_text_for_a_value() -> None:
    """Keys are sorted, nothing is escaped beyond need."""
    assert canonical_json({"b": [1, "鞋"], "a": None}) == '{"a":null,"b":[1,"鞋"]}'
    assert [canonical_json(value) for value in (None, True, 1, 1.0)] == ["null", "true", "1", "1.0"]


def test_entries_compare_as_json_does() -> None:
    """True is not 1, and 1 is not 1.0: else an event could be taken for one that changed nothing."""
    entries = {Entry(1, True), Entry(1, 1), Entry(1, 1.0)}  # noqa: FBT003 - a register's value

    assert len(entries) == 3
