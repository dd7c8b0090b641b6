"""What the verdict on ten minutes of load stands on."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest

from tests.load.trend import chance, growth


def test_the_growth_is_that_of_the_line_through_all() -> None:
    """A tenth more each time is 1.1⁹ in ten, and one figure that is far off changes nothing."""
    figures = [100 * 1.1**number for number in range(10)]
    assert growth(figures) == pytest.approx(1.1**9 - 1)
    figures[9] = 1.0
    assert growth(figures) == pytest.approx(1.1**9 - 1, rel=0.15)
    assert growth([7.0] * 10) == 0


def test_the_chance_is_counted_over_all_orders() -> None:
    """Of the 120 orders of five figures as many rise as steadily as is said."""
    figures = (3.0, 1.0, 2.0, 5.0, 4.0)
    risen = [sum(late > early for early, late in combinations(order, 2)) for order in permutations(figures)]
    mine = sum(late > early for early, late in combinations(figures, 2))
    assert chance(figures) == pytest.approx(sum(number >= mine for number in risen) / len(risen))


def test_a_steady_rise_is_no_chance() -> None:
    """Ten figures in order come up once in 10!; ten that fall are no rise at all."""
    assert chance(range(1, 11)) == pytest.approx(1 / 3_628_800)
    assert chance(range(10, 0, -1)) == pytest.approx(1.0)
