"""Dead letters as they lie: where from, why, and what goes back to the topic when the cause is mended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from ingest.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OURS: Final = "vitrine-"
REASON: Final = OURS + "reason"
ERROR: Final = OURS + "error"
TOPIC: Final = OURS + "topic"
PARTITION: Final = OURS + "partition"
OFFSET: Final = OURS + "offset"
TRUNCATED: Final = OURS + "truncated"
REPLAYS: Final = OURS + "replays"
"""How often a record was sent back to its topic: on the record itself, and so on the letter if it is refused again."""
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Place:
    """Where a letter lies: `partition:offset` of the dead letters' own log."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter that was read back; `message` is all of it, the headers that say why included."""

    place: Place
    message: Message

    @property
    def reason(self) -> str:
        """The countable word for why it was refused; empty for what is no letter of ours."""
        return self._said(REASON)

    @property
    def error(self) -> str:
        """The sentence that says what to change."""
        return self._said(ERROR)

    @property
    def origin(self) -> str:
        """Where the record came from, as `topic/partition:offset`."""
        return f"{self._said(TOPIC)}/{self._said(PARTITION)}:{self._said(OFFSET)}"

    @property
    def topic(self) -> str:
        """The topic that it came from."""
        return self._said(TOPIC)

    @property
    def replays(self) -> int:
        """How often it had been sent back before it was refused this time."""
        text = self._said(REPLAYS)
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 0

    @property
    def is_truncated(self) -> bool:
        """Whether its value was too large for the topic, so that only a part is left."""
        return bool(self._said(TRUNCATED))

    def record(self) -> Message:
        """Return what goes back: key, value and headers as they were, with one more replay counted."""
        own = tuple(header for header in self.message.headers if not header[0].startswith(OURS))
        marked = (*own, (REPLAYS, str(self.replays + 1).encode()))
        return Message(self.message.key, self.message.value, marked, self.message.timestamp_ms)

    def _said(self, name: str) -> str:
        """Return a header's text; the last one of a name is ours, for it was added behind the record's own."""
        for header, value in reversed(self.message.headers):
            if header == name:
                return (value or b"").decode(errors="replace")
        return ""


class DeadLetterStore(Protocol):
    """Where letters are read and where their records go back to."""

    topic: str

    def letters(self, begin: Place | None = None) -> Iterator[KeptLetter]:
        """Yield the letters that are there at the call, in order per partition; those that come later are left out.

        With `begin`, those of its partition from it on. Raises `BrokerUnavailable` in an outage.
        """
        ...

    def send_back(self, letters: list[KeptLetter]) -> None:
        """Put the records of letters back where they came from; returning means acknowledged."""
        ...

    def close(self) -> None:
        """Free everything."""
        ...


@dataclass(slots=True)
class Replay:
    """What came of a replay: how many went back, and why the others were left."""

    sent: int = 0
    left: dict[str, int] = field(default_factory=dict)

    def leave(self, why: str) -> None:
        """Count a letter that stays."""
        self.left[why] = self.left.get(why, 0) + 1


ALREADY: Final = "already replayed"
CUT: Final = "truncated"
ELSEWHERE: Final = "from another topic"
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters a command is about: of these reasons (none: of any), at this place (None: at any)."""

    reasons: frozenset[str] = frozenset()
    place: Place | None = None

    def has(self, letter: KeptLetter) -> bool:
        """Return whether a letter is meant."""
        return not self.reasons or letter.reason in self.reasons


def replay(
    store: DeadLetterStore, wanted: Wanted, *, max_replays: int, send: Callable[[list[KeptLetter]], None]
) -> Replay:
    """Send back, by `send`, the wanted letters that were replayed at most `max_replays` times before.

    Only letters that are there at the start are read, so one that is refused again does not come around in one run;
    and with `max_replays` 0 it never does, for the letter it first was stays.
    """
    outcome = Replay()
    chunk: list[KeptLetter] = []
    for letter in store.letters(wanted.place):
        if wanted.place not in {None, letter.place}:
            break
        if not wanted.has(letter):
            continue
        why = _why_left(letter, store.topic, max_replays)
        if why:
            outcome.leave(why)
            continue
        chunk.append(letter)
        outcome.sent += 1
        if len(chunk) >= _CHUNK:
            send(chunk)
            chunk = []
    if chunk:
        send(chunk)
    return outcome


def find(store: DeadLetterStore, place: Place) -> KeptLetter | None:
    """Return the letter at a place, None where there is none."""
    letter = next(store.letters(place), None)
    return letter if letter is not None and letter.place == place else None


def _why_left(letter: KeptLetter, topic: str, max_replays: int) -> str | None:
    if letter.topic != topic:
        return ELSEWHERE
    if letter.is_truncated:
        return CUT
    return ALREADY if letter.replays > max_replays else None
