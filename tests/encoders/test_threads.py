"""A thread that shares the cores: it takes half of them, and nobody else takes fewer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import torch

from encoders.threads import share_cores

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Have torch take so many cores meanwhile."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def taken(*, sharing: bool) -> int:
    """Return how many cores torch takes in a new thread."""
    with ThreadPoolExecutor(1, initializer=share_cores if sharing else None) as thread:
        return thread.submit(torch.get_num_threads).result()


@pytest.mark.parametrize(("all_cores", "half"), [(8, 4), (3, 1), (1, 1)])
def test_a_thread_that_shares_takes_half(all_cores: int, half: int) -> None:
    """Rounded down, and one at least; this thread and those to come take all, as before."""
    with cores(all_cores):
        assert taken(sharing=True) == half

        assert torch.get_num_threads() == all_cores
        assert taken(sharing=False) == all_cores
