"""Events over HTTP: the lines of a body to the log, and an answer to each. What an event may be is decided behind."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, Field

from catalog.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.ports import EventSink, Refusal

MEDIA_TYPES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
MAX_LINES: Final = 5_000
MAX_WAITING: Final = 4
"""Bodies that are read and wait for the log: it takes one after the other."""
ACCEPTED: Final = "accepted"
_BOM: Final = b"\xef\xbb\xbf"


class LineAnswer(BaseModel):
    """What became of one line, counted from 1; a line that was not accepted has a reason and a detail."""

    line: Annotated[int, Field(ge=1)]
    accepted: bool
    reason: str | None = Field(None, description="a short countable word, as dead letters have it")
    detail: str | None = Field(None, description="what to change")


class EventsAnswer(BaseModel):
    """The answer to each line, in their order; an accepted one is on the log durably, and searchable a little later."""

    accepted: Annotated[int, Field(ge=0)]
    rejected: Annotated[int, Field(ge=0)]
    lines: list[LineAnswer]


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, and its number from 1."""

    number: int
    text: bytes


def split_lines(body: bytes) -> list[Line]:
    """Return the lines of a body but the blank ones; raises `InvalidInput` for none, and for too many."""
    found: list[Line] = []
    for line in _lines(body.removeprefix(_BOM)):
        found.append(line)
        if len(found) > MAX_LINES:
            raise InvalidInput(f"a request has at most {MAX_LINES:,} lines: send several")
    if not found:
        raise InvalidInput("the body has no line; each line is one event in JSON")
    return found


def _lines(body: bytes) -> Iterator[Line]:
    start, number = 0, 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        number += 1
        if text := body[start:end].strip():
            yield Line(number, text)
        start = end + 1


class EventIntake:
    """Hands lines to the log, one request after the other, in a thread of its own: an outage there stops no search."""

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="events")

    async def take(self, lines: list[Line]) -> EventsAnswer:
        """Append the good lines and answer each; raises `Unavailable` where the log is away."""
        loop = asyncio.get_running_loop()
        refusals = await loop.run_in_executor(
            self._worker, copy_context().run, self._sink.append, [line.text for line in lines]
        )
        answers = [_answer(line, refusal) for line, refusal in zip(lines, refusals, strict=True)]
        accepted = sum(answer.accepted for answer in answers)
        return EventsAnswer(accepted=accepted, rejected=len(answers) - accepted, lines=answers)

    def close(self) -> None:
        """Finish the request under way; the log itself belongs to whoever opened it."""
        self._worker.shutdown()


def _answer(line: Line, refusal: Refusal | None) -> LineAnswer:
    if refusal is None:
        return LineAnswer(line=line.number, accepted=True)
    return LineAnswer(line=line.number, accepted=False, reason=refusal.reason, detail=refusal.detail)
