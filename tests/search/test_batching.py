"""The queue before the encoders: batches without delay, a memory, and nobody pays for another's fault or leaving."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.errors import InvalidInput, Overloaded
from search.encoding.batching import BatchingQueue, Encoding, QueueLimits, Wanted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from search.encoding.batching import Vector

WORDS, PICTURES = "words", "pictures"
PATIENCE_SECONDS = 10.0


@dataclass
class Encoder:
    """An encoder that notes its batches, fails for `bad`, and holds each call until it may go on."""

    batches: list[list[str]] = field(default_factory=list)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)

    def __call__(self, contents: Sequence[str]) -> list[Vector]:
        """Return the length of each."""
        self.batches.append(list(contents))
        self.began.set()
        assert self.may_go_on.wait(PATIENCE_SECONDS)
        if "broken" in contents:
            raise RuntimeError("the encoder is broken")
        if "bad" in contents:
            raise InvalidInput("made no finite vector")
        return [np.array([len(content)], dtype=np.float32) for content in contents]

    async def has_begun(self) -> None:
        """Wait until a call is under way."""
        assert await asyncio.to_thread(self.began.wait, PATIENCE_SECONDS)
        self.began.clear()


@dataclass(frozen=True)
class Line:
    """A queue and its two encoders."""

    queue: BatchingQueue
    words: Encoder
    pictures: Encoder
    noted: list[tuple[str, int]]

    def ask(self, *contents: str, encoding: str = WORDS) -> asyncio.Task[list[Vector | InvalidInput]]:
        """Want these, as one request."""
        return asyncio.ensure_future(self.queue.encode([Wanted(encoding, one, one) for one in contents]))

    def go_on(self) -> None:
        """Let the encoders work."""
        self.words.may_go_on.set()
        self.pictures.may_go_on.set()


@pytest.fixture
def line() -> Iterator[Line]:
    """Return a queue whose encoders are held; at most three at once, six waiting, four remembered."""
    words, pictures = Encoder(), Encoder()
    encodings = {WORDS: Encoding(words, at_once=3), PICTURES: Encoding(pictures, at_once=3)}
    noted: list[tuple[str, int]] = []
    queue = BatchingQueue(
        encodings, QueueLimits(waiting=6, remembered=4), lambda encoding, contents: noted.append((encoding, contents))
    )
    yield Line(queue, words, pictures, noted)
    words.may_go_on.set()
    pictures.may_go_on.set()
    queue.close()


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine; a story that does not end fails."""

    async def within_time() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await story()

    asyncio.run(within_time())


def lengths(found: Sequence[Vector | InvalidInput]) -> list[float]:
    """Return what the encoders said."""
    return [float(vector[0]) for vector in found if isinstance(vector, np.ndarray)]


def test_what_waits_becomes_a_batch(line: Line) -> None:
    """The first goes at once and alone; what comes meanwhile goes together, up to the bound, in order."""

    async def story() -> None:
        first = line.ask("a")
        await line.words.has_begun()
        others = [line.ask(text) for text in ("bb", "ccc", "dddd", "eeeee")]
        await asyncio.sleep(0)
        line.go_on()
        assert lengths(await first) == [1]
        assert [lengths(await one) for one in others] == [[2], [3], [4], [5]]

    run(story)
    assert line.words.batches == [["a"], ["bb", "ccc", "dddd"], ["eeeee"]]
    assert line.noted == [(WORDS, 1), (WORDS, 3), (WORDS, 1)]


def test_requests_of_one_moment_share_a_batch(line: Line) -> None:
    """Without any delay: what one turn of the event loop brings stands in line before the encoder starts."""

    async def story() -> None:
        line.go_on()
        await asyncio.gather(line.ask("a"), line.ask("b"), line.ask("c"))

    run(story)
    assert line.words.batches == [["a", "b", "c"]]


