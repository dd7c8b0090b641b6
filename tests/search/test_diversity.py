"""Diversity: what is alike is spread, the best stays first, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.ranking import NAMED, Candidate
from search.results.diversity import DEEP, diversify
from tests.builders import bare
from tests.search.shop import BLUE, RED, data_url

if TYPE_CHECKING:
    from encoders.interface import FloatArray
    from tests.search.shop import Shop


def unit(*numbers: float) -> FloatArray:
    """Return a vector of unit length."""
    vector = np.array(numbers, dtype=np.float32)
    return vector / np.float32(np.linalg.norm(vector))


ALIKE = [Candidate("a", 3.0), Candidate("b", 2.9), Candidate("c", 2.8), Candidate("d", 2.0)]
VECTORS = {
    "a": {"image": unit(1, 0)},
    "b": {"image": unit(1, 0.01)},
    "c": {"image": unit(1, 0.02)},
    "d": {"image": unit(0, 1)},
}


def test_what_is_different_moves_forward() -> None:
    """The fourth, unlike the others, comes second."""
    assert [one.point_id for one in diversify(ALIKE, VECTORS, 0.5)] == ["a", "d", "b", "c"]


def test_who_was_called_by_name_leaves_the_others_their_order() -> None:
    """It scores a thousand, and beside that no difference in how well the others fit would count."""
    named = Candidate("named", NAMED + 4.0)

    for diversity in (0.1, 0.5):
        assert diversify([named, *ALIKE], VECTORS, diversity) == [named, *diversify(ALIKE, VECTORS, diversity)]


def test_none_is_wanted_and_none_is_made() -> None:
    """0 leaves the order as it is."""
    assert diversify(ALIKE, VECTORS, 0.0) == ALIKE


def test_without_vectors_nothing_is_alike() -> None:
    """Then relevance alone decides."""
    assert diversify(ALIKE, {}, 0.7) == ALIKE


@given(st.lists(st.floats(-5, 5), max_size=DEEP + 20), st.floats(0, 1), st.integers(0, 9))
def test_it_is_the_same_set(scores: list[float], diversity: float, seed: int) -> None:
    """The first stays, and what lies beyond the depth stays where it was."""
    ranked = [Candidate(f"{place:03}", score) for place, score in enumerate(sorted(scores, reverse=True))]
    draw = np.random.default_rng(seed)
    vectors = {one.point_id: {"text": unit(*draw.normal(size=3))} for one in ranked if draw.random() < 0.8}

    found = diversify(ranked, vectors, diversity)

    assert sorted(one.point_id for one in found) == [one.point_id for one in ranked]
    assert found[:1] == ranked[:1]
    assert found[DEEP:] == ranked[DEEP:]


def test_a_search_spreads_what_looks_alike(shop: Shop) -> None:
    """The one blue thing comes second; total and facets are as before."""
    shop.sell(
        *(bare(f"red-{n}", images=[data_url(RED)], brand="A") for n in range(4)), bare("blue", images=[data_url(BLUE)])
    )
    plain = shop.search(text="red thing", facets=["brand"])
    spread = shop.search(text="red thing", facets=["brand"], diversity=0.9)

    assert plain["hits"][1]["product"]["id"] != "blue"
    assert spread["hits"][1]["product"]["id"] == "blue"
    assert (spread["total"], spread["facets"]) == (plain["total"], plain["facets"])
