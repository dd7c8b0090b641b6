"""How often the engine is asked for one search, and for how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.processes.parts import open_async_engine, search_core
from encoders.fakes import fake_encoders
from search.access import EVERYTHING
from search.kept_rows import Kept
from search.retriever import Retriever
from search.schemas import SearchRequest
from search.service import SearchService, ServedIndex
from tests.builders import bare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qdrant_client import models

    from tests.search.shop import Shop

ARMS = 3
NAMED = 1
"""One question more for a product whose id or code was typed."""


class Counted(Retriever):
    """Reads a shop, and remembers how many questions each call to its engine held."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(
            open_async_engine(shop.settings, shop.index.engine), shop.index.collection, depth=shop.settings.api.depth
        )
        self.calls: list[int] = []

    async def _ask(self, requests: Sequence[models.QueryRequest]) -> list[models.QueryResponse]:
        self.calls.append(len(requests))
        return await super()._ask(requests)


@pytest.mark.parametrize(
    ("request_body", "calls"),
    [
        ({}, [ARMS + NAMED, 1]),
        ({"fields": ["id"]}, [ARMS + NAMED, 1]),
        ({"filter": {"brand": ["A"]}}, [ARMS + NAMED, 1]),
        ({"facets": ["brand", "price", "in_stock", "category"]}, [ARMS + NAMED, 2]),
        ({"facets": ["brand", "price"], "filter": {"brand": ["A"]}}, [2 * (ARMS + NAMED), 2]),
        ({"facets": ["brand", "price"], "filter": {"brand": ["A"], "price": {"lt": 9}}}, [3 * (ARMS + NAMED), 2]),
        ({"arms": {"lexical": 1}}, [1 + NAMED, 1]),
        ({"page": 2, "limit": 1}, [ARMS + NAMED, 1]),
    ],
)
async def test_twice(shop: Shop, request_body: dict[str, object], calls: list[int]) -> None:
    """Once for the arms, and of each selected facet for those without its own condition; once for what is shown."""
    assert await asked(shop, {"text": "thing"} | request_body) == calls


@pytest.mark.parametrize(
    "request_body",
    [{"sort": "price"}, {"group_by": "group_id"}, {"limit_per": {"brand": 1}}, {"sort": "-price", "facets": ["brand"]}],
)
async def test_a_third_time_where_the_order_lies_in_the_products(shop: Shop, request_body: dict[str, object]) -> None:
    """For the products of the page, which is known only once all rows are there."""
    assert await asked(shop, {"text": "thing"} | request_body) == [ARMS + NAMED, 1, 1]


async def test_once_more_for_vectors(shop: Shop) -> None:
    """Those of the products that are searched with come before, those that diversity compares after."""
    assert await asked(shop, {"terms": [{"product": "p-0"}]}) == [1, 1, 1]
    assert await asked(shop, {"text": "thing", "diversity": 0.5}) == [ARMS + NAMED, 1, 1]


async def test_of_products_that_were_shown_nothing_is_read_again(shop: Shop) -> None:
    """Where they are kept, the same page comes from the arms' answer alone."""
    assert await asked(shop, {"text": "thing"}, searches=2, kept=Kept()) == [ARMS + NAMED, 1, ARMS + NAMED]


async def asked(shop: Shop, request: dict[str, object], searches: int = 1, kept: Kept | None = None) -> list[int]:
    """Return how many questions each call held that a search made."""
    shop.index.clear()
    shop.sell(*(bare(f"p-{n}", title="thing", brand="A", price=float(n)) for n in range(4)))
    core, retriever = search_core(shop.settings, shop.index.engine, fake_encoders()), Counted(shop)
    service = SearchService(
        index=ServedIndex(shop.index.collection, "fake"),
        encoder=core.encoder,
        retriever=retriever,
        words=core.words,
        metrics=core.metrics,
        kept=kept,
    )
    try:
        for _ in range(searches):
            answer = await service.search(SearchRequest.model_validate(request), EVERYTHING)
    finally:
        core.encoder.close()
        await core.service.close()
        await retriever.close()
    assert answer.body["hits"]
    return retriever.calls
