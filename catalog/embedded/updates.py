"""Writes: qdrant-client's points, selectors and update operations in, Qdrant Edge's out."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

import qdrant_edge as edge
from qdrant_client.http import models

from catalog.embedded.filters import edge_filter, optional_edge_filter
from catalog.embedded.schema import optional_edge_member

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from catalog.embedded.vectors import VectorSizes

    PointIds = Sequence[models.ExtendedPointId]
    Selector = PointIds | models.Filter | models.PointIdsList | models.FilterSelector
    Points = models.Batch | Sequence[models.PointStruct]


def upsert(
    points: Points,
    sizes: VectorSizes,
    update_filter: models.Filter | None,
    update_mode: models.UpdateMode | None,
) -> edge.UpdateOperation:
    """Return a checked upsert; raise UnexpectedResponse 400/422 if one vector does not fit, whole batch refused."""
    structs = _structs(points) if isinstance(points, models.Batch) else points
    return edge.UpdateOperation.upsert_points(
        [edge.Point(point.id, sizes.checked(point.vector), point.payload) for point in structs],
        optional_edge_filter(update_filter),
        optional_edge_member(edge.UpdateMode, update_mode),
    )


def vectors(
    points: Sequence[models.PointVectors], sizes: VectorSizes, update_filter: models.Filter | None
) -> edge.UpdateOperation:
    """Return a checked replacement of the named vectors of points that exist."""
    converted = [edge.PointVectors(point.id, sizes.checked(point.vector)) for point in points]
    return edge.UpdateOperation.update_vectors(converted, optional_edge_filter(update_filter))


def set_payload(payload: models.Payload, selector: Selector, key: str | None) -> edge.UpdateOperation:
    """Return a merge of `payload` into the points selected."""
    chosen = _selected(selector)
    if isinstance(chosen, models.Filter):
        return edge.UpdateOperation.set_payload_by_filter(edge_filter(chosen), payload, key)
    return edge.UpdateOperation.set_payload(list(chosen), payload, key)


def overwrite_payload(payload: models.Payload, selector: Selector) -> edge.UpdateOperation:
    """Return a replacement of the whole payload of the points selected."""
    chosen = _selected(selector)
    if isinstance(chosen, models.Filter):
        return edge.UpdateOperation.overwrite_payload_by_filter(edge_filter(chosen), payload)
    return edge.UpdateOperation.overwrite_payload(list(chosen), payload)


def delete(selector: Selector) -> edge.UpdateOperation:
    """Return a deletion of the points selected; absent ids are no error."""
    chosen = _selected(selector)
    if isinstance(chosen, models.Filter):
        return edge.UpdateOperation.delete_points_by_filter(edge_filter(chosen))
    return edge.UpdateOperation.delete_points(list(chosen))


def operation(given: models.UpdateOperation, sizes: VectorSizes) -> edge.UpdateOperation:
    """Convert one operation of a batch; raise NotImplementedError for kinds that this project does not use."""
    match given:
        case models.UpsertOperation():
            insert = given.upsert
            points = insert.points if isinstance(insert, models.PointsList) else insert.batch
            return upsert(points, sizes, insert.update_filter, insert.update_mode)
        case models.SetPayloadOperation():
            return set_payload(given.set_payload.payload, _payload_target(given.set_payload), given.set_payload.key)
        case models.OverwritePayloadOperation():
            return overwrite_payload(given.overwrite_payload.payload, _payload_target(given.overwrite_payload))
        case models.UpdateVectorsOperation():
            return vectors(given.update_vectors.points, sizes, given.update_vectors.update_filter)
        case models.DeleteOperation():
            return delete(given.delete)
    raise NotImplementedError(f"the embedded engine takes no {type(given).__name__}")


def _structs(batch: models.Batch) -> Iterable[models.PointStruct]:
    """Walk a column-wise batch of named vectors point by point, without validating what came validated."""
    if not isinstance(batch.vectors, dict):
        raise NotImplementedError("the embedded engine takes named vectors only")
    payloads = batch.payloads or repeat(None, len(batch.ids))
    names = list(batch.vectors)
    for point_id, payload, *row in zip(batch.ids, payloads, *batch.vectors.values(), strict=True):
        yield models.PointStruct.model_construct(
            id=point_id, payload=payload, vector=dict(zip(names, row, strict=True))
        )


def _payload_target(given: models.SetPayload) -> PointIds | models.Filter:
    if given.filter is not None:
        return given.filter
    return given.points or []


def _selected(given: Selector) -> PointIds | models.Filter:
    match given:
        case models.PointIdsList():
            return given.points
        case models.FilterSelector():
            return given.filter
    return given
