"""A thread that shares the cores takes half of them, and nobody else takes fewer."""

from __future__ import annotations

import pytest
import torch

from encoders.threads import share_cores
from tests.encoders.cores import cores, taken_in_a_new_thread


@pytest.mark.parametrize(("all_cores", "half"), [(8, 4), (3, 1), (1, 1)])
def test_a_thread_that_shares_takes_half(all_cores: int, half: int) -> None:
    """Rounded down, and one at least; this thread and those to come take all, as before."""
    with cores(all_cores):
        assert taken_in_a_new_thread(share_cores) == half

        assert torch.get_num_threads() == all_cores
        assert taken_in_a_new_thread() == all_cores
