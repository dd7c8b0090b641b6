"""Searches whose questions to the engine are counted, with products kept from one to the next or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.processes.parts import open_async_engine, search_core
from search.access import EVERYTHING
from search.results.boosts import Boosts
from search.retriever import Retriever
from search.schemas import SearchRequest
from search.service import SearchService, ServedIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qdrant_client import models

    from encoders.interface import Encoders
    from search.access import Scope
    from search.kept_rows import KeptRows
    from search.parts import Part
    from tests.builders import JsonObject
    from tests.search.shop import Shop

LIFTING = Boosts(popularity=0.3, newness=0.2, in_stock=0.5)


class Counted(Retriever):
    """Reads a shop, and remembers how many questions each call to its engine held."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(
            open_async_engine(shop.settings, shop.index.engine), shop.index.collection, depth=shop.settings.api.depth
        )
        self.calls: list[int] = []
        self.points_read = 0
        self.meanwhile: Callable[[], None] = lambda: None

    async def _ask(self, requests: Sequence[models.QueryRequest]) -> list[models.QueryResponse]:
        self.calls.append(len(requests))
        answers = await super()._ask(requests)
        self.meanwhile()
        return answers

    async def read(self, parts: Sequence[Part], scope: Scope) -> list[dict[str, models.ScoredPoint]]:
        self.points_read = sum(len(part.point_ids) for part in parts)
        return await super().read(parts, scope)

    async def _scroll(self, *given: Any, **named: Any) -> list[models.Record]:  # noqa: ANN401 - passed on as they are
        self.calls.append(1)
        return await super()._scroll(*given, **named)


class Asked(NamedTuple):
    """The answer to a search, how many questions each call held that it made, and how many points it read."""

    body: JsonObject
    calls: list[int]
    points_read: int


async def asked(
    shop: Shop,
    encoders: Encoders,
    requests: Sequence[Mapping[str, object]],
    *,
    boosts: Boosts | None = None,
    kept: KeptRows | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> list[Asked]:
    """Return the answers to requests, one after the other, from a service that keeps products or does not."""
    core, retriever = search_core(shop.settings, shop.index.engine, encoders), Counted(shop)
    service = SearchService(
        index=ServedIndex(shop.index.collection, "fake"),
        encoder=core.encoder,
        retriever=retriever,
        words=core.words,
        metrics=core.metrics,
        boosts=boosts,
        kept=kept,
    )
    retriever.meanwhile = meanwhile or retriever.meanwhile
    answers = []
    try:
        for request in requests:
            retriever.calls = []
            answer = await service.search(SearchRequest.model_validate(request), EVERYTHING)
            answers.append(Asked(answer.body, retriever.calls, retriever.points_read))
    finally:
        core.encoder.close()
        await core.service.close()
        await retriever.close()
    return answers
