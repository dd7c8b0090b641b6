"""Dead letters read back: what they say, and what of them goes back to the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.errors import Misconfigured
from ingest.dead_letters import KeptLetter, Place, Wanted, find, replay
from ingest.eventlog import EventLogSource
from ingest.eventlog_dead_letters import DEAD_LETTERS_FILE, EventLogDeadLetters, EventLogLetterStore
from ingest.eventlog_file import TOPIC
from ingest.message import Message
from ingest.source import DeadLetter, Record

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.source import Record as Read


def letter(value: bytes = b"v", *, topic: str = TOPIC, reason: str = "malformed_json", replays: int = 0) -> DeadLetter:
    """Return a letter as the worker sends it."""
    headers: tuple[tuple[str, bytes | None], ...] = (("trace", b"t"), ("none", None))
    marked = (*headers, ("vitrine-replays", b"%d" % replays)) if replays else headers
    return DeadLetter(Record(topic, 3, 17, 1_000, b"k", value, marked), reason, "say what")


def store(folder: Path, *letters: DeadLetter) -> EventLogLetterStore:
    """Return the letters of an event log."""
    sink = EventLogDeadLetters(folder)
    sink.send(letters)
    sink.close()
    return EventLogLetterStore(folder)


def log(folder: Path) -> list[Read]:
    """Return what is on the event log."""
    source = EventLogSource(folder)
    try:
        return list(source._read_batch())
    finally:
        source.close()


def test_a_letter_says_where_it_comes_from_and_why(tmp_path: Path) -> None:
    """What the worker wrote is read back, also behind headers of the same name."""
    spoofed = DeadLetter(Record(TOPIC, 3, 17, 1_000, b"k", b"v", (("vitrine-reason", b"mine"),)), "too_large", "why")

    (kept,) = store(tmp_path, spoofed).letters()

    assert (kept.place, kept.reason, kept.error, kept.origin) == (Place(0, 0), "too_large", "why", f"{TOPIC}/3:17")
    assert (kept.replays, kept.is_truncated) == (0, False)


def test_a_record_goes_back_as_it_was(tmp_path: Path) -> None:
    """With its key, value, headers and time; only the count of replays is new."""
    letters = store(tmp_path, letter(b"\xff"))

    outcome = replay(letters, Wanted(), max_replays=0, send=letters.send_back)

    (record,) = log(tmp_path)
    assert (outcome.sent, outcome.left) == (1, {})
    assert (record.key, record.value, record.timestamp_ms) == (b"k", b"\xff", 1_000)
    assert record.headers == (("trace", b"t"), ("none", None), ("vitrine-replays", b"1"))


def test_what_was_refused_again_stays(tmp_path: Path) -> None:
    """Unless it is asked for, and then it counts one more; other topics and torn letters always stay."""
    torn = DeadLetter(Record(TOPIC, 0, 0, 0, b"k", b"v", (("vitrine-truncated", b"99"),)), "too_large", "why")
    letters = store(tmp_path, letter(replays=1), letter(replays=2), letter(topic="other"), torn)

    first = replay(letters, Wanted(), max_replays=0, send=letters.send_back)
    again = replay(letters, Wanted(), max_replays=1, send=letters.send_back)

    assert (first.sent, again.sent) == (0, 1)
    assert first.left == {"already replayed": 2, "from another topic": 1, "truncated": 1}
    assert [dict(record.headers)["vitrine-replays"] for record in log(tmp_path)] == [b"2"]


def test_a_replay_reads_no_letter_that_came_because_of_it(tmp_path: Path) -> None:
    """A worker that refuses it again at once does not make it go round."""
    letters = store(tmp_path, *[letter(b"%d" % number) for number in range(600)])

    def refuse_at_once(sent: list[KeptLetter]) -> None:
        store(tmp_path, *[letter(one.message.value or b"") for one in sent])

    outcome = replay(letters, Wanted(), max_replays=9, send=refuse_at_once)

    assert outcome.sent == 600
    assert len(list(letters.letters())) == 1200


def test_letters_are_chosen_by_reason_and_place(tmp_path: Path) -> None:
    """A place is one letter; several reasons may be named."""
    letters = store(tmp_path, letter(b"a"), letter(b"b", reason="too_large"), letter(b"c", reason="invalid_field"))
    sent: list[KeptLetter] = []

    replay(letters, Wanted(frozenset({"too_large", "invalid_field"})), max_replays=0, send=sent.extend)
    replay(letters, Wanted(place=Place(0, 1)), max_replays=0, send=sent.extend)
    replay(letters, Wanted(place=Place(1, 1)), max_replays=0, send=sent.extend)

    assert [one.message.value for one in sent] == [b"b", b"c", b"b"]
    found = find(letters, Place(0, 2))
    assert found is not None
    assert found.message.value == b"c"
    assert find(letters, Place(0, 3)) is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """With its line; half a line at the end is one that is being written."""
    letters = store(tmp_path, letter())
    file = tmp_path / DEAD_LETTERS_FILE
    whole = file.read_bytes()

    file.write_bytes(whole + whole[:20])
    assert len(list(letters.letters())) == 1

    file.write_bytes(whole + b"{}\n")
    with pytest.raises(Misconfigured, match="line 2"):
        list(letters.letters())


@pytest.mark.parametrize("count", [b"", b"x", b"-1", b"9" * 100, "\u00b2".encode(), None])
def test_a_count_of_junk_is_none(count: bytes | None) -> None:
    """Anybody may write a header."""
    assert KeptLetter(Place(0, 0), Message(None, None, (("vitrine-replays", count),))).replays == 0


def test_no_letters_are_no_error(tmp_path: Path) -> None:
    """A log that never refused anything has no file of them."""
    assert list(EventLogLetterStore(tmp_path).letters()) == []
