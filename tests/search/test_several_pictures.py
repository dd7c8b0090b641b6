"""A product with several pictures is as near as the nearest of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import bare
from tests.search.shop import data_url, encoded, png

if TYPE_CHECKING:
    from tests.search.shop import Shop

RED, GREEN, BLUE = (230, 20, 20), (20, 200, 20), (20, 20, 230)


@pytest.fixture
def shelf(shop: Shop) -> Shop:
    """Return a shop with a product that shows two colours, and one that shows something between them."""
    shop.sell(
        bare("both", images=[data_url(RED), data_url(GREEN)]),
        bare("between", images=[data_url((125, 110, 20))]),
        bare("other", images=[data_url(BLUE)]),
    )
    return shop


@pytest.mark.parametrize("colour", [RED, GREEN])
def test_any_of_its_pictures_finds_it(shelf: Shop, colour: tuple[int, int, int]) -> None:
    """As near as if it had no other; and the explanation is of that picture."""
    term = {"image": {"data": encoded(png(colour))}}

    (first, *_) = shelf.search(terms=[term], arms={"image": 1}, explain=True, cut_off="off")["hits"]

    assert first["product"]["id"] == "both"
    explanation = first["explanation"]
    assert explanation["arms"]["image"]["score"] == pytest.approx(1.0, abs=1e-4)
    assert explanation["terms"][0]["score"] == pytest.approx(1.0, abs=1e-4)


def test_as_a_query_it_is_the_mean_of_them(shelf: Shop) -> None:
    """Who asks by the product wants something of all it shows."""
    assert shelf.found(terms=[{"product": "both"}], arms={"image": 1}, cut_off="off")[0] == "between"
