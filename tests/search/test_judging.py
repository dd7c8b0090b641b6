"""Judging an index: the order judged is the order served, by figures that can be worked out by hand."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

import pytest

from catalog.errors import Misconfigured
from catalog.points import point_id
from deploy.processes.parts import search_core
from encoders.fakes import fake_encoders
from search.quality.judging import MEASURES, Inquiry, Way, alone, inquire, judge, values
from search.quality.judgments import Judgment
from search.schemas import SearchRequest
from tests.builders import bare

if TYPE_CHECKING:
    from tests.search.shop import Shop

TITLES = {"a": "red shoe", "b": "red hat", "c": "blue shoe", "d": "green lamp", "e": "red red rose"}


def judgment(request: SearchRequest | str, **gains: int) -> Judgment:
    """Return a judgment of a request or words."""
    asked = SearchRequest(text=request) if isinstance(request, str) else request
    return Judgment("judged.jsonl, line 1", asked, gains)


async def asked(shop: Shop, *judgments: Judgment) -> Inquiry:
    """Put judgments to the shop's index as the command does."""
    core = search_core(shop.settings, shop.index.engine, fake_encoders())
    steps: list[int] = []
    try:
        found = await inquire(core.service, core.retriever, judgments, lambda done, _total: steps.append(done))
    finally:
        core.encoder.close()
        await core.service.close()
    assert steps == list(range(1, len(judgments) + 1))
    return found


def stock(shop: Shop) -> None:
    """Sell the products of `TITLES`."""
    shop.sell(*(bare(name, title=title) for name, title in TITLES.items()))


async def test_the_order_judged_is_the_order_served(shop: Shop) -> None:
    """Whatever the fusion, the weights and the filter, a search answers with the same products in the same order."""
    stock(shop)
    body = {
        "terms": [{"text": "red shoe"}, {"product": "b", "weight": -0.2}],
        "exclude": {"id": ["e"]},
        "arms": {"text": 1.0, "lexical": 0.3},
    }
    inquiry = await asked(shop, judgment(SearchRequest.model_validate(body), a=1))

    for way in (Way("convex"), Way("rrf")):
        served = shop.found(**body, fusion=way.fusion)
        assert list(way.order(inquiry.asked[0], 100)) == [point_id(name) for name in served]
    for arm in ("text", "lexical"):
        served = shop.found(**{**body, "arms": {arm: 1.0}})
        assert list(alone(arm).order(inquiry.asked[0], 100)) == [point_id(name) for name in served]
    assert not alone("image").order(inquiry.asked[0], 100)  # no product has a picture


async def test_figures_are_what_one_works_out_by_hand(shop: Shop) -> None:
    """The words find e, then a and b; the best of three answers comes second, one is not found at all."""
    stock(shop)
    inquiry = await asked(shop, judgment("red", a=3, b=1, d=1, c=0))

    order = list(alone("lexical").order(inquiry.asked[0], 10))
    figures = dict(zip(MEASURES, values(inquiry.asked, alone("lexical"))[0].tolist(), strict=True))

    assert order == [point_id("e"), *sorted(map(point_id, "ab"))]
    a_first = order.index(point_id("a")) == 1
    gained = (3 / log2(3) + 1 / log2(4)) if a_first else (1 / log2(3) + 3 / log2(4))
    assert figures["nDCG@10"] == pytest.approx(gained / (3 + 1 / log2(3) + 1 / log2(4)))
    assert figures["R@10"] == figures["R@100"] == pytest.approx(2 / 3)
    assert figures["RR"] == pytest.approx(1 / 2)


async def test_an_interval_holds_the_mean(shop: Shop) -> None:
    """A query answered at once and one not at all: half, and anything between."""
    stock(shop)
    inquiry = await asked(shop, judgment("lamp", d=1), judgment("lamp", c=1))

    one = judge(inquiry.asked, alone("lexical"))["RR"]

    assert (one.low, one.value, one.high) == (0.0, 0.5, 1.0)


async def test_unknown_products_count_neither_way(shop: Shop) -> None:
    """They are counted and left out; a query of which nothing is left is not asked."""
    stock(shop)

    inquiry = await asked(shop, judgment("lamp", d=1, gone=3), judgment("rose", lost=1), judgment("shoe", a=0))

    assert len(inquiry.asked) == 1
    assert inquiry.asked[0].gains == {point_id("d"): 1}
    assert (inquiry.unanswerable, inquiry.unknown_products) == (2, 2)
    assert judge(inquiry.asked, Way())["nDCG@10"].value == 1.0


async def test_an_index_without_the_products_cannot_be_judged(shop: Shop) -> None:
    """It says how many of how many are unknown."""
    stock(shop)

    with pytest.raises(Misconfigured, match="3 of the 3 products judged to be answers are unknown"):
        await asked(shop, judgment("lamp", x=1, y=2), judgment("rose", z=1))


async def test_a_query_that_cannot_be_asked_is_named(shop: Shop) -> None:
    """A product term that the index does not have is told with its line and field."""
    stock(shop)
    request = SearchRequest.model_validate({"terms": [{"product": "nobody"}]})

    with pytest.raises(Misconfigured, match=r"line 1: terms\.0\.product: there is no product 'nobody'"):
        await asked(shop, judgment(request, a=1))
