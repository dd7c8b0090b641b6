"""The event loop's lateness is a metric: the waiting of a busy process, which no stage shows."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from search.lateness import LOOK_SECONDS, watched
from search.metrics import SearchMetrics

if TYPE_CHECKING:
    from collections.abc import Callable

HELD_SECONDS = 0.2


def late_seconds(meanwhile: Callable[[], None]) -> float:
    """Return by how much a loop is late in which this is done while a look is due."""
    metrics = SearchMetrics()

    async def run() -> None:
        async with watched(metrics):
            await asyncio.sleep(LOOK_SECONDS / 2)
            meanwhile()
            await asyncio.sleep(LOOK_SECONDS)

    asyncio.run(run())
    assert metrics.registry.get_sample_value("vitrine_search_loop_late_seconds_count") == 1
    return metrics.registry.get_sample_value("vitrine_search_loop_late_seconds_sum") or 0.0


def test_a_loop_that_is_held_is_late() -> None:
    """By what is left of that when the look is due; a free loop is on time."""
    held = late_seconds(lambda: time.sleep(HELD_SECONDS))
    assert held >= HELD_SECONDS - LOOK_SECONDS / 2
    assert late_seconds(lambda: None) < held


def test_nobody_looks_once_the_block_has_ended() -> None:
    """The task ends with it: a loop that goes on has nothing left to do."""

    async def run() -> int:
        async with watched(SearchMetrics()):
            pass
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1
