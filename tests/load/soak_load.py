"""Ten minutes at 80 % of what it can do: no error, times and memory as in the first minute."""

from __future__ import annotations

import sys

import pytest

from tests.load.run import pressed_for

MINUTES = 10


@pytest.mark.timeout(1_800)
def test_ten_minutes_of_load() -> None:
    """The 99th percentile of the last minute within 20 % of the first, memory within 5 %."""
    pressed = pressed_for(MINUTES)
    told = pressed.table()
    sys.stdout.write(f"\n{told}\n")
    first, last = pressed.windows[0], pressed.windows[-1]

    assert [error for window in pressed.windows for error in window.errors] == [], told
    assert last.p_ms(99) <= 1.2 * first.p_ms(99), told
    assert last.memory_mib <= 1.05 * first.memory_mib, told
