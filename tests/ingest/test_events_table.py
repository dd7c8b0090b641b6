"""The table of cases in docs/events.md: each row once more as events, and what the index then has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from catalog.points import Stored
from ingest.decode import decode
from ingest.merge import merge_batch
from tests.builders import bare, deleted, patched, record, upserted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.state import State
    from ingest.source import Record
    from tests.builders import JsonObject

DOCS: Final = Path(__file__).parents[2] / "docs" / "events.md"
GONE: Final = None
"""There is nothing to show."""


def up(version: int | None, **fields: object) -> JsonObject:
    """Return an upsert of the one product; without a version, one that lacks it."""
    event = upserted(bare("a", title="Dress") | fields, version=version or 0)
    return event if version is not None else {name: value for name, value in event.items() if name != "version"}


def change(version: int, **changes: object) -> JsonObject:
    """Return a patch of the one product."""
    return patched("a", version=version, **changes)


def gone(version: int) -> JsonObject:
    """Return a delete of the one product."""
    return deleted("a", version=version)


class Null:
    """A null value on the log, with or without a version in its header."""

    def __init__(self, version: str | None = None) -> None:
        self.headers = () if version is None else (("version", version.encode()),)


Case = tuple[str, "Sequence[JsonObject | Null]", "dict[str, Any] | None", int]
"""The row's name, what stands on the log, the fields to show (besides id and title; `GONE`: none), dead letters."""

CASES: Final[list[Case]] = [
    ("an upsert without a field", [up(1, price=5, brand="A"), up(2, price=6)], {"price": 6}, 0),
    ("an upsert with a null field", [up(1, price=5), up(2, price=None)], {}, 0),
    ("a patch with a null field", [up(1, price=5, brand="A"), change(2, price=None)], {"brand": "A"}, 0),
    (
        "a patch with a null attribute",
        [up(1, attributes={"x": 1, "y": 2}), change(2, attributes={"x": None})],
        {"attributes": {"y": 2}},
        0,
    ),
    ("a patch with null attributes", [up(1, attributes={"x": 1, "y": 2}), change(2, attributes=None)], {}, 0),
    (
        "null attributes, and an older patch of one",
        [up(1), change(3, attributes=None), change(2, attributes={"x": 1})],
        {},
        0,
    ),
    ("a null title and no picture", [up(1, price=5), change(2, title=None)], GONE, 0),
    (
        "a null title, then a title",
        [up(1, price=5), change(2, title=None), change(3, title="Dress")],
        {"price": 5},
        0,
    ),
    ("a null value later than the last record that won", [up(7), Null()], GONE, 0),
    ("a null value, then an older event", [up(7), Null(), change(6, price=5)], GONE, 0),
    ("a null value, then an event of the version it ended", [up(7), Null(), up(7)], GONE, 0),
    ("a null value, then a newer upsert", [up(7), Null(), up(8)], {}, 0),
    ("a null value for an unknown product", [Null(), up(1)], {}, 0),
    ("a null value with a version", [up(7), Null("7")], GONE, 0),
    ("a null value with an older version", [up(7), Null("6")], {}, 0),
    ("a null value whose version is no number", [up(7), Null("x")], {}, 1),
    ("an event without a version", [up(1, price=5), up(None, price=6)], {"price": 5}, 1),
    ("a version that is no whole number", [up(1, price=5), up(2, price=6) | {"version": "3"}], {"price": 5}, 1),
    ("a version beyond 64 bits", [up(1), up(2, price=6) | {"version": 2**63}], {}, 1),
    ("a version below zero", [up(-5, price=5), up(-4, price=6)], {"price": 6}, 0),
    ("the same event twice", [up(1, price=5), up(1, price=5)], {"price": 5}, 0),
    ("two upserts of one version, other fields", [up(1, price=5), up(1, brand="A")], {"price": 5, "brand": "A"}, 0),
    ("two upserts of one version, one field", [up(1, brand="A"), up(1, brand="B")], {"brand": "B"}, 0),
    ("an upsert and a patch of one version", [up(1, price=5), change(1, price=6)], {"price": 5}, 0),
    ("two patches of one version", [up(1), change(2, price=5), change(2, price=6)], {"price": 6}, 0),
    ("a delete and an upsert of one version", [gone(1), up(1)], GONE, 0),
    ("a delete and a patch of one version", [up(1), change(2, price=5), gone(2)], GONE, 0),
]


def on_the_log(events: Sequence[JsonObject | Null]) -> list[Record]:
    """Return events as records, in log order."""
    return [
        record(None, key=b"a", offset=place, headers=event.headers)
        if isinstance(event, Null)
        else record(event, offset=place)
        for place, event in enumerate(events)
    ]


def after(events: Sequence[JsonObject | Null]) -> tuple[State, int]:
    """Return what becomes of the product, and how many records were refused."""
    batch = decode(on_the_log(events))
    (change_made,) = merge_batch({"a": Stored("a")}, batch.events).changes
    return change_made.state, len(batch.rejects)


def is_ordered(events: Sequence[JsonObject | Null]) -> bool:
    """Return whether everything here has a version, well formed or not."""
    return all(not isinstance(event, Null) or event.headers for event in events)


@pytest.mark.parametrize(("events", "expected", "letters"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_a_case_ends_as_the_table_says(
    events: Sequence[JsonObject | Null], expected: dict[str, Any] | None, letters: int
) -> None:
    """The fields that show, and what became a dead letter."""
    state, rejects = after(events)

    assert rejects == letters
    assert state.visible == (expected is not GONE)
    if expected is not GONE:
        assert state.product() == {"title": "Dress"} | expected


@pytest.mark.parametrize("events", [pytest.param(case[1], id=case[0]) for case in CASES if is_ordered(case[1])])
def test_their_order_does_not_count(events: Sequence[JsonObject | Null]) -> None:
    """Whatever has a version ends alike from the other end; a null value without one is the exception."""
    forwards, _ = after(events)
    backwards, _ = after(events[::-1])

    assert forwards.registers == backwards.registers
    assert forwards.visible == backwards.visible


def test_the_table_in_the_docs_has_these_rows() -> None:
    """Every case has its row, and no row is without its case."""
    section = DOCS.read_text(encoding="utf-8").split("### Null values, missing and equal versions")[1].split("\n#")[0]
    rows = re.findall(r"^\| ([^|]+?) \|", section, flags=re.MULTILINE)

    assert rows[1:] == [name for name, *_ in CASES]
