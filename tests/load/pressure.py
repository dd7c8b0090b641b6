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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIENTS = 8
"""At once, while the capacity is measured."""
MOST_AT_ONCE = 48
"""Fewer than the API lets in: this is about its pace, not its door."""
WINDOW_SECONDS = 60.0
MILLISECONDS = 1_000.0


@dataclass(slots=True)
class Window:
    """A minute of load: the seconds that answers took from when they were due, what failed, memory (MiB) at its end."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory_mib: float = 0.0

    def p_ms(self, percentile: float) -> float:
        """Return a percentile in milliseconds."""
        return float(np.percentile(self.seconds, percentile)) * MILLISECONDS


@dataclass(slots=True)
class Pressed:
    """What came of it; rates in searches a second."""

    capacity: float
    rate: float
    windows: list[Window] = field(default_factory=list)

    def table(self) -> str:
        """Return a row a minute as markdown."""
        lines = [
            f"capacity {self.capacity:.0f}/s with {CLIENTS} clients, then {self.rate:.0f}/s",
            "| minute | searches | errors | p50 | p99 | memory |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for number, window in enumerate(self.windows, 1):
            times = f"{window.p_ms(50):.1f} ms | {window.p_ms(99):.1f} ms"
            counts = f"{len(window.seconds):,} | {len(window.errors)}"
            lines.append(f"| {number} | {counts} | {times} | {window.memory_mib:,.0f} MiB |")
        return "\n".join(lines)


def press(
    port: int, memory_mib: Callable[[], float | None], *, minutes: int, share: float, warm_seconds: float
) -> Pressed:
    """Measure what the API can do, then ask for that share of it for so many minutes."""
    return asyncio.run(_press(port, memory_mib, minutes, share, warm_seconds))


async def _press(
    port: int, memory_mib: Callable[[], float | None], minutes: int, share: float, warm_seconds: float
) -> Pressed:
    limits = httpx.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=MOST_AT_ONCE)
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False, limits=limits) as http:
        requests = _requests()
        await _capacity(http, requests, warm_seconds)
        capacity = await _capacity(http, requests, warm_seconds)
        pressed = Pressed(capacity, capacity * share)
        for _ in range(minutes):
            window = await _window(http, requests, pressed.rate)
            window.memory_mib = memory_mib() or 0.0
            pressed.windows.append(window)
    return pressed


async def _capacity(http: httpx.AsyncClient, requests: Iterator[dict[str, Any]], seconds: float) -> float:
    """Return the searches a second that so many clients get, each asking again as soon as it is answered."""
    until = time.perf_counter() + seconds
    window = Window()

    async def client() -> None:
        while time.perf_counter() < until:
            await _ask(http, next(requests), time.perf_counter(), window)

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    assert not window.errors, window.errors[:3]
    return len(window.seconds) / (time.perf_counter() - started)


async def _window(http: httpx.AsyncClient, requests: Iterator[dict[str, Any]], rate: float) -> Window:
    window, started = Window(), time.perf_counter()
    async with asyncio.TaskGroup() as asked:
        for number in range(int(rate * WINDOW_SECONDS)):
            due = started + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            asked.create_task(_ask(http, next(requests), due, window))
    return window


async def _ask(http: httpx.AsyncClient, request: dict[str, Any], due: float, window: Window) -> None:
    try:
        answer = await http.post("/v1/search", json=request)
    except httpx.TransportError as error:
        window.errors.append(repr(error))
        return
    window.seconds.append(time.perf_counter() - due)
    if not answer.is_success:
        window.errors.append(f"{answer.status_code}: {answer.text[:200]}")


def _requests() -> Iterator[dict[str, Any]]:
    """Yield searches: words of titles, every other one never asked before; some within filters, some browsing."""
    titles = [product.title for product in products()]
    for number in itertools.count():
        title = titles[number * 7 % len(titles)]
        text = title if number % 2 else f"{title} {number}"
        filters = {"filter": {"price": {"gte": 10, "lt": 150}, "in_stock": True}} if number % 3 == 0 else {}
        yield {"limit": 20, **filters} if number % 10 == 0 else {"text": text, "limit": 20, **filters}
