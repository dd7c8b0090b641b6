"""Bulk work with a core for each part of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import TYPE_CHECKING, TypeVar

import torch

from encoders.threads import start_others_with

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Part = TypeVar("_Part")
_Made = TypeVar("_Made")


def lane_batch(inputs: int, most: int) -> int:
    """Return how many of so many inputs to encode at once, `most` at most and 1 at least: cores are done together.

    A part is no less than half of that while there are several: between small ones the threads wait for Python's lock.
    """
    at_once = max(1, min(torch.get_num_threads(), 2 * inputs // most))
    rounds = max(1, -(-inputs // (at_once * most)))
    return max(1, -(-inputs // (at_once * rounds)))


def in_lanes(work: Callable[[_Part], _Made], parts: Sequence[_Part]) -> list[_Made]:
    """Return what `work` makes of each part, in order; each takes one core, and as many are at work as there are cores.

    Where instead all cores work on one part, torch's threads wait for the slowest at every layer, and spin meanwhile:
    a sixth slower on idle cores, ten times where something else wants them. A single part takes all that this thread
    may. The first failure is raised.
    """
    cores = torch.get_num_threads()
    if cores == 1 or len(parts) <= 1:
        return [work(part) for part in parts]
    return list(_lanes(cores).map(work, parts))


@cache
def _lanes(count: int) -> ThreadPoolExecutor:
    """Return threads of which each has one core; all are started at once, for each sets what later ones start with."""
    started = Barrier(count + 1)

    def take_one_core() -> None:
        torch.get_num_threads()  # the first time that torch is asked in a thread, it sets the count anew
        torch.set_num_threads(1)
        started.wait()

    lanes = ThreadPoolExecutor(count, thread_name_prefix="lane", initializer=take_one_core)
    for _ in range(count):
        lanes.submit(int)
    started.wait()
    start_others_with(count)
    return lanes
