"""One queue that turns what concurrent requests want encoded into batches, and remembers what it encoded.

As in huggingface/text-embeddings-inference nothing waits for company: a free encoder takes whatever stands in line,
up to a bound, and the busier it is, the larger the next batch. All state is the event loop's; only encoding is on a
thread.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from catalog.errors import InvalidInput, Overloaded
from encoders.threads import share_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from catalog.vectors import SparseVector
    from encoders.interface import FloatArray

    Vector: TypeAlias = FloatArray | SparseVector
    Verdict: TypeAlias = Vector | InvalidInput
    Line: TypeAlias = dict["Wanted", list[asyncio.Future[Verdict]]]

Encode: TypeAlias = "Callable[[Sequence[Any]], Sequence[Vector]]"
"""Contents to vectors in their order; blocks; raises `InvalidInput` for the whole call if one content is at fault."""

Noted: TypeAlias = "Callable[[str, int], None]"
"""Hears of each batch: its encoding, and how many contents it has."""

_RETRY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing to encode: by which encoding, by what it is remembered, and the thing itself."""

    encoding: str
    key: Hashable
    content: Any = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A way to encode, and how many contents one call takes."""

    encode: Encode
    at_once: int


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How many contents may stand in line, and how many vectors are remembered."""

    waiting: int = 1_024
    remembered: int = 8_192


class BatchingQueue:
    """Encodes in batches, one call at a time on a thread of its own."""

    def __init__(
        self, encodings: Mapping[str, Encoding], limits: QueueLimits | None = None, noted: Noted | None = None
    ) -> None:
        self._encodings = encodings
        self._limits = limits or QueueLimits()
        self._noted = noted or _nobody_asks
        self._remembered: OrderedDict[Wanted, Vector] = OrderedDict()
        self._line: Line = {}
        self._under_way: Line = {}
        self._thread = _one_thread()

    def close(self) -> None:
        """End the thread when its call is done; what stands in line is forgotten. Another use starts another thread."""
        ended, self._thread = self._thread, _one_thread()
        ended.shutdown()
        self._line, self._under_way = {}, {}

    def remembered(self, wanted: Wanted) -> Vector | None:
        """Return the vector of something that was encoded before, None where it is not known (any more)."""
        vector = self._remembered.get(wanted)
        if vector is not None:
            self._remembered.move_to_end(wanted)
        return vector

    async def encode(self, wanted: Sequence[Wanted]) -> list[Verdict]:
        """Return for each its vector, or why there is none: what is wrong with one is no other's fault.

        Who is cancelled drops out of the line. Raises `Overloaded` where there is no room in it.
        """
        found: dict[Wanted, Verdict] = {one: vector for one in wanted if (vector := self.remembered(one)) is not None}
        unknown = [one for one in dict.fromkeys(wanted) if one not in found]
        if unknown:
            self._check_room(unknown)
            verdicts = await asyncio.gather(*map(self._stand_in_line, unknown))
            found |= zip(unknown, verdicts, strict=True)
        return [found[one] for one in wanted]

    def _check_room(self, unknown: Sequence[Wanted]) -> None:
        new = sum(one not in self._line and one not in self._under_way for one in unknown)
        if len(self._line) + new > self._limits.waiting:
            raise Overloaded("too much is waiting to be encoded", retry_after_seconds=_RETRY_SECONDS)

    def _stand_in_line(self, wanted: Wanted) -> asyncio.Future[Verdict]:
        """Return what will hold the vector; who wants the same thing shares its place, also once it is under way."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Verdict] = loop.create_future()
        if wanted in self._under_way:
            self._under_way[wanted].append(future)
            return future
        if not self._line:
            loop.call_soon(self._start)  # after all that this turn of the event loop brings
        self._line.setdefault(wanted, []).append(future)
        future.add_done_callback(partial(self._drop_out, wanted))
        return future

    def _drop_out(self, wanted: Wanted, future: asyncio.Future[Verdict]) -> None:
        if future.cancelled() and all(one.cancelled() for one in self._line.get(wanted, ())):
            self._line.pop(wanted, None)

    def _start(self) -> None:
        """Encode what stands first in line, and with it what else there is of its kind; when that is done, again."""
        if self._under_way or not self._line:
            return
        name = next(iter(self._line)).encoding
        encoding = self._encodings[name]
        ours = [one for one in self._line if self._encodings[one.encoding] is encoding][: encoding.at_once]
        batch = self._under_way = {one: self._line.pop(one) for one in ours}
        self._noted(name, len(batch))
        contents = [one.content for one in batch]
        call = asyncio.get_running_loop().run_in_executor(self._thread, _each, encoding.encode, contents)
        call.add_done_callback(partial(self._finish, batch))

    def _finish(self, batch: Line, call: asyncio.Future[list[Verdict]]) -> None:
        if self._under_way is batch:
            self._under_way = {}
        error = call.exception()
        if error is not None:
            for future in _waiting(*batch.values()):
                future.set_exception(error)
        else:
            self._hand_out(batch, call.result())
        self._start()

    def _hand_out(self, batch: Line, verdicts: Sequence[Verdict]) -> None:
        for (wanted, futures), verdict in zip(batch.items(), verdicts, strict=True):
            for future in _waiting(futures):
                future.set_result(verdict)
            if not isinstance(verdict, InvalidInput):
                self._remembered[replace(wanted, content=None)] = verdict
        while len(self._remembered) > self._limits.remembered:
            self._remembered.popitem(last=False)


def _waiting(*futures: Sequence[asyncio.Future[Verdict]]) -> list[asyncio.Future[Verdict]]:
    return [future for some in futures for future in some if not future.done()]


def _nobody_asks(_encoding: str, _contents: int) -> None:
    """Note nothing."""


def _one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="query-encoder", initializer=share_cores)


def _each(encode: Encode, contents: Sequence[Any]) -> list[Verdict]:
    """Encode all in one call; where that fails for one, halve until it stands alone."""
    try:
        return list(encode(contents))
    except InvalidInput as error:
        if len(contents) == 1:
            return [error]
    middle = len(contents) // 2
    return _each(encode, contents[:middle]) + _each(encode, contents[middle:])
