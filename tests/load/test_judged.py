"""What the verdict on ten minutes of load stands on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.load.ageing import Ageing
from tests.load.capacity import Capacity, Round
from tests.load.floor import Piece, floor
from tests.load.machine import Spent
from tests.load.minutes import Minutes
from tests.load.window import Window

if TYPE_CHECKING:
    from pathlib import Path


def window(seconds: float = 0.01, *, work: float = 1.0, floor: float = 0.003, others: float = 0.0) -> Window:
    """Build a second of a hundred searches that took as long each, and this much of the processors in all."""
    spent = Spent(1.0, work, 0.0, work + others, 0.0)
    return Window([seconds] * 100, floor=[Piece(0.0, floor, floor)] * 4, memory_mib=1.0, spent=spent)


def test_a_process_is_judged_by_the_medians_of_its_windows() -> None:
    """One window that is far off, of either process, changes nothing."""
    found = Ageing(
        [window(0.03, work=1.1), window(0.03, work=1.1), window(9.0, work=5.0)],
        [window(0.02), window(0.0001, work=0.1), window(0.02)],
    )
    assert [found.p99_times, found.work_times] == pytest.approx([1.5, 1.1])
    assert "| p99, ms | 30.0 (30.0–9,000.0) | 20.0 (0.1–20.0) | 1.50 |" in found.table()


def test_a_longer_tail_is_one_in_most_pairs() -> None:
    """A fifth more in the medians is chance where the fresh one's was the longer in six pairs of eighteen."""
    fresh = [window(0.02)] * 18
    assert Ageing([window(0.03)] * 13 + [window(0.01)] * 5, fresh).is_longer
    assert not Ageing([window(0.03)] * 12 + [window(0.01)] * 6, fresh).is_longer
    assert not Ageing([window(0.023)] * 18, fresh).is_longer


def test_only_minutes_in_which_the_machine_was_equally_fast_are_compared() -> None:
    """Of three late minutes one had a slower processor and one had company."""
    early, late = [window(0.02)] * 3, [window(0.09, floor=0.0032), window(0.09, others=0.2), window(0.03)]
    found = Minutes((*early, *late))
    assert found.alike() == pytest.approx([1.5] * 3)
    assert "last p99 1.50 of the first, last floor 1.00 of the first: the machine was equally fast" in found.verdict()


def test_where_no_two_minutes_are_alike_that_is_said() -> None:
    """The last minute over the first is given all the same."""
    said = Minutes((window(0.02), window(0.05, floor=0.004))).verdict()
    assert "last p99 2.50 of the first" in said
    assert "not equally fast, so this says nothing" in said
    assert "there are none" in said


def test_a_capacity_is_the_lowest_of_its_rounds() -> None:
    """Under clients the process used one processor; evenly a search took 5, 8 and 6 ms of it."""
    rounds = [Round(window(work=1.0), window(work=100 * each)) for each in (0.005, 0.008, 0.006)]
    assert Capacity(tuple(rounds)).per_second == pytest.approx(125)


@pytest.mark.timeout(30)
def test_the_floor_is_worked_beside_us(tmp_path: Path) -> None:
    """Pieces come in, each with what it took, until the block ends."""
    with floor(tmp_path) as pieces:
        while not (found := pieces.since(0.0)):
            time.sleep(0.01)
    assert found[0].clock >= found[0].processor > 0
    assert pieces.since(time.perf_counter()) == []
