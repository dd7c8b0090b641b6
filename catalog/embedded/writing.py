"""The writing half of the embedded client: points and payloads."""
# ruff: noqa: ARG002 - `wait`, `ordering` and `timeout` are the client's API; here a write is applied when it returns

from __future__ import annotations

from typing import TYPE_CHECKING

from qdrant_client.http import models

from catalog.embedded import updates
from catalog.embedded.refusals import as_refusals
from catalog.unvalidated import built

if TYPE_CHECKING:
    from collections.abc import Sequence

    import qdrant_edge as edge

    from catalog.embedded.shards import OpenCollection, Shards
    from catalog.embedded.updates import Points, Selector


class Writing:
    """What changes points. A write that returned survives a killed process; `flush` makes it survive a power loss."""

    _shards: Shards

    def upsert(  # noqa: PLR0913 - the client's API
        self,
        collection_name: str,
        *,
        points: Points,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        update_filter: models.Filter | None = None,
        update_mode: models.UpdateMode | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Insert or replace points; a stored point that fails `update_filter` stays as it is, silently.

        One vector that does not fit refuses the whole batch. Of one id given twice the last wins.
        """
        found = self._shards.writable(collection_name)
        with as_refusals():
            return _applied(found, updates.upsert(points, found.sizes, update_filter, update_mode))

    def update_vectors(  # noqa: PLR0913 - the client's API
        self,
        collection_name: str,
        *,
        points: Sequence[models.PointVectors],
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        update_filter: models.Filter | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Replace the named vectors of points that exist; raise UnexpectedResponse 404 if one does not."""
        found = self._shards.writable(collection_name)
        with as_refusals():
            return _applied(found, updates.vectors(points, found.sizes, update_filter))

    def set_payload(  # noqa: PLR0913 - the client's API
        self,
        collection_name: str,
        *,
        payload: models.Payload,
        points: Selector,
        key: str | None = None,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Merge into the payload, or into the object at `key`; an absent id is a 404, an empty filter match is not."""
        found = self._shards.writable(collection_name)
        with as_refusals():
            return _applied(found, updates.set_payload(payload, points, key))

    def overwrite_payload(  # noqa: PLR0913 - the client's API
        self,
        collection_name: str,
        *,
        payload: models.Payload,
        points: Selector,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Replace the whole payload; an absent id is a 404, a filter that matches nothing is not."""
        found = self._shards.writable(collection_name)
        with as_refusals():
            return _applied(found, updates.overwrite_payload(payload, points))

    def delete(
        self,
        collection_name: str,
        *,
        points_selector: Selector,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Delete points by id or filter; absent ids are no error."""
        found = self._shards.find(collection_name)
        with as_refusals():
            return _applied(found, updates.delete(points_selector))

    def batch_update_points(
        self,
        collection_name: str,
        *,
        update_operations: Sequence[models.UpdateOperation],
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> list[models.UpdateResult]:
        """Apply operations in order, not atomically: those before a refused one stay applied."""
        found = self._shards.writable(collection_name)
        with as_refusals():
            return [_applied(found, updates.operation(each, found.sizes)) for each in update_operations]


def _applied(found: OpenCollection, operation: edge.UpdateOperation) -> models.UpdateResult:
    with found.writing:
        found.shard.update(operation)
    return built(models.UpdateResult, status=models.UpdateStatus.COMPLETED)
