"""Bulk work in lanes: each part has one core, and nobody else takes fewer."""

from __future__ import annotations

import threading

import pytest
import torch

from encoders.lanes import in_lanes, lane_batch
from tests.encoders.cores import cores, taken_in_a_new_thread


def test_each_part_of_bulk_work_takes_one_core() -> None:
    """In order, at once, on threads that last; this thread and those to come take all, as before."""
    with cores(3):
        together = threading.Barrier(3, timeout=30)

        def work(part: int) -> tuple[int, int]:
            together.wait()
            return part, torch.get_num_threads()

        assert in_lanes(work, range(9)) == [(part, 1) for part in range(9)]

        assert torch.get_num_threads() == 3
        assert taken_in_a_new_thread() == 3


@pytest.mark.parametrize(("all_cores", "parts"), [(1, 4), (4, 1)])
def test_where_there_is_one_core_or_one_part_this_thread_does_the_work(all_cores: int, parts: int) -> None:
    """With the cores that it may take."""
    here = threading.get_ident()
    with cores(all_cores):
        done = in_lanes(lambda _: (threading.get_ident(), torch.get_num_threads()), range(parts))

    assert done == [(here, all_cores)] * parts


def test_a_failure_in_a_lane_is_raised() -> None:
    """And the lanes go on with other work."""
    with cores(2):
        with pytest.raises(ZeroDivisionError):
            in_lanes(lambda part: 1 // part, [1, 0, 1])

        assert in_lanes(lambda part: 1 // part, [1, 2]) == [1, 0]


@pytest.mark.parametrize(
    ("inputs", "size"), [(0, 1), (1, 1), (15, 15), (16, 8), (23, 12), (24, 8), (32, 8), (64, 16), (70, 9), (1_000, 16)]
)
def test_inputs_are_spread_over_all_cores_once_each_has_half_of_what_it_takes(inputs: int, size: int) -> None:
    """Fewer stay together; many go in rounds, in which no core takes more than is asked for: 16 here, on four cores."""
    with cores(4):
        assert lane_batch(inputs, 16) == size
