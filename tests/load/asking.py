"""A small load generator: searches at a steady rate, or of clients that ask again and again.

At a steady rate requests start when they are due, whatever became of those before, and their time counts from then: a
server that stalls is not asked less.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx

from deploy.sample.catalogue import products
from tests.load.machine import Spent
from tests.load.window import Window

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.benchmarks.served import Served
    from tests.load.floor import Floor

CLIENTS = 8
"""That ask again as soon as they are answered."""
MOST_AT_ONCE = 48
"""Fewer than the API lets in: this is about its pace, not its door."""
_NEW_CHARS = 6


class Asker:
    """Asks one process; who finds no connection free waits here: httpx looks through all that wait at its pool."""

    def __init__(self, http: httpx.AsyncClient, served: Served, floor: Floor) -> None:
        self._http = http
        self._served = served
        self._floor = floor
        self._door = asyncio.Semaphore(MOST_AT_ONCE)
        self._requests = searches()

    async def evenly(self, rate: float, seconds: float) -> Window:
        """Ask so many times a second."""
        with self._window() as window:
            started = time.perf_counter()
            async with asyncio.TaskGroup() as asked:
                for number in range(int(rate * seconds)):
                    due = started + number / rate
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
                    asked.create_task(self._ask(due, window))
        return window

    async def together(self, seconds: float) -> Window:
        """Let so many clients ask, each again as soon as it is answered."""
        with self._window() as window:
            until = time.perf_counter() + seconds

            async def again_and_again() -> None:
                while time.perf_counter() < until:
                    await self._ask(time.perf_counter(), window)

            await asyncio.gather(*(again_and_again() for _ in range(CLIENTS)))
        return window

    @contextmanager
    def _window(self) -> Iterator[Window]:
        window, before, started = Window(), Spent.now(self._served.pid), time.perf_counter()
        yield window
        window.spent = Spent.now(self._served.pid) - before
        window.memory_mib = self._served.memory_mib() or 0.0
        window.floor = self._floor.since(started)

    async def _ask(self, due: float, window: Window) -> None:
        """Search, and note what came of it and how long after it was due."""
        try:
            async with self._door:
                answer = await self._http.post("/v1/search", json=next(self._requests))
        except httpx.TransportError as error:
            window.errors.append(repr(error))
            return
        window.seconds.append(time.perf_counter() - due)
        if not answer.is_success:
            window.errors.append(f"{answer.status_code}: {answer.text[:200]}")


@asynccontextmanager
async def asker(served: Served, floor: Floor) -> AsyncIterator[Asker]:
    """Give what asks a process, with connections of its own."""
    limits = httpx.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=MOST_AT_ONCE)
    url = f"http://127.0.0.1:{served.port}"
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False, limits=limits) as http:
        yield Asker(http, served, floor)


def searches() -> Iterator[dict[str, Any]]:
    """Yield searches: words of titles, every other one never asked before; some within filters, some browsing.

    What makes a text new is as long for the last as for the first: a count would have more digits, and so more to
    encode, the longer a process is asked.
    """
    titles = [product.title for product in products()]
    for number in itertools.count():
        title = titles[number * 7 % len(titles)]
        text = title if number % 2 else f"{title} {sha256(str(number).encode()).hexdigest()[:_NEW_CHARS]}"
        filters = {"filter": {"price": {"gte": 10, "lt": 150}, "in_stock": True}} if number % 3 == 0 else {}
        yield {"limit": 20, **filters} if number % 10 == 0 else {"text": text, "limit": 20, **filters}
