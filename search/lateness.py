"""How late the event loop is: the waiting of a busy process, which is in no stage of a search.

One thread answers all requests. What is ready waits for whatever runs on it, and for Python's lock while the encoder or
another thread has that, at each of a search's steps.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from search.metrics import SearchMetrics

LOOK_SECONDS: Final = 0.25


@asynccontextmanager
async def watched(metrics: SearchMetrics) -> AsyncIterator[None]:
    """Note four times a second, until the block ends, by how much the loop of this block is late."""
    watching = asyncio.create_task(_watch(metrics))
    try:
        yield
    finally:
        watching.cancel()


async def _watch(metrics: SearchMetrics) -> None:
    clock = asyncio.get_running_loop()
    while True:
        due = clock.time() + LOOK_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
        metrics.late(max(0.0, clock.time() - due))
