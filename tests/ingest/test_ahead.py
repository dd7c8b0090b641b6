"""The next of several things is made while the last is dealt with."""

from __future__ import annotations

from contextlib import closing
from contextvars import ContextVar
from threading import Event
from typing import TYPE_CHECKING

import pytest

from ingest.ahead import OneAhead

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 10


@pytest.fixture
def ahead() -> Iterator[OneAhead]:
    """Give a thread that is ended."""
    with closing(OneAhead("test")) as thread:
        yield thread


def test_all_come_in_order(ahead: OneAhead) -> None:
    """None of them twice."""
    assert list(ahead.of(iter([[1], [], [2, 3]]))) == [[1], [], [2, 3]]
    assert list(ahead.of(iter([]))) == []


def test_the_next_is_made_while_the_last_is_dealt_with(ahead: OneAhead) -> None:
    """Dealing with the first waits for the second to be made, but nobody makes the third meanwhile."""
    made = [Event(), Event(), Event()]

    def making() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    things = ahead.of(making())

    assert next(things) == 0
    assert made[1].wait(SECONDS)
    assert not made[2].is_set()
    assert list(things) == [1, 2]


def test_what_fails_is_raised_where_it_was_due(ahead: OneAhead) -> None:
    """What was made before comes first."""

    def making() -> Iterator[str]:
        yield "sound"
        raise ValueError("broken")

    things = ahead.of(making())

    assert next(things) == "sound"
    with pytest.raises(ValueError, match="broken"):
        next(things)


def test_whoever_stops_asking_may_ask_for_something_else(ahead: OneAhead) -> None:
    """As the loop does when writing a part has failed."""
    assert next(ahead.of(iter("abc"))) == "a"

    assert list(ahead.of(iter("xyz"))) == ["x", "y", "z"]


def test_things_are_made_in_the_context_of_who_asks(ahead: OneAhead) -> None:
    """So that a span of the making belongs to the turn."""
    turn: ContextVar[str] = ContextVar("turn")
    turn.set("mine")

    assert list(ahead.of(turn.get() for _ in range(2))) == ["mine", "mine"]
