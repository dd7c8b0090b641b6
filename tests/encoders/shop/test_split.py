"""The held-out part shares nothing with the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.training.shop.split import families, hold_out

TIES = st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=3), min_size=1, max_size=30)


def test_rows_are_tied_through_others() -> None:
    """Two rows that have nothing in common are one family if a third has something of each."""
    names = families([["group:1"], ["title:x"], ["group:1", "title:x"], ["group:2"], []])
    assert len(set(names)) == 3
    assert names[0] == names[1] == names[2]


@given(ties=TIES, seed=st.integers(0, 99))
def test_no_tie_crosses_the_split(ties: list[list[str]], seed: int) -> None:
    """Whatever binds rows, those that share it fall on one side."""
    held_out = hold_out(families(ties), 0.3, seed)
    sides: dict[str, set[bool]] = {}
    for names, side in zip(ties, held_out.tolist(), strict=True):
        for name in names:
            sides.setdefault(name, set()).add(side)
    assert all(len(side) == 1 for side in sides.values())


@given(ties=TIES)
def test_the_order_of_the_rows_decides_nothing(ties: list[list[str]]) -> None:
    """Rows with ties keep their side when the table is turned round."""
    bound = [names for names in ties if names]
    forwards = hold_out(families(bound), 0.3, 1).tolist()
    backwards = hold_out(families(bound[::-1]), 0.3, 1).tolist()
    assert forwards == backwards[::-1]


def test_the_share_is_met() -> None:
    """With small families about the wanted share is held out, another one for another seed."""
    names = [f"group:{number // 3}" for number in range(600)]
    first, second = hold_out(names, 0.1, 1), hold_out(names, 0.1, 2)
    assert first.mean() == pytest.approx(0.1, abs=0.01)
    assert (first != second).any()


def test_one_large_family_stays_to_be_learnt_from() -> None:
    """A family of most rows is not held out: nothing would be left to learn."""
    assert not hold_out(["all"] * 90, 0.1, 1).any()
