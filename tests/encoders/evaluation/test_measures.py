"""Measures, intervals and neighbours worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from encoders.evaluation.intervals import compare, estimate
from encoders.evaluation.measures import measure
from encoders.evaluation.neighbours import vote
from encoders.evaluation.retrieval import nearest
from encoders.evaluation.scale import levels_by_chance, scale_of
from encoders.evaluation.tasks import Graded, Query


def a_query(key: str = "q", itself: int | None = None, **answers: tuple[int, ...]) -> Query:
    """Return a query; `right` and `best` are places of grade 1 and 2."""
    grades = {"right": 1, "best": 2}
    graded = tuple(Graded(np.array(places), grades[name]) for name, places in answers.items())
    return Query(key, graded, itself=itself)


def test_every_measure_by_hand() -> None:
    """Three right answers, of which the second and fifth result are two; the second is one of the best."""
    query = a_query(right=(7, 4, 9), best=(7,))

    found = measure([query], np.array([[0, 7, 1, 2, 4, 3]]), (1, 2, 5))

    ideal = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    expected = {
        "P@1": 0.0, "P@2": 1 / 2, "P@5": 2 / 5,
        "R@1": 0.0, "R@2": 1 / 3, "R@5": 2 / 3,
        "F1@1": 0.0, "F1@2": 2 * (1 / 2 * 1 / 3) / (1 / 2 + 1 / 3), "F1@5": 2 * (2 / 5 * 2 / 3) / (2 / 5 + 2 / 3),
        "nDCG@1": 0.0,
        "nDCG@2": (2 / math.log2(3)) / (2 / math.log2(2) + 1 / math.log2(3)),
        "nDCG@5": (2 / math.log2(3) + 1 / math.log2(6)) / ideal,
        "Success@1": 0.0, "Success@2": 1.0, "Success@5": 1.0,
        "RR": 1 / 2, "AP": (1 / 2 + 2 / 5) / 3,
    }  # fmt: skip
    assert {name: values[0] for name, values in found.values.items()} == pytest.approx(expected)
    assert found.answers.tolist() == [3]


def test_queries_keep_their_order_past_one_block() -> None:
    """Every third of 600 queries finds its answer first."""
    queries = [a_query(str(n), right=(n % 3,)) for n in range(600)]

    found = measure(queries, np.tile([0, 1, 2], (600, 1)), (1,))

    assert found.values["P@1"].tolist() == [1.0, 0.0, 0.0] * 200


def test_itself_is_neither_found_nor_missed() -> None:
    """It leaves the ranking, and the right answers."""
    found = measure([a_query(right=(0, 1), itself=0)], np.array([[0, 1]]), (1,))

    assert found.values["P@1"].tolist() == [1.0]
    assert found.answers.tolist() == [1]


def test_precision_within_reach_can_be_one() -> None:
    """A query with one right answer is not blamed for four wrong ones after it."""
    queries = [a_query("a", right=(1,)), a_query("b", right=(0, 1, 2, 3, 4)), a_query("c", right=(4,))]

    found = measure(queries, np.tile([1, 0, 2, 5, 6], (3, 1)), (1, 2, 3, 4, 5))

    assert found.precision_within_reach(5).tolist() == [1.0, 3 / 5, 0.0]


def test_the_nearest_come_first_and_ties_in_the_order_of_the_gallery() -> None:
    """Cosines decide; itself comes last whatever it scores."""
    gallery = np.array([[1, 0], [0, 1], [0.6, 0.8], [1, 0]], dtype=np.float32)
    queries = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)

    found = nearest(queries, gallery, itself=[0, None, None])

    assert found.tolist() == [[3, 2, 1, 0], [1, 2, 0, 3], [0, 3, 2, 1]]
    assert nearest(queries, gallery, depth=2).tolist() == [[0, 3], [1, 2], [0, 3]]


def test_the_nearest_of_many_are_those_of_a_full_sort() -> None:
    """Blocks and partial sorting change nothing."""
    random = np.random.default_rng(0)
    vectors = random.standard_normal((700, 8)).astype(np.float32)

    found = nearest(vectors[:600], vectors, depth=5)

    assert (found == np.argsort(-(vectors[:600] @ vectors.T), axis=1)[:, :5]).all()


def test_an_interval_holds_the_mean_and_narrows_with_more_queries() -> None:
    """About two standard errors either side; the same for the same seed."""
    few, many = (np.random.default_rng(1).random((count, 1)) for count in (50, 5000))

    narrow, wide = estimate(many)[0], estimate(few)[0]

    error = many.std() / math.sqrt(len(many))
    assert narrow.value == many.mean()
    assert narrow.high - narrow.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert narrow.low < narrow.value < narrow.high
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)
    assert estimate(many) == estimate(many)
    assert estimate(many, seed=2) != estimate(many)


def test_one_query_has_an_interval_of_no_width() -> None:
    """There is nothing to draw but itself: the count of queries stands beside the figure for a reason."""
    one = estimate(np.array([[0.25]]))[0]

    assert (one.value, one.low, one.high) == (0.25, 0.25, 0.25)


def test_the_same_twice_is_no_difference() -> None:
    """And certainly by chance."""
    values = np.random.default_rng(1).random((40, 1))

    one = compare(values, values)[0]

    assert (one.value, one.low, one.high, one.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_steady_difference_is_told_from_chance_and_a_noisy_one_is_not() -> None:
    """Four queries that all gain alike come out so, or reversed, in 2 of 16 tosses."""
    random = np.random.default_rng(1)
    base = random.random((100, 1))

    steady = compare(base, base + 0.1 + 0.05 * random.standard_normal((100, 1)))[0]
    noisy = compare(base, random.random((100, 1)))[0]
    four = compare(np.zeros((4, 1)), np.full((4, 1), 0.3))[0]

    assert steady.p < 0.001
    assert 0 < steady.low < steady.value < steady.high
    assert noisy.p > 0.05
    assert noisy.low < 0 < noisy.high
    assert four.p == pytest.approx(2 / 16, abs=0.02)


def test_neighbours_vote_and_the_nearest_breaks_a_tie() -> None:
    """The commonest label wins."""
    labels = np.array([[1, 2, 2, 3], [3, 1, 1, 3], [5, 4, 3, 2]])

    assert vote(labels).tolist() == [2, 3, 5]


def test_the_scale_of_unrelated_pairs() -> None:
    """Random pairs of orthogonal vectors score 0; the median of what matches is passed through."""
    scale = scale_of(np.eye(300, dtype=np.float32)[:150], np.eye(300, dtype=np.float32)[150:], [0.2, 0.5, 0.9])

    assert (scale.mean, scale.deviation, scale.matching) == (0, 0, 0.5)


def test_a_model_that_tells_few_goods_apart_still_finds_some_near() -> None:
    """Three deviations above the mean would be more than any cosine: nothing would ever be near."""
    noise = np.random.default_rng(1).normal(scale=0.02, size=(48, 32))
    few = (np.repeat(np.eye(8, 32), 6, axis=0) + noise).astype(np.float32)
    few /= np.linalg.norm(few, axis=1, keepdims=True)

    levels = levels_by_chance(few, few[::-1])

    for level in levels.values():
        near = (few @ few.T > level.threshold).sum(axis=1)
        assert level.mean + 3 * level.deviation > 1
        assert (near > 1).mean() > 0.9
