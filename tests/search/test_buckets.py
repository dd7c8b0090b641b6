"""Buckets hold every value once, and begin at round numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.results.buckets import count, edges

numbers = st.floats(-1e15, 1e15, allow_nan=False).map(lambda value: float(f"{value:.15g}"))


@given(st.lists(numbers | st.floats(0, 1e4) | st.floats(1e-300, 1e-280), min_size=1, max_size=30))
def test_every_value_lies_in_one_bucket(values: list[float]) -> None:
    """Edges ascend, and there are few of them."""
    bounds = edges(min(values), max(values), min((value for value in values if value > 0), default=None))

    assert bounds == sorted(set(bounds))
    assert bounds[0] <= min(values) <= max(values) < bounds[-1]
    assert len(bounds) <= 45
    assert sum(count(values, bounds)) == len(values)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (10.0, 49.9, [10, 15, 20, 25, 30, 35, 40, 45, 50]),
        (5.0, 1999.0, [5, 10, 20, 50, 100, 200, 500, 1000, 2000]),
        (20.0, 20.0, [20, 25]),
        (0.0, 0.0, [0, 1]),
        (-3.0, 4.0, [-3, -2, -1, 0, 1, 2, 3, 4, 5]),
        (0.0, 10_000.0, [0, 2000, 4000, 6000, 8000, 10_000, 12_000]),
    ],
)
def test_edges_are_round(low: float, high: float, expected: list[float]) -> None:
    """As somebody would write them who sells these goods."""
    assert edges(low, high) == expected


@pytest.mark.parametrize(
    ("above_zero", "expected"),
    [
        (None, [0, 500, 1000, 1500, 2000]),
        (5.0, [0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]),
        (400.0, [0, 500, 1000, 1500, 2000]),
    ],
)
def test_something_that_is_free_pushes_the_rest_into_no_one_bucket(
    above_zero: float | None, expected: list[float]
) -> None:
    """What the others cost says how wide they are spread."""
    assert edges(0.0, 1999.0, above_zero) == expected


def test_what_no_range_can_ask_for_has_no_buckets() -> None:
    """Filters take numbers of 64 bits."""
    assert edges(1.0, 1e300) == []
    assert count([1e300], []) == []
