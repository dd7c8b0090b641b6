"""Boosts lift by the declared formula, show in explanations, and leave the set as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.product import iso
from search.ranking import best_first
from search.results.boosts import Boosts, lifted
from search.rows import Row
from tests.builders import bare
from tests.search.shop import open_shop

if TYPE_CHECKING:
    from tests.search.shop import Shop

TODAY = datetime(2026, 5, 31, tzinfo=UTC)


def test_each_part_is_at_most_its_weight() -> None:
    """A million is as popular as anything, today as new, and what is in stock is."""
    boosts = Boosts(popularity=0.5, newness=0.3, in_stock=0.2)
    best = Row("a", {"id": "a", "popularity": 5e6, "created_at": iso(TODAY)}, {"availability": "yes"})

    assert boosts.of(best, TODAY) == {"popularity": 0.5, "newness": 0.3, "in_stock": 0.2}
    assert boosts.of(Row("b", {"id": "b"}, {"availability": "no"}), TODAY) == {}


@pytest.mark.parametrize(("days", "left"), [(0, 1.0), (30, 0.5), (60, 0.25), (-3, 1.0)])
def test_newness_halves(days: int, left: float) -> None:
    """In whole days, so that an answer stays the same for a day."""
    row = Row("a", {"id": "a", "created_at": iso(TODAY - timedelta(days=days))})

    assert Boosts(newness=1.0).of(row, TODAY)["newness"] == pytest.approx(left)


def test_nothing_is_lifted_by_default() -> None:
    """No row is read for it either."""
    candidates = best_first(["a", "b"], np.array([1.0, 2.0]), exact=True)

    assert Boosts().paths == ()
    assert lifted(candidates, {}, Boosts()) is candidates


def test_a_popular_product_comes_before_its_equal(shop: Shop) -> None:
    """The explanation says by how much; the set, its facets and its total are those without."""
    shop.sell(bare("plain"), bare("popular", popularity=1e6))
    boosts = shop.settings.boosts.model_copy(update={"popularity": 0.5})
    with open_shop(shop.index.engine, shop.settings.model_copy(update={"boosts": boosts})) as lifting:
        answer = lifting.search(text="thing", explain=True, facets=["popularity"])

    before = shop.search(text="thing", facets=["popularity"])
    first, second = answer["hits"]
    assert first["product"]["id"] == "popular"
    assert first["score"] == pytest.approx(1.5 * second["score"])
    assert first["explanation"]["boosts"] == {"popularity": 0.5}
    assert (answer["total"], answer["facets"]) == (before["total"], before["facets"])
