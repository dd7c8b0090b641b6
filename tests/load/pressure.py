"""Searches at a steady rate for minutes, and how their times and the process's memory go: a small load generator.

Requests start when they are due, whatever became of those before, and their time counts from then: a server that
stalls is not asked less.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from deploy.sample.catalogue import products
from tests.load.machine import Spent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.served import Served

CLIENTS = 8
"""At once, while it is measured how much of the processors the process can use."""
MOST_AT_ONCE = 48
"""Fewer than the API lets in: this is about its pace, not its door."""
WARM_SECONDS = 10.0
TOGETHER_SECONDS = 30.0
SPACED_SECONDS = 30.0
WINDOW_SECONDS = 60.0
MILLISECONDS = 1_000.0


@dataclass(slots=True)
class Window:
    """A minute of load.

    The seconds that answers took from when they were due, what failed, memory (MiB) at its end, what it took of the
    processors.
    """

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory_mib: float = 0.0
    spent: Spent | None = None

    def p_ms(self, percentile: float) -> float:
        """Return a percentile in milliseconds."""
        return float(np.percentile(self.seconds, percentile)) * MILLISECONDS

    @property
    def work_ms(self) -> float:
        """What one search takes of a processor, in milliseconds: hardly a matter of how long it waited."""
        assert self.spent is not None
        return self.spent.process / len(self.seconds) * MILLISECONDS

    def cells(self) -> list[str]:
        """Return the row of a table."""
        spent = self.spent
        assert spent is not None
        shares = [f"{part / spent.wall:.0%}" for part in (spent.process, spent.ours, spent.others, spent.stolen)]
        counts = [f"{len(self.seconds):,}", str(len(self.errors))]
        times = [f"{milliseconds:.1f} ms" for milliseconds in (self.p_ms(50), self.p_ms(99), self.work_ms)]
        return [*counts, *times, *shares, f"{self.memory_mib:,.0f} MiB"]


@dataclass(slots=True)
class Pressed:
    """What came of it, in searches a second; `together` is what clients get who ask again once they are answered."""

    together: float
    capacity: float
    rate: float
    windows: list[Window] = field(default_factory=list)

    def table(self) -> str:
        """Return a row a minute as markdown."""
        titles = [
            "minute",
            "searches",
            "errors",
            "p50",
            "p99",
            "work",
            "server",
            "script",
            "others",
            "stolen",
            "memory",
        ]
        rows = [titles, ["---"] * len(titles), *([str(n), *each.cells()] for n, each in enumerate(self.windows, 1))]
        head = (
            f"capacity {self.capacity:.0f}/s evenly, {self.together:.0f}/s by {CLIENTS} clients; then {self.rate:.0f}/s"
        )
        return "\n".join([head, *("| " + " | ".join(row) + " |" for row in rows)])


def press(served: Served, *, minutes: int, share: float) -> Pressed:
    """Measure what the API can do, then ask for that share of it for so many minutes."""
    return asyncio.run(_press(served, minutes, share))


async def _press(served: Served, minutes: int, share: float) -> Pressed:
    limits = httpx.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=MOST_AT_ONCE)
    url = f"http://127.0.0.1:{served.port}"
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False, limits=limits) as http:
        client, requests = _Client(http), _requests()
        await _together(client, requests, WARM_SECONDS)
        together, capacity = await _capacity(client, requests, served.pid, share)
        pressed = Pressed(together, capacity, capacity * share)
        for _ in range(minutes):
            window = await _measured(client, requests, pressed.rate, WINDOW_SECONDS, served.pid)
            window.memory_mib = served.memory_mib() or 0.0
            pressed.windows.append(window)
    return pressed


@dataclass(slots=True)
class _Client:
    """Asks; who finds no connection free waits here: httpx looks through all that wait at its pool each time."""

    http: httpx.AsyncClient
    door: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))

    async def ask(self, request: dict[str, Any], due: float, window: Window) -> None:
        """Search, and note what came of it and how long after it was due."""
        try:
            async with self.door:
                answer = await self.http.post("/v1/search", json=request)
        except httpx.TransportError as error:
            window.errors.append(repr(error))
            return
        window.seconds.append(time.perf_counter() - due)
        if not answer.is_success:
            window.errors.append(f"{answer.status_code}: {answer.text[:200]}")


async def _capacity(client: _Client, requests: Iterator[dict[str, Any]], pid: int, share: float) -> tuple[float, float]:
    """Return the searches a second that clients get together, and how many the process could answer that come evenly.

    Those asked together are encoded together and take less of a processor: four fifths of their rate, evenly spaced,
    took nearly all that one Python process can use. So: what it used then, over what an evenly spaced search takes.
    Where there is no /proc the two rates are taken for one.
    """
    before = Spent.now(pid)
    together = await _together(client, requests, TOGETHER_SECONDS)
    used = Spent.now(pid) - before
    spaced = await _measured(client, requests, together * share, SPACED_SECONDS, pid)
    return together, used.process / used.wall / spaced.work_ms * MILLISECONDS if used.process else together


async def _together(client: _Client, requests: Iterator[dict[str, Any]], seconds: float) -> float:
    """Return the searches a second that so many clients get, each asking again as soon as it is answered."""
    until = time.perf_counter() + seconds
    window = Window()

    async def again_and_again() -> None:
        while time.perf_counter() < until:
            await client.ask(next(requests), time.perf_counter(), window)

    started = time.perf_counter()
    await asyncio.gather(*(again_and_again() for _ in range(CLIENTS)))
    assert not window.errors, window.errors[:3]
    return len(window.seconds) / (time.perf_counter() - started)


async def _measured(
    client: _Client, requests: Iterator[dict[str, Any]], rate: float, seconds: float, pid: int
) -> Window:
    window, before, started = Window(), Spent.now(pid), time.perf_counter()
    async with asyncio.TaskGroup() as asked:
        for number in range(int(rate * seconds)):
            due = started + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            asked.create_task(client.ask(next(requests), due, window))
    window.spent = Spent.now(pid) - before
    return window


def _requests() -> Iterator[dict[str, Any]]:
    """Yield searches: words of titles, every other one never asked before; some within filters, some browsing."""
    titles = [product.title for product in products()]
    for number in itertools.count():
        title = titles[number * 7 % len(titles)]
        text = title if number % 2 else f"{title} {number}"
        filters = {"filter": {"price": {"gte": 10, "lt": 150}, "in_stock": True}} if number % 3 == 0 else {}
        yield {"limit": 20, **filters} if number % 10 == 0 else {"text": text, "limit": 20, **filters}
