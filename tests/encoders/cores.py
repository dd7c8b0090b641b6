"""How many cores torch takes: another number for a while, and what a new thread has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Have torch take so many cores meanwhile."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def taken_in_a_new_thread(initializer: Callable[[], None] | None = None) -> int:
    """Return how many cores torch takes in a new thread, one that begins with `initializer` if it is given."""
    with ThreadPoolExecutor(1, initializer=initializer) as thread:
        return thread.submit(torch.get_num_threads).result()
