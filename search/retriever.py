"""The engine's answers, asked for in our own terms: the only file of search that knows Qdrant.

Every call takes the caller's scope and joins it to whatever is asked: nothing is read around it.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from qdrant_client import models
from qdrant_client.http.exceptions import UnexpectedResponse

from catalog.embedded import scores_of
from catalog.engine import outages_named
from catalog.errors import CollectionMismatch
from catalog.points import BROWSE, DERIVED, OCCURRED_AT, PRODUCT, Stored, decode, engine_vector, point_id
from search.filters import AnyOf, During, Either, Filter, Products, Within
from search.ranking import ArmHits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from catalog.engine import AsyncEngine
    from encoders.interface import FloatArray
    from search.access import Scope
    from search.filters import Condition
    from search.query import ArmQuery

_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Browsed:
    """The first products of a filter in browsing order, and how many pass it."""

    point_ids: list[str]
    total: int


@dataclass(frozen=True, slots=True)
class Sampled:
    """A product as it is stored, and the dense vectors that it has, by arm."""

    product: dict[str, Any]
    vectors: dict[str, FloatArray]


class Retriever:
    """Reads one collection. Raises `EngineUnavailable` in an outage, `CollectionMismatch` where it is not there."""

    def __init__(self, engine: AsyncEngine, collection: str, *, depth: int) -> None:
        self._engine = engine
        self._collection = collection
        self.depth = depth

    async def retrieve(self, query: Mapping[str, ArmQuery], wanted: Filter, scope: Scope) -> dict[str, ArmHits]:
        """Return the best `depth` of each arm that pass the filter: one call to the engine."""
        condition = _engine_filter(scope.filter & wanted)
        requests = [
            models.QueryRequest(
                query=engine_vector(part.vector), using=arm, filter=condition, limit=self.depth, with_payload=False
            )
            for arm, part in query.items()
        ]
        with self._errors_named():
            answers = await self._engine.query_batch_points(collection_name=self._collection, requests=requests)
        return {
            arm: self._arm_hits(answer.points, part) for (arm, part), answer in zip(query.items(), answers, strict=True)
        }

    async def browse(self, wanted: Filter, scope: Scope) -> Browsed:
        """Return the first `depth` of what passes the filter, by -popularity, -created_at, id, and the exact total."""
        condition = _engine_filter(scope.filter & wanted)
        keys = [f"{PRODUCT}.id", f"{PRODUCT}.popularity", f"{PRODUCT}.created_at", BROWSE]
        with self._errors_named():
            records, _ = await self._engine.scroll(
                collection_name=self._collection,
                scroll_filter=condition,
                order_by=models.OrderBy(key=BROWSE, direction=models.Direction.DESC),
                limit=self.depth,
                with_payload=keys,
            )
            total = len(records)
            if total == self.depth:
                counted = await self._engine.count(collection_name=self._collection, count_filter=condition, exact=True)
                total = counted.count
        ordered = sorted(records, key=_browsing_order)
        return Browsed([str(record.id) for record in ordered], total)

    async def fetch(
        self, point_ids: Sequence[str], fields: Sequence[str] | None, scope: Scope
    ) -> dict[str, dict[str, Any]]:
        """Return the product (or only `fields` of it) of each point that the scope lets through."""
        if not point_ids:
            return {}
        payload = [PRODUCT] if fields is None else [f"{PRODUCT}.{name}" for name in {"id", *fields}]
        records = await self._of_points(point_ids, scope, payload=payload)
        return {str(record.id): record.payload[PRODUCT] for record in records if record.payload}

    async def product(self, product_id: str, scope: Scope) -> Stored | None:
        """Return a product as stored, None where there is none or the scope hides it."""
        records = await self._of_points([point_id(product_id)], scope, payload=True)
        return next((decode(record.payload) for record in records if record.payload), None)

    async def vectors(self, product_ids: Sequence[str], scope: Scope) -> dict[str, dict[str, FloatArray]]:
        """Return the dense vectors of each product that the scope lets through, by product id and arm."""
        by_point = {point_id(product_id): product_id for product_id in product_ids}
        records = await self._of_points(list(by_point), scope, payload=False, vectors=True)
        return {by_point[str(record.id)]: _dense_vectors(record) for record in records}

    async def sample(self, start: str, count: int, scope: Scope) -> list[Sampled]:
        """Return `count` products at random, fewer where there are no more: those whose point ids follow `start`.

        A point id is a digest, so that any run of them is a random sample; after the last comes the first again.
        """
        found: dict[models.ExtendedPointId, models.Record] = {}
        for offset in (start, None):
            with self._errors_named():
                records, _ = await self._engine.scroll(
                    collection_name=self._collection,
                    scroll_filter=_engine_filter(scope.filter),
                    offset=offset,
                    limit=count,
                    with_payload=[PRODUCT],
                    with_vectors=True,
                )
            found = {record.id: record for record in (*found.values(), *records)}
            if len(records) == count:
                break
        return [
            Sampled(record.payload[PRODUCT], _dense_vectors(record)) for record in found.values() if record.payload
        ][:count]

    async def watermark(self, scope: Scope) -> str | None:
        """Return the time of the newest event among what the scope lets through (ISO 8601)."""
        with self._errors_named():
            records, _ = await self._engine.scroll(
                collection_name=self._collection,
                scroll_filter=_engine_filter(scope.filter),
                order_by=models.OrderBy(key=OCCURRED_AT, direction=models.Direction.DESC),
                limit=1,
                with_payload=[OCCURRED_AT],
            )
        return next((record.payload[DERIVED]["occurred_at"] for record in records if record.payload), None)

    def _arm_hits(self, points: Sequence[models.ScoredPoint], part: ArmQuery) -> ArmHits:
        found = scores_of(points)
        scores = np.array(found.scores, dtype=np.float32)
        return ArmHits(found.ids, scores, part.scale, complete=len(found.ids) < self.depth)

    async def close(self) -> None:
        """Close the client; an embedded engine stays open for whoever opened it."""
        await self._engine.close()

    async def _of_points(
        self,
        point_ids: Sequence[str],
        scope: Scope,
        *,
        payload: bool | list[str],
        vectors: bool = False,
    ) -> list[models.Record]:
        """Read points by id, through a filter: a plain retrieve would not ask for the scope."""
        condition = _engine_filter(scope.filter)
        ids = models.HasIdCondition(has_id=list(point_ids))
        with self._errors_named():
            records, _ = await self._engine.scroll(
                collection_name=self._collection,
                scroll_filter=models.Filter(must=[*_conditions(condition.must), ids], must_not=condition.must_not),
                limit=len(point_ids),
                with_payload=payload,
                with_vectors=vectors,
            )
        return records

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            with outages_named():
                yield
        except UnexpectedResponse as error:
            if error.status_code != _NOT_FOUND:
                raise
            raise CollectionMismatch(
                f"there is no collection {self._collection} yet: start the ingest worker, which makes it"
            ) from error


def _conditions(conditions: Any) -> list[models.Condition]:  # noqa: ANN401 - one or many, as the client's model allows
    return list(conditions) if isinstance(conditions, list) else [conditions] if conditions else []


def _engine_filter(wanted: Filter) -> models.Filter:
    return models.Filter(
        must=[_engine_condition(condition) for condition in wanted.must],
        must_not=[_engine_condition(condition) for condition in wanted.must_not] or None,
    )


def _engine_condition(condition: Condition) -> models.Condition:
    match condition:
        case AnyOf(path, values):
            return models.FieldCondition(key=path, match=models.MatchAny(any=list(values)))
        case Within(path, gt, gte, lt, lte):
            return models.FieldCondition(key=path, range=models.Range(gt=gt, gte=gte, lt=lt, lte=lte))
        case During(path, gt, gte, lt, lte):
            bounds = {"gt": gt, "gte": gte, "lt": lt, "lte": lte}
            return models.FieldCondition(key=path, range=models.DatetimeRange.model_validate(bounds))
        case Products(ids):
            return models.HasIdCondition(has_id=[point_id(product_id) for product_id in ids])
        case Either(conditions):
            return models.Filter(should=[_engine_condition(part) for part in conditions])


def _dense_vectors(record: models.Record) -> dict[str, FloatArray]:
    named = record.vector.items() if isinstance(record.vector, dict) else ()
    return {arm: np.asarray(vector, dtype=np.float32) for arm, vector in named if isinstance(vector, list)}


def _browsing_order(record: models.Record) -> tuple[float, float, str]:
    product: dict[str, Any] = (record.payload or {})[PRODUCT]
    created = product.get("created_at")
    age = -datetime.fromisoformat(created).timestamp() if created else math.inf
    return -product.get("popularity", 0.0), age, product["id"]
