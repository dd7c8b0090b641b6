"""The reading methods as coroutines, for code written against `AsyncQdrantClient`.

They call straight through: Qdrant Edge holds the interpreter lock during a call, so a thread would only add its own
cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qdrant_client.conversions.common_types import NumpyArray, PointId
    from qdrant_client.http import models

    from catalog.embedded.client import EmbeddedClient


class AsyncEmbeddedClient:
    """The part of `AsyncQdrantClient` that search uses, on a client that someone else opened and will close."""

    def __init__(self, client: EmbeddedClient) -> None:
        self._client = client

    async def query_points(  # noqa: PLR0913 - the client's API
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
        timeout: int | None = None,  # noqa: ASYNC109 - the client's API
    ) -> models.QueryResponse:
        """See EmbeddedClient.query_points."""
        return self._client.query_points(
            collection_name,
            query=query,
            using=using,
            prefetch=prefetch,
            query_filter=query_filter,
            search_params=search_params,
            limit=limit,
            offset=offset,
            with_payload=with_payload,
            with_vectors=with_vectors,
            score_threshold=score_threshold,
            timeout=timeout,
        )

    async def query_batch_points(
        self,
        collection_name: str,
        *,
        requests: Sequence[models.QueryRequest],
        timeout: int | None = None,  # noqa: ASYNC109 - the client's API
    ) -> list[models.QueryResponse]:
        """See EmbeddedClient.query_batch_points."""
        return self._client.query_batch_points(collection_name, requests=requests, timeout=timeout)

    async def scroll(  # noqa: PLR0913 - the client's API
        self,
        collection_name: str,
        *,
        scroll_filter: models.Filter | None = None,
        limit: int = 10,
        order_by: models.OrderByInterface | None = None,
        offset: PointId | None = None,
        with_payload: models.WithPayloadInterface = True,
        with_vectors: models.WithVector = False,
        timeout: int | None = None,  # noqa: ASYNC109 - the client's API
    ) -> tuple[list[models.Record], models.ExtendedPointId | None]:
        """See EmbeddedClient.scroll."""
        return self._client.scroll(
            collection_name,
            scroll_filter=scroll_filter,
            limit=limit,
            order_by=order_by,
            offset=offset,
            with_payload=with_payload,
            with_vectors=with_vectors,
            timeout=timeout,
        )

    async def count(
        self,
        collection_name: str,
        *,
        count_filter: models.Filter | None = None,
        exact: bool = True,
        timeout: int | None = None,  # noqa: ASYNC109 - the client's API
    ) -> models.CountResult:
        """See EmbeddedClient.count."""
        return self._client.count(collection_name, count_filter=count_filter, exact=exact, timeout=timeout)

    async def facet(  # noqa: PLR0913 - the client's API
        self,
        collection_name: str,
        *,
        key: str,
        facet_filter: models.Filter | None = None,
        limit: int = 10,
        exact: bool = False,
        timeout: int | None = None,  # noqa: ASYNC109 - the client's API
    ) -> models.FacetResponse:
        """See EmbeddedClient.facet."""
        return self._client.facet(
            collection_name, key=key, facet_filter=facet_filter, limit=limit, exact=exact, timeout=timeout
        )

    async def retrieve(
        self,
        collection_name: str,
        *,
        ids: Sequence[PointId],
        with_payload: models.WithPayloadInterface = True,
        with_vectors: models.WithVector = False,
        timeout: int | None = None,  # noqa: ASYNC109 - the client's API
    ) -> list[models.Record]:
        """See EmbeddedClient.retrieve."""
        return self._client.retrieve(
            collection_name, ids=ids, with_payload=with_payload, with_vectors=with_vectors, timeout=timeout
        )

    async def collection_exists(self, collection_name: str) -> bool:
        """See EmbeddedClient.collection_exists."""
        return self._client.collection_exists(collection_name)

    async def get_collection(self, collection_name: str) -> models.CollectionInfo:
        """See EmbeddedClient.get_collection."""
        return self._client.get_collection(collection_name)

    async def get_collections(self) -> models.CollectionsResponse:
        """See EmbeddedClient.get_collections."""
        return self._client.get_collections()

    async def get_aliases(self) -> models.CollectionsAliasesResponse:
        """See EmbeddedClient.get_aliases."""
        return self._client.get_aliases()

    async def get_collection_aliases(self, collection_name: str) -> models.CollectionsAliasesResponse:
        """See EmbeddedClient.get_collection_aliases."""
        return self._client.get_collection_aliases(collection_name)

    async def close(self) -> None:
        """Do nothing: whoever opened the client underneath closes it."""
