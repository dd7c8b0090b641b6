"""Events that come another way than the log: the worker's own verdict, before they are on it."""

from __future__ import annotations

import pytest

from catalog.errors import BrokerUnavailable
from ingest.accepting import TOO_LARGE, JudgedEvents
from ingest.decode import decode
from ingest.message import Message
from tests.builders import as_bytes, bare, deleted, patched, record, upserted
from tests.search.shop import MemoryLog

EVENTS = [
    as_bytes(upserted(bare("a"))),
    as_bytes(patched("b", price=-1)),
    b"\xff",
    as_bytes({"type": "other", "version": 1}),
    as_bytes(deleted("c")),
]


def test_the_verdict_is_the_workers() -> None:
    """Reason and detail are those of the dead letter that it would become; order is kept."""
    log = MemoryLog()

    answers = JudgedEvents(log.deliver, log.messages.clear).append(EVENTS)

    letters = {letter.record.value: letter for letter in decode([record(event) for event in EVENTS]).rejects}
    assert len(letters) == 3
    for event, answer in zip(EVENTS, answers, strict=True):
        letter = letters.get(event)
        assert (answer and (answer.reason, answer.detail)) == (letter and (letter.reason, letter.error))
    assert log.messages == [Message(b"a", EVENTS[0]), Message(b"c", EVENTS[4])]


def test_what_the_log_finds_too_large_is_answered_so() -> None:
    """The others are on it."""
    log = MemoryLog(max_bytes=len(EVENTS[0]) - 1)

    assert JudgedEvents(log.deliver, log.messages.clear).append([EVENTS[0], EVENTS[4]]) == [TOO_LARGE, None]


def test_an_outage_goes_through() -> None:
    """Whoever asked is told that nothing is certain."""
    with pytest.raises(BrokerUnavailable):
        JudgedEvents(MemoryLog(away=True).deliver, [].clear).append([EVENTS[0]])