def test_kinds_take_turns(line: Line) -> None:
    """A batch is of one kind, that of whoever stands first."""

    async def story() -> None:
        asked = [line.ask("a"), line.ask("1", encoding=PICTURES), line.ask("b"), line.ask("2", encoding=PICTURES)]
        line.go_on()
        await asyncio.gather(*asked)

    run(story)
    assert line.words.batches == [["a", "b"]]
    assert line.pictures.batches == [["1", "2"]]


def test_the_same_is_encoded_once(line: Line) -> None:
    """Within a request, across requests that wait, for one that comes while it is under way, and later."""

    async def story() -> None:
        first = line.ask("a", "a")
        await line.words.has_begun()
        asked = [line.ask("a"), line.ask("b"), line.ask("b", "a")]
        await asyncio.sleep(0)
        line.go_on()
        assert lengths(await first) == [1, 1]
        assert [len(await one) for one in asked] == [1, 1, 2]
        await line.ask("b", "a")

    run(story)
    assert line.words.batches == [["a"], ["b"]]


def test_the_memory_is_bounded(line: Line) -> None:
    """What was not wanted for longest is forgotten first."""

    async def story() -> None:
        line.go_on()
        await line.ask("a", "b", "c")
        await line.ask("d")
        await line.ask("a")
        await line.ask("e")  # and b is gone
        await line.ask("a", "c", "d", "e")
        await line.ask("b")

    run(story)
    assert line.words.batches == [["a", "b", "c"], ["d"], ["e"], ["b"]]


def test_one_that_cannot_be_encoded_is_its_own_requests_affair(line: Line) -> None:
    """The others of its batch get their vectors; it is not remembered as bad."""

    async def story() -> None:
        line.go_on()
        good, bad, other = await asyncio.gather(line.ask("a"), line.ask("bad"), line.ask("ccc"))
        assert (lengths(good), lengths(other)) == ([1], [3])
        assert isinstance(bad[0], InvalidInput)
        assert len(await line.ask("bad", "a")) == 2

    run(story)
    assert line.words.batches[0] == ["a", "bad", "ccc"]
    assert line.words.batches[-1] == ["bad"]


def test_an_encoder_that_breaks_is_everyones_affair(line: Line) -> None:
    """All of the batch hear of it, and the next batch is tried."""

    async def story() -> None:
        line.go_on()
        found = await asyncio.gather(line.ask("a", "broken"), line.ask("b"), return_exceptions=True)
        assert all(isinstance(one, RuntimeError) for one in found)
        assert lengths(await line.ask("a")) == [1]

    run(story)


def test_who_leaves_drops_out(line: Line) -> None:
    """What nobody waits for any more is not encoded; what another waits for too is."""

    async def story() -> None:
        first = line.ask("a")
        await line.words.has_begun()
        leaving, staying = line.ask("b", "c"), line.ask("c")
        await asyncio.sleep(0)
        leaving.cancel()
        first.cancel()
        await asyncio.sleep(0)
        line.go_on()
        assert lengths(await staying) == [1]

    run(story)
    assert line.words.batches == [["a"], ["c"]]


def test_who_leaves_makes_room(line: Line) -> None:
    """And who finds none is told at once, whatever he wants."""

    async def story() -> None:
        line.ask("a")
        await line.words.has_begun()
        waiting = line.ask(*"bcdefg")
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await line.ask("h")
        shared = line.ask("b", "a")  # which takes no room
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        late = line.ask("h")
        line.go_on()
        assert lengths(await shared) == [1, 1]
        assert lengths(await late) == [1]

    run(story)
    assert line.words.batches == [["a"], ["b", "h"]]


def test_closing_forgets_the_line(line: Line) -> None:
    """And another use begins anew, in another event loop too."""

    async def left_waiting() -> None:
        line.ask("a")
        await line.words.has_begun()
        line.ask("b")
        await asyncio.sleep(0)

    run(left_waiting)
    line.go_on()
    line.queue.close()

    async def again() -> None:
        assert lengths(await line.ask("b")) == [1]

    run(again)
