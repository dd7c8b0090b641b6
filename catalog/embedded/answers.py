"""Answers: what Qdrant Edge returns, as qdrant-client's models.

Hits come by the thousand and each microsecond a hit is a millisecond a query, so they are built without validation:
everything in them comes from the engine itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast, overload
from uuid import UUID

import qdrant_edge as edge
from qdrant_client.http import models

from catalog.embedded.schema import edge_member, full_hnsw
from catalog.unvalidated import filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.embedded.registry import Declaration

# For its id Edge makes a uuid.UUID, which then has to write itself, both in Python: 1.3 microseconds. Its repr has the
# same text ready in 0.5, at a fixed place: ScoredPoint(id="6f1ed002-…", version=…).
_QUOTE, _UUID = 15, slice(16, 52)

# Shared by all hits: pydantic copies this set with the model, and adding a field's name changes nothing.
_SCORED_NAMES = set(models.ScoredPoint.model_fields)
_RECORD_NAMES = set(models.Record.model_fields)


class BareHits(Sequence[models.ScoredPoint]):
    """Hits of a query that asked for ids and scores only, in the engine's order; each is built when it is looked at."""

    def __init__(self, found: Sequence[edge.ScoredPoint]) -> None:
        self.found = found

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, place: int) -> models.ScoredPoint: ...

    @overload
    def __getitem__(self, place: slice) -> list[models.ScoredPoint]: ...

    def __getitem__(self, place: int | slice) -> models.ScoredPoint | list[models.ScoredPoint]:
        if isinstance(place, slice):
            return [_bare_hit(each) for each in self.found[place]]
        return _bare_hit(self.found[place])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment] # as a list

    def __repr__(self) -> str:
        return repr(list(self))


class BareIds(Sequence[str]):
    """The ids of bare hits, as a server writes them: written, which is what they cost, as far as somebody looked."""

    def __init__(self, found: Sequence[edge.ScoredPoint]) -> None:
        self._found = found
        self._texts: list[str] = []

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[str]:
        return iter(self._written(len(self)))

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step == 1:  # what a look-up for each would double the price of
                return self._written(stop)[start:stop]
            return [self[each] for each in range(start, stop, step)]
        at = range(len(self))[place]
        return self._written(at + 1)[at]

    def _written(self, end: int) -> list[str]:
        more = self._found[len(self._texts) : end]
        self._texts += [text[_UUID] if (text := repr(each))[_QUOTE] == '"' else str(each.id) for each in more]
        return self._texts


@dataclass(frozen=True, slots=True)
class Scores:
    """Ids, as a server writes them, and scores of hits, best first."""

    ids: Sequence[str]
    scores: list[float]
    _hits: Sequence[edge.ScoredPoint | models.ScoredPoint]

    def versions(self, count: int) -> list[int]:
        """Return the versions of the first `count` points: few ask for them, and of few."""
        return [each.version for each in self._hits[:count]]


def scores_of(hits: Sequence[models.ScoredPoint]) -> Scores:
    """Return what hits of either engine say; of bare hits at a third of the price of the models."""
    if isinstance(hits, BareHits):
        found = hits.found
        return Scores(BareIds(found), [each.score for each in found], found)
    return Scores([str(each.id) for each in hits], [each.score for each in hits], hits)


def _bare_hit(each: edge.ScoredPoint) -> models.ScoredPoint:
    fields = dict.fromkeys(("payload", "vector", "shard_key", "order_value"))
    found = {"id": point_id(each.id), "version": each.version, "score": each.score, **fields}
    return filled(models.ScoredPoint, found, _SCORED_NAMES)


def full_hits(found: Sequence[edge.ScoredPoint]) -> list[models.ScoredPoint]:
    """Return hits with whatever the query asked for, in the engine's order."""
    return [
        filled(
            models.ScoredPoint,
            {
                "id": point_id(each.id),
                "version": each.version,
                "score": each.score,
                "payload": each.payload,
                "vector": _optional_vectors(each.vector),
                "shard_key": None,
                "order_value": each.order_value,
            },
            _SCORED_NAMES,
        )
        for each in found
    ]


def records(found: Sequence[edge.Record]) -> list[models.Record]:
    """Return stored points, unscored."""
    return [
        filled(
            models.Record,
            {
                "id": point_id(each.id),
                "payload": each.payload,
                "vector": _optional_vectors(each.vector),
                "shard_key": None,
                "order_value": each.order_value,
            },
            _RECORD_NAMES,
        )
        for each in found
    ]


def point_id(given: edge.PointId) -> models.ExtendedPointId:
    """Return an id as a server writes it: an int, or a UUID as hyphenated lower-case text."""
    return str(given) if isinstance(given, UUID) else given


def facet_hits(found: edge.FacetResponse) -> models.FacetResponse:
    """Return the values that occur; Edge also lists values whose last point is gone, with a count of 0."""
    counted = [models.FacetValueHit(value=hit.value, count=hit.count) for hit in found.hits if hit.count]
    return models.FacetResponse(hits=counted)


def collection_info(info: edge.ShardInfo, declared: Declaration) -> models.CollectionInfo:
    """Return counts from the shard, and what was declared from the registry."""
    return models.CollectionInfo(
        status=models.CollectionStatus.GREEN,
        optimizer_status=models.OptimizersStatusOneOf.OK,
        points_count=info.points_count,
        indexed_vectors_count=info.indexed_vectors_count,
        segments_count=info.segments_count,
        config=models.CollectionConfig(
            params=models.CollectionParams(
                vectors=dict(declared.vectors), sparse_vectors=dict(declared.sparse_vectors) or None
            ),
            hnsw_config=full_hnsw(declared.hnsw),
            optimizer_config=models.OptimizersConfig(default_segment_number=0, flush_interval_sec=5),
            metadata=declared.metadata,
        ),
        payload_schema={
            field: _index_info(index, declared.payload_indexes.get(field))
            for field, index in info.payload_schema.items()
        },
    )


def _index_info(index: edge.PayloadIndexInfo, declared: models.PayloadSchemaParams | None) -> models.PayloadIndexInfo:
    return models.PayloadIndexInfo(data_type=_index_type(index.data_type), params=declared, points=index.points)


def _index_type(given: edge.PayloadSchemaType) -> models.PayloadSchemaType:
    types = {edge_member(edge.PayloadSchemaType, each): each for each in models.PayloadSchemaType}
    return types[given]


def _optional_vectors(given: edge.Vector | None) -> models.VectorStructOutput | None:
    if not isinstance(given, dict):
        return given
    named = {name: _sparse(each) if isinstance(each, edge.SparseVector) else each for name, each in given.items()}
    return cast("models.VectorStructOutput", named)


def _sparse(given: edge.SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=given.indices, values=given.values)
