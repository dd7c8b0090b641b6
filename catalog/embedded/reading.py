"""The reading half of the embedded client: queries, scroll, count, facet, retrieve, and what a collection is like."""
# ruff: noqa: ARG002 - `timeout` and such are part of the client's API; a call into the process needs none of them

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import qdrant_edge as edge
from qdrant_client.http import models

from catalog.embedded.answers import BareHits, collection_info, facet_hits, full_hits, point_id, records
from catalog.embedded.filters import optional_edge_filter
from catalog.embedded.queries import checked_limit, edge_order_by, edge_queries, edge_query, payload_selector
from catalog.embedded.refusals import as_refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qdrant_client.conversions.common_types import NumpyArray, PointId

    from catalog.embedded.shards import Shards


class Reading:
    """What never changes anything. Safe to call from any thread; each call holds the interpreter lock."""

    _shards: Shards

    def query_points(  # noqa: PLR0913 - the client's API
        self,
        collection_name: str,
        *,
        query: models.QueryInterface | NumpyArray | None = None,
        using: str | None = None,
        prefetch: models.Prefetch | list[models.Prefetch] | None = None,
        query_filter: models.Filter | None = None,
        search_params: models.SearchParams | None = None,
        limit: int = 10,
        offset: int | None = None,
        with_payload: models.WithPayloadInterface = True,
        with_vectors: models.WithVector = False,
        score_threshold: float | None = None,
        timeout: int | None = None,
    ) -> models.QueryResponse:
        """Return the best `limit` points; raise UnexpectedResponse as a server's REST client does."""
        request = models.QueryRequest.model_construct(
            query=cast("models.QueryInterface | None", query),
            using=using,
            prefetch=prefetch,
            filter=query_filter,
            params=search_params,
            limit=limit,
            offset=offset,
            with_payload=with_payload,
            with_vector=with_vectors,
            score_threshold=score_threshold,
        )
        shard = self._shards.find(collection_name).shard
        with as_refusals():
            return _response(request, shard.query(edge_query(request)))

    def query_batch_points(
        self, collection_name: str, *, requests: Sequence[models.QueryRequest], timeout: int | None = None
    ) -> list[models.QueryResponse]:
        """Return one answer for each request, planned and run as one batch; one bad request refuses them all."""
        shard = self._shards.find(collection_name).shard
        with as_refusals():
            batch = edge.QueryBatchRequest(edge_queries(requests))
            answers = shard.query_batch(batch)
        return [_response(request, found) for request, found in zip(requests, answers, strict=True)]

    def scroll(  # noqa: PLR0913 - the client's API
        self,
        collection_name: str,
        *,
        scroll_filter: models.Filter | None = None,
        limit: int = 10,
        order_by: models.OrderByInterface | None = None,
        offset: PointId | None = None,
        with_payload: models.WithPayloadInterface = True,
        with_vectors: models.WithVector = False,
        timeout: int | None = None,
    ) -> tuple[list[models.Record], models.ExtendedPointId | None]:
        """Return a page in the order of ids and the id the next one starts with, or in the order of a field."""
        shard = self._shards.find(collection_name).shard
        with as_refusals():
            request = edge.ScrollRequest(
                offset=cast("edge.PointId | None", offset),
                limit=checked_limit(limit),
                filter=optional_edge_filter(scroll_filter),
                with_payload=payload_selector(with_payload),
                with_vector=with_vectors,
                order_by=None if order_by is None else edge_order_by(order_by),
            )
            found, following = shard.scroll(request)
        return records(found), None if following is None else point_id(following)

    def count(
        self,
        collection_name: str,
        *,
        count_filter: models.Filter | None = None,
        exact: bool = True,
        timeout: int | None = None,
    ) -> models.CountResult:
        """Count the points that pass the filter."""
        shard = self._shards.find(collection_name).shard
        with as_refusals():
            counted = shard.count(edge.CountRequest(exact=exact, filter=optional_edge_filter(count_filter)))
        return models.CountResult(count=counted)

    def facet(  # noqa: PLR0913 - the client's API
        self,
        collection_name: str,
        *,
        key: str,
        facet_filter: models.Filter | None = None,
        limit: int = 10,
        exact: bool = False,
        timeout: int | None = None,
    ) -> models.FacetResponse:
        """Count the points of each value of an indexed field, the most frequent first."""
        shard = self._shards.find(collection_name).shard
        request_limit = checked_limit(limit)
        with as_refusals():
            request = edge.FacetRequest(key, request_limit, exact, optional_edge_filter(facet_filter))
            return facet_hits(shard.facet(request))

    def retrieve(
        self,
        collection_name: str,
        *,
        ids: Sequence[PointId],
        with_payload: models.WithPayloadInterface = True,
        with_vectors: models.WithVector = False,
        timeout: int | None = None,
    ) -> list[models.Record]:
        """Return the points of these ids that exist."""
        shard = self._shards.find(collection_name).shard
        wanted = cast("list[edge.PointId]", list(ids))
        with as_refusals():
            return records(shard.retrieve(wanted, payload_selector(with_payload), with_vectors))

    def collection_exists(self, collection_name: str) -> bool:
        """Say whether a collection or alias of this name exists."""
        return self._shards.has(collection_name)

    def get_collection(self, collection_name: str) -> models.CollectionInfo:
        """Return counts, declared vectors, payload indexes and metadata."""
        found = self._shards.find(collection_name)
        with as_refusals():
            return collection_info(found.shard.info(), found.declaration)

    def get_collections(self) -> models.CollectionsResponse:
        """Return the names of all collections, aliases left out."""
        names = sorted(each.name for each in self._shards.all())
        return models.CollectionsResponse(collections=[models.CollectionDescription(name=name) for name in names])

    def get_aliases(self) -> models.CollectionsAliasesResponse:
        """Return all aliases."""
        return _aliases(self._shards.aliases().items())

    def get_collection_aliases(self, collection_name: str) -> models.CollectionsAliasesResponse:
        """Return the aliases of one collection."""
        name = self._shards.find(collection_name).name
        return _aliases(pair for pair in self._shards.aliases().items() if pair[1] == name)


def _response(request: models.QueryRequest, found: Sequence[edge.ScoredPoint]) -> models.QueryResponse:
    bare = not request.with_payload and not request.with_vector and not isinstance(request.query, models.OrderByQuery)
    points = cast("list[models.ScoredPoint]", BareHits(found)) if bare else full_hits(found)
    return models.QueryResponse.model_construct(points=points)


def _aliases(pairs: Iterable[tuple[str, str]]) -> models.CollectionsAliasesResponse:
    described = [models.AliasDescription(alias_name=alias, collection_name=name) for alias, name in sorted(pairs)]
    return models.CollectionsAliasesResponse(aliases=described)
