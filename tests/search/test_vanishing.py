"""Products that go between the moment they are found and the moment they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.processes.parts import open_async_engine, search_core
from encoders.fakes import fake_encoders
from search.access import EVERYTHING
from search.retriever import Retriever
from search.schemas import SearchRequest
from search.service import SearchService, ServedIndex
from tests.builders import bare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qdrant_client.models import ScoredPoint

    from search.access import Scope
    from search.parts import Part
    from tests.search.shop import Shop


class LastLook(Retriever):
    """Reads a shop whose products are all gone just before the first of them is read."""

    def __init__(self, shop: Shop) -> None:
        index, settings = shop.index, shop.settings
        super().__init__(open_async_engine(settings, index.engine), index.collection, depth=settings.api.depth)
        self._index = index

    async def read(self, parts: Sequence[Part], scope: Scope) -> list[dict[str, ScoredPoint]]:
        """Empty the index, then read from it."""
        self._index.clear()
        return await super().read(parts, scope)


@pytest.mark.parametrize(
    "request_body",
    [
        {"sort": "price"},
        {"group_by": "group_id", "facets": ["brand"]},
        {"limit_per": {"brand": 1}},
        {"diversity": 0.5},
        {"diversity": 0.5, "facets": ["price"]},
        {"facets": ["brand", "price"]},
        {"explain": True},
    ],
)
async def test_when_all_that_was_found_is_gone_there_is_nothing_to_show(
    shop: Shop, request_body: dict[str, object]
) -> None:
    """Whether the order lies in what was to be read, or only the page and the facets do."""
    shop.sell(*(bare(f"p-{n}", title="thing", brand="A", price=float(n)) for n in range(3)))
    core, retriever = search_core(shop.settings, shop.index.engine, fake_encoders()), LastLook(shop)
    index = ServedIndex(shop.index.collection, "fake")
    service = SearchService(
        index=index, encoder=core.encoder, retriever=retriever, words=core.words, metrics=core.metrics
    )
    try:
        answer = await service.search(SearchRequest.model_validate({"text": "thing", **request_body}), EVERYTHING)
    finally:
        core.encoder.close()
        await core.service.close()
        await retriever.close()

    assert answer.body["hits"] == []
