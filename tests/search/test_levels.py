"""From what unrelated pairs score to where near begins."""

from __future__ import annotations

import numpy as np
import pytest

from encoders.interface import NOTHING
from search.encoding.levels import Line, Pairs, Side, level_of_nothing

KIND = ("text", "image")
LINE = Line(unrelated=0.8, pictures=0.4, elsewhere=0.5, furthest=0.9)


def test_near_is_above_most_unrelated_pairs() -> None:
    """Without queries from elsewhere the line lies at the share of unrelated pairs that it names."""
    scores = np.linspace(0.0, 1.0, 101)

    assert LINE.through("text", scores, None) == pytest.approx(0.8)
    assert LINE.through("product", scores, None) == pytest.approx(0.8)
    assert LINE.through("picture", scores, None) == pytest.approx(0.4)


@pytest.mark.parametrize(("best", "line"), [(0.2, 0.8), (0.85, 0.85), (0.99, 0.9)])
def test_queries_from_elsewhere_lift_the_line_within_bounds(best: float, line: float) -> None:
    """The best products of half of them stay below, but what the shop may sell after all does not lift it away."""
    elsewhere = np.array([best - 0.1, best, best + 0.1], dtype=np.float32)

    assert LINE.through("text", np.linspace(0.0, 1.0, 101), elsewhere) == pytest.approx(line)


def test_the_unit_of_words_is_what_words_are_worth_and_not_how_often_they_are_shared() -> None:
    """Where goods are of many fields hardly a word is shared, and one that is tells no more than elsewhere."""
    apart = ~np.eye(20, dtype=np.bool_)
    own = np.diag(np.full(20, 12.0)).astype(np.float32)
    alike = own + 3.0 * apart.astype(np.float32)

    few, many = (Pairs(apart, LINE).words(range(20), scores) for scores in (own, alike))

    assert few is not None
    assert few == many
    assert few.deviation == pytest.approx(1.2)
    assert (few.mean, few.threshold, few.pairs) == (0.0, 0.0, 380)
    assert Pairs(apart, LINE).words(range(20), np.zeros_like(own)) is None
    assert Pairs(apart, LINE).words(range(3), own[:3]) is None


def test_only_unrelated_pairs_count() -> None:
    """A level is of the pairs that the sample's table calls unrelated; too few of them make none."""
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(30, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    side = Side(range(30), vectors)
    apart = ~np.eye(30, dtype=np.bool_)

    level = Pairs(apart, LINE).cosines(KIND, side, side)

    assert level is not None
    scores = (vectors @ vectors.T)[apart]
    assert (level.query, level.arm, level.pairs) == (*KIND, 870)
    assert (level.mean, level.deviation) == pytest.approx((scores.mean(), scores.std()), abs=1e-5)
    assert level.threshold == pytest.approx(np.quantile(scores, 0.8), abs=1e-5)
    assert Pairs(~apart, LINE).cosines(KIND, side, side) is None
    assert Pairs(apart, LINE).cosines(KIND, side, Side([], np.zeros((0, 0), dtype=np.float32))) is None


def test_what_is_asked_for_is_told_from_what_is_unrelated() -> None:
    """In all pairs by its own vector, in half of them by chance or where all are the same; few tell nothing."""
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(300, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs, asked = Pairs(~np.eye(300, dtype=np.bool_), LINE), Side(range(300), vectors)

    def told(stored: np.ndarray) -> float | None:
        return pairs.told(asked, Side(range(300), stored))

    assert told(vectors) == 1.0
    assert told(chance.permutation(vectors)) == pytest.approx(0.5, abs=0.05)
    assert told(np.tile(vectors[:1], (300, 1))) == pytest.approx(0.5, abs=0.01)
    assert pairs.told(asked, Side(range(290, 300), vectors[290:])) is None
    assert pairs.told(Side(range(280, 300), vectors[280:]), Side(range(300), vectors)) == 1.0


def test_pictures_of_nothing_are_told_by_how_far_products_are_from_them() -> None:
    """The level is that of each product's nearest one; a handful of products tells nothing."""
    pictures = np.repeat(np.array([[1.0, 0.0], [0.6, 0.8]], dtype=np.float32), 10, axis=0)

    level = level_of_nothing(pictures, np.array([[0.8, 0.6]], dtype=np.float32))

    assert level is not None
    assert (level.query, level.pairs) == (NOTHING, 20)
    assert level.mean == pytest.approx(0.88)
    assert level.threshold == pytest.approx(0.88 + 3 * 0.08)
    assert level_of_nothing(pictures[:5], pictures) is None
