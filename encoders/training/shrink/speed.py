"""How long things take on one core, by its processor time: others who use the machine hardly change it.

Where nobody else is there, a clock on the wall shows the same.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS: Final = 5
CALLS: Final = 40
WARM_UP: Final = 5


def p50_ms(call: Callable[[], object], *, rounds: int = ROUNDS, calls: int = CALLS) -> float:
    """Return the median milliseconds of a call on one core, in the quickest of the rounds."""
    with _one_thread():
        for _ in range(WARM_UP):
            call()
        return min(float(np.median([_milliseconds(call) for _ in range(calls)])) for _ in range(rounds))


def per_second(call: Callable[[], object], count: int, *, rounds: int = 3) -> float:
    """Return how many of `count` things a call does in a second on one core, in the quickest of the rounds."""
    with _one_thread():
        return 1000 * count / min(_milliseconds(call) for _ in range(rounds))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep torch to one thread: several spin where they wait for each other, and spinning is processor time too."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _milliseconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return (time.process_time() - started) * 1000
