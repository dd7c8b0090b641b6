"""Queries and scrolls: qdrant-client's request models in, Qdrant Edge's out."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import numpy as np
import qdrant_edge as edge
from qdrant_client.http import models

from catalog.embedded.filters import edge_filter, optional_edge_filter
from catalog.embedded.refusals import refusal
from catalog.embedded.schema import optional_edge_member
from catalog.embedded.vectors import finite_dense, finite_sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

# The stubs list Fusion itself, but its two kinds are what it takes.
EdgeScoring = edge.Query | edge.OrderBy | edge.Fusion.Rrf | edge.Fusion.Dbsf

_DEFAULT_LIMIT = 10  # the server's, for queries, prefetches and scrolls
_DEFAULT_RRF_K = 2  # the server's
_NO_LOOKUP = "the embedded engine looks up no vectors in another collection"


def edge_queries(given: Sequence[models.QueryRequest]) -> list[edge.QueryRequest]:
    """Convert the queries of one batch, a filter that several share only once; raise what `edge_query` raises."""
    filters = {id(each.filter): each.filter for each in given}
    converted = {identity: optional_edge_filter(each) for identity, each in filters.items()}
    return [_edge_query(each, converted[id(each.filter)]) for each in given]


def edge_query(given: models.QueryRequest) -> edge.QueryRequest:
    """Convert one query; raise UnexpectedResponse 400/422 for a bad one, NotImplementedError for an unknown kind."""
    return _edge_query(given, optional_edge_filter(given.filter))


def _edge_query(given: models.QueryRequest, within: edge.Filter | None) -> edge.QueryRequest:
    if given.lookup_from is not None:
        raise NotImplementedError(_NO_LOOKUP)
    return edge.QueryRequest(
        limit=checked_limit(given.limit),
        offset=given.offset,
        query=cast("edge.ScoringQueryType | None", _scoring(given.query, given.using)),
        prefetches=_prefetches(given.prefetch),
        with_vector=given.with_vector or False,
        with_payload=payload_selector(given.with_payload),
        filter=within,
        score_threshold=given.score_threshold,
        params=_search_params(given.params),
    )


def checked_limit(limit: int | None) -> int:
    """Return the limit or its default; raise UnexpectedResponse 422 below 1, as a server does."""
    if limit is None:
        return _DEFAULT_LIMIT
    if limit < 1:
        reason = f"Validation error in JSON body: [limit: value {limit} invalid, must be 1 or larger]"
        raise refusal(HTTPStatus.UNPROCESSABLE_ENTITY, reason)
    return limit


def payload_selector(given: models.WithPayloadInterface | None) -> edge.WithPayloadType:
    """Convert which payload keys to return; absent means none."""
    match given:
        case None:
            return False
        case models.PayloadSelectorInclude():
            return edge.PayloadSelector.Include(given.include)
        case models.PayloadSelectorExclude():
            return edge.PayloadSelector.Exclude(given.exclude)
    return given


def edge_order_by(given: models.OrderByInterface) -> edge.OrderBy:
    """Convert an order; a bare key means ascending."""
    if isinstance(given, str):
        return edge.OrderBy(given)
    start = given.start_from
    return edge.OrderBy(
        given.key,
        direction=optional_edge_member(edge.Direction, given.direction),
        start_from=start.isoformat() if isinstance(start, date) else start,
    )


def _prefetches(given: list[models.Prefetch] | models.Prefetch | None) -> list[edge.Prefetch] | None:
    if given is None:
        return None
    return [_prefetch(each) for each in (given if isinstance(given, list) else [given])]


def _prefetch(given: models.Prefetch) -> edge.Prefetch:
    if given.lookup_from is not None:
        raise NotImplementedError(_NO_LOOKUP)
    return edge.Prefetch(
        limit=checked_limit(given.limit),
        query=cast("edge.ScoringQueryType | None", _scoring(given.query, given.using)),
        prefetches=_prefetches(given.prefetch),
        params=_search_params(given.params),
        filter=optional_edge_filter(given.filter),
        score_threshold=given.score_threshold,
    )


def _scoring(given: object, using: str | None) -> EdgeScoring | None:  # noqa: PLR0911 - a line for each kind
    match given:
        case None:
            return None
        case models.SparseVector():
            return edge.Query.Nearest(finite_sparse(given), using)
        case list() | np.ndarray():
            return edge.Query.Nearest(finite_dense(given), using)
        case models.NearestQuery(mmr=None):
            return _scoring(given.nearest, using)
        case models.RrfQuery():
            return edge.Fusion.Rrf(_DEFAULT_RRF_K if given.rrf.k is None else given.rrf.k, given.rrf.weights)
        case models.FusionQuery(fusion=models.Fusion.RRF):
            return edge.Fusion.Rrf(_DEFAULT_RRF_K)
        case models.FusionQuery():
            return edge.Fusion.Dbsf()
        case models.OrderByQuery():
            return edge_order_by(given.order_by)
    raise NotImplementedError(f"the embedded engine takes no query of type {type(given).__name__}")


def _search_params(given: models.SearchParams | None) -> edge.SearchParams | None:
    if given is None:
        return None
    return edge.SearchParams(
        hnsw_ef=given.hnsw_ef,
        exact=bool(given.exact),
        quantization=None if given.quantization is None else _quantization(given.quantization),
        indexed_only=bool(given.indexed_only),
        acorn=None if given.acorn is None else _acorn(given.acorn),
        idf=_idf(given.idf),
    )


def _quantization(given: models.QuantizationSearchParams) -> edge.QuantizationSearchParams:
    return edge.QuantizationSearchParams(
        ignore=bool(given.ignore), rescore=given.rescore, oversampling=given.oversampling
    )


def _acorn(given: models.AcornSearchParams) -> edge.AcornSearchParams:
    return edge.AcornSearchParams(enable=bool(given.enable), max_selectivity=given.max_selectivity)


def _idf(given: models.IdfParams | None) -> edge.IdfParams | None:
    if isinstance(given, models.IdfCorpusParams):
        return edge.IdfParams(edge_filter(given.corpus))
    return None
