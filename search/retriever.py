"""The engine's answers, asked for in our own terms: the only file of search that talks to Qdrant.

Every call takes the caller's scope and joins it to whatever is asked: nothing is read around it.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from qdrant_client import models

from catalog.embedded import scores_of
from catalog.engine import absence_named
from catalog.points import CODES, OCCURRED_AT, WHOLE_PRODUCT, Stored, decode, point_id
from search.conditions import engine_filter
from search.filters import AnyOf, Either, Filter, Products
from search.parts import Part, dense_vectors, products_in, products_part, samples_in
from search.questions import NEWEST, Sought, arm_request, named_request, newest_request, read_request, unique
from search.ranking import ArmHits, Found
from search.rows import row_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from catalog.engine import AsyncEngine
    from encoders.interface import FloatArray
    from search.access import Scope
    from search.encoding.query import ArmQuery
    from search.parts import Sampled
    from search.results.ordering import Order
    from search.rows import Row

_MAX_FACET_VALUES: Final = 100_000
_DEEPEST: Final = 50_000
_WATERMARK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Watermark:
    """The time of a newest event, None where there is none, and when it was asked for (monotonic seconds)."""

    time: str | None
    asked_at: float


class Retriever:
    """Reads one collection. Raises `EngineUnavailable` in an outage, `CollectionMismatch` where it is not there."""

    def __init__(self, engine: AsyncEngine, collection: str, *, depth: int) -> None:
        self._engine = engine
        self._collection = collection
        self.depth = depth
        self._watermarks: dict[Scope, _Watermark] = {}

    async def retrieve(self, query: Mapping[str, ArmQuery], wanted: Filter, scope: Scope) -> dict[str, ArmHits]:
        """Return the best `depth` of each arm that pass the filter: one call to the engine."""
        (found,) = await self.retrieve_each(query, (), [Sought(wanted)], scope)
        return dict(found.arms)

    async def retrieve_each(
        self, query: Mapping[str, ArmQuery], names: Sequence[str], sought: Sequence[Sought], scope: Scope
    ) -> list[Found]:
        """Return for each of them the best `depth` of each arm, and what is called by one of `names`: one call.

        The watermark is asked for in the same call, where that of the scope is a second old.
        """
        named = [Either((Products(tuple(names)), AnyOf(CODES, tuple(names))))] if names else []
        requests: list[models.QueryRequest] = []
        for each in sought:
            # One object for all arms: the embedded engine converts it once.
            shared = engine_filter(scope.filter & each.wanted)
            requests += [arm_request(arm, part, shared, each, self.depth) for arm, part in query.items()]
            requests += [named_request(one, shared, each, self.depth) for one in named]
        now, recent = time.monotonic(), self._recent(scope)
        answers = await self._ask(requests if recent else [*requests, newest_request(scope)])
        if recent is None:
            recent = self._watermarks[scope] = _Watermark(_occurred_in(answers.pop().points), now)
        points = iter([answer.points for answer in answers])
        return [self._found(each, query, [next(points) for _ in (*query, *named)], recent.time) for each in sought]

    async def read(self, parts: Sequence[Part], scope: Scope) -> list[dict[str, models.ScoredPoint]]:
        """Return of each part its points by id, as far as the scope lets them through: one call to the engine."""
        asked = [part for part in parts if part.point_ids]
        if not asked:
            return [{} for _ in parts]
        answers = iter(await self._ask([read_request(part, scope) for part in asked]))
        return [{str(one.id): one for one in next(answers).points} if part.point_ids else {} for part in parts]

    async def passing(self, product_id: str, filters: Sequence[Filter], scope: Scope) -> list[bool]:
        """Return which of the filters one product passes: one call to the engine."""
        itself = Filter(must=(Products((product_id,)),))
        requests = [
            models.QueryRequest(filter=engine_filter(scope.filter & wanted & itself), limit=1, with_payload=False)
            for wanted in filters
        ]
        return [bool(answer.points) for answer in await self._ask(requests)] if requests else []

    async def rank_of(self, arm: str, part: ArmQuery, score: float, wanted: Filter, scope: Scope) -> int | None:
        """Return the rank that a score has in an arm, None where it is beyond the first `_DEEPEST`."""
        above = Sought(wanted, {arm: math.nextafter(score, math.inf)})
        request = arm_request(arm, part, engine_filter(scope.filter & wanted), above, _DEEPEST)
        (answer,) = await self._ask([request])
        return len(answer.points) + 1 if len(answer.points) < _DEEPEST else None

    async def rows(
        self, wanted: Filter, scope: Scope, paths: Sequence[str], limit: int, *, after: str | None = None
    ) -> list[Row]:
        """Return up to `limit` of what passes the filter in the order of point ids, those up to `after` left out."""
        more = 1 if after is not None else 0
        records = await self._scroll(scope.filter & wanted, paths, limit + more, offset=after)
        return [row for record in records if (row := row_of(record)).point_id != after][:limit]

    async def ordered(self, order: Order, wanted: Filter, scope: Scope, paths: Sequence[str], limit: int) -> list[Row]:
        """Return the first `limit` of what passes the filter and has a value, in the engine's own order of it."""
        direction = models.Direction.DESC if order.descending else models.Direction.ASC
        by = models.OrderBy(key=order.path, direction=direction)
        records = await self._scroll(scope.filter & wanted, [*order.paths, *paths], limit, order_by=by)
        return [row_of(record) for record in records]

    async def count(self, wanted: Filter, scope: Scope) -> int:
        """Return how many pass the filter, exactly."""
        condition = engine_filter(scope.filter & wanted)
        with self._errors_named():
            counted = await self._engine.count(collection_name=self._collection, count_filter=condition, exact=True)
        return counted.count

    async def facet(self, path: str, wanted: Filter, scope: Scope) -> dict[str, int]:
        """Return the keywords at a path and how many of what passes the filter have each, exactly."""
        with self._errors_named():
            found = await self._engine.facet(
                collection_name=self._collection,
                key=path,
                facet_filter=engine_filter(scope.filter & wanted),
                limit=_MAX_FACET_VALUES,
                exact=True,
            )
        return {str(hit.value): hit.count for hit in found.hits}

    async def fetch(
        self, point_ids: Sequence[str], fields: Sequence[str] | None, scope: Scope
    ) -> dict[str, dict[str, Any]]:
        """Return the product (or only `fields` of it) of each point that the scope lets through."""
        (points,) = await self.read([products_part(point_ids, fields)], scope)
        return products_in(points)

    async def product(self, product_id: str, scope: Scope) -> Stored | None:
        """Return a product as stored, None where there is none or the scope hides it."""
        (points,) = await self.read([Part([point_id(product_id)])], scope)
        return next((decode(point.payload) for point in points.values() if point.payload), None)

    async def vectors(self, product_ids: Sequence[str], scope: Scope) -> dict[str, dict[str, FloatArray]]:
        """Return the dense vectors of each product that the scope lets through, by product id and arm."""
        by_point = {point_id(product_id): product_id for product_id in product_ids}
        (points,) = await self.read([Part(list(by_point), (), vectors=True)], scope)
        return {by_point[found]: dense_vectors(point) for found, point in points.items()}

    async def sample(self, start: str, count: int, scope: Scope) -> list[Sampled]:
        """Return `count` products at random, fewer where there are no more: those whose point ids follow `start`.

        A point id is a digest, so that any run of them is a random sample; after the last comes the first again.
        """
        found: dict[models.ExtendedPointId, models.Record] = {}
        for offset in (start, None):
            records = await self._scroll(scope.filter, WHOLE_PRODUCT, count, offset=offset, with_vectors=True)
            found = {record.id: record for record in (*found.values(), *records)}
            if len(records) == count:
                break
        return samples_in(found.values())[:count]

    async def watermark(self, scope: Scope) -> str | None:
        """Return the time of the newest event among what the scope lets through (ISO 8601)."""
        return _occurred_in(await self._scroll(scope.filter, [OCCURRED_AT], 1, order_by=NEWEST))

    async def recent_watermark(self, scope: Scope) -> str | None:
        """Return the same as it stood at most a second ago: what an answer tells that is read from now on."""
        now, recent = time.monotonic(), self._recent(scope)
        if recent is None:
            recent = self._watermarks[scope] = _Watermark(await self.watermark(scope), now)
        return recent.time

    def _recent(self, scope: Scope) -> _Watermark | None:
        known = self._watermarks.get(scope)
        return known if known and time.monotonic() - known.asked_at < _WATERMARK_SECONDS else None

    async def _ask(self, requests: Sequence[models.QueryRequest]) -> list[models.QueryResponse]:
        with self._errors_named():
            return await self._engine.query_batch_points(collection_name=self._collection, requests=requests)

    async def _scroll(  # noqa: PLR0913 - what the engine takes, by its names
        self,
        within: Filter,
        paths: Sequence[str],
        limit: int,
        *,
        offset: str | None = None,
        order_by: models.OrderBy | None = None,
        with_vectors: bool = False,
    ) -> list[models.Record]:
        """Return the first `limit` of what passes, from `offset` on or in an order, read at `paths`."""
        with self._errors_named():
            records, _ = await self._engine.scroll(
                collection_name=self._collection,
                scroll_filter=engine_filter(within),
                limit=limit,
                offset=offset,
                order_by=order_by,
                with_payload=unique(paths),
                with_vectors=with_vectors,
            )
        return records

    def _found(
        self,
        sought: Sought,
        query: Mapping[str, ArmQuery],
        answers: Sequence[Sequence[models.ScoredPoint]],
        watermark: str | None,
    ) -> Found:
        """Return what one part of a call found: the points of each arm, and then of what is called by its name."""
        arms = {arm: self._arm_hits(points, part) for (arm, part), points in zip(query.items(), answers, strict=False)}
        named = [str(point.id) for points in answers[len(query) :] for point in points]
        carrying = {str(point.id): point for points in answers for point in points} if sought.paths else {}
        rows = {point_id: row_of(point) for point_id, point in carrying.items()}
        return Found(arms, named, rows, watermark)

    def _arm_hits(self, points: Sequence[models.ScoredPoint], part: ArmQuery) -> ArmHits:
        found = scores_of(points)
        scores = np.array(found.scores, dtype=np.float32)
        return ArmHits(found.ids, scores, part.scale, complete=len(found.ids) < self.depth, versions=found.versions)

    async def close(self) -> None:
        """Close the client; an embedded engine stays open for whoever opened it."""
        await self._engine.close()

    def _errors_named(self) -> AbstractContextManager[None]:
        return absence_named(f"there is no collection {self._collection} yet: start the ingest worker, which makes it")


def _occurred_in(points: Sequence[models.ScoredPoint | models.Record]) -> str | None:
    return next((point.payload[OCCURRED_AT] for point in points if point.payload), None)
