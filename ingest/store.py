"""Products to and from the engine: one read, one guarded write, nothing lost between two workers.

Every write carries a fresh random revision, and goes through only where the point still has the revision that was
read: a worker that was overtaken in a rebalance changes nothing, notices it, and folds its events again. All points
of a batch share one condition, "the revision is one of those I read", which holds point by point because no revision
is ever used twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from qdrant_client import models

from catalog.embedded import EmbeddedClient
from catalog.engine import absence_named, outages_named
from catalog.points import (
    DERIVED,
    HIDDEN_SINCE,
    PICTURES_DUE,
    REVISION,
    Stored,
    decode,
    point_id,
)
from ingest.point_writes import encoded, in_requests, operations, revision_between, revision_in
from ingest.tracing import step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from catalog.engine import Engine
    from ingest.point_writes import Encoded, PointWrite

_LONGEST_WAIT: Final = timedelta(days=2)
"""Twice as long as a picture is ever made to wait."""
_STORED: Final = models.PayloadSelectorExclude(exclude=[DERIVED])
"""What a product is read from: not the keys that only searches look at."""


class Store:
    """The products of one collection, by its physical name."""

    def __init__(self, engine: Engine, collection: str) -> None:
        self._engine = engine
        self._collection = collection

    @step("read states")
    def read(self, product_ids: Sequence[str]) -> dict[str, Stored]:
        """Return each product as the index has it, one nobody has heard of as an empty one.

        Raises `EngineUnavailable` in an outage: wait and read again; `CollectionMismatch` where there is no collection.
        """
        wanted = dict.fromkeys(product_ids)
        with self._absence_named():
            records = self._engine.retrieve(
                collection_name=self._collection,
                ids=[point_id(product_id) for product_id in wanted],
                with_payload=_STORED,
                with_vectors=False,
            )
        products = [decode(record.payload) for record in records if record.payload]
        found = {product.product_id: product for product in products}
        return {product_id: found[product_id] if product_id in found else Stored(product_id) for product_id in wanted}

    def count_due(self, moment: datetime) -> int:
        """Return how many products have pictures that are due at a moment. Raises `EngineUnavailable` in an outage."""
        with outages_named():
            return self._count(_due(moment))

    def read_due(self, moment: datetime, *, limit: int) -> list[Stored]:
        """Return products with pictures that are due at a moment, those due for longest first.

        Raises `EngineUnavailable` in an outage.
        """
        with outages_named():
            records, _ = self._engine.scroll(
                collection_name=self._collection,
                scroll_filter=_due(moment),
                order_by=models.OrderBy(key=PICTURES_DUE, direction=models.Direction.ASC),
                limit=limit,
                with_payload=_STORED,
                with_vectors=False,
            )
        return [decode(record.payload) for record in records if record.payload]

    def count_hidden(self, moment: datetime) -> int:
        """Return how many tombstones and waiting patches have not changed since. Raises `EngineUnavailable`."""
        with outages_named():
            return self._count(_by(HIDDEN_SINCE, moment))

    def forget_hidden(self, moment: datetime, *, limit: int) -> int:
        """Delete up to `limit` of these and return how many were found: fewer than that, and no more are left.

        One that somebody writes meanwhile has another revision then, and stays. Raises `EngineUnavailable`.
        """
        with outages_named():
            records, _ = self._engine.scroll(
                collection_name=self._collection,
                scroll_filter=_by(HIDDEN_SINCE, moment),
                limit=limit,
                with_payload=[REVISION],
                with_vectors=False,
            )
            if records:
                self._delete_unchanged({str(record.id): _revision_of(record) for record in records})
        return len(records)

    @step("write points")
    def write(self, writes: Sequence[PointWrite]) -> set[str]:
        """Write durably and return the ids of products that somebody else wrote since they were read.

        Raises `EngineUnavailable` in an outage, with any part of the batch written: read, merge and write again.
        """
        if not writes:
            return set()
        written = encoded(writes)
        with outages_named():
            for part in in_requests(written):
                self._engine.batch_update_points(
                    collection_name=self._collection,
                    update_operations=operations(part, self._kept_vectors(part)),
                    wait=True,
                    ordering=models.WriteOrdering.STRONG,
                )
            if isinstance(self._engine, EmbeddedClient):
                self._engine.flush()
            return self._overtaken(written)

    def probe(self) -> None:
        """Read and write as every batch does, but nothing: a point that does not exist is looked for and deleted.

        Raises `EngineUnavailable` in an outage, and otherwise what the engine would say to any write.
        """
        nobody = models.PointIdsList(points=[str(uuid4())])
        with self._absence_named():
            self._engine.retrieve(collection_name=self._collection, ids=nobody.points, with_payload=False)
            self._engine.batch_update_points(
                collection_name=self._collection, update_operations=[models.DeleteOperation(delete=nobody)], wait=True
            )

    def _absence_named(self) -> AbstractContextManager[None]:
        """Say what it means that there is no collection, for what asks for nothing else that might lack."""
        return absence_named(
            f"there is no collection {self._collection} any more: after the end of a migration start with the "
            "settings that it named, else see 'The collection is gone' in docs/operations.md; nothing of the batch "
            "is committed or dead-lettered"
        )

    def _count(self, condition: models.Filter) -> int:
        return self._engine.count(collection_name=self._collection, count_filter=condition, exact=True).count

    def _delete_unchanged(self, revisions: Mapping[str, int]) -> None:
        """Delete the points that still have the revision that was read, by point id."""
        these = models.HasIdCondition(has_id=list(revisions))
        unchanged = models.Filter(must=[these, revision_in(list(revisions.values()))])
        self._engine.batch_update_points(
            collection_name=self._collection,
            update_operations=[models.DeleteOperation(delete=models.FilterSelector(filter=unchanged))],
            wait=True,
            ordering=models.WriteOrdering.STRONG,
        )
        if isinstance(self._engine, EmbeddedClient):
            self._engine.flush()

    def _kept_vectors(self, part: Sequence[Encoded]) -> dict[str, dict[str, models.Vector]]:
        """Read the vectors that stay: an upsert replaces a point whole, which keeps vectors and digests in step."""
        kept = {one.point_id: one.write.kept for one in part if one.write.kept and not one.write.payload_only}
        if not kept:
            return {}
        records = self._engine.retrieve(
            collection_name=self._collection,
            ids=list(kept),
            with_payload=False,
            with_vectors=sorted(set().union(*kept.values())),
        )
        return {
            str(record.id): {
                name: vector
                for name, vector in (record.vector.items() if isinstance(record.vector, dict) else ())
                if name in kept[str(record.id)]
            }
            for record in records
        }

    def _overtaken(self, written: Sequence[Encoded]) -> set[str]:
        """Read the revisions back: a conditional write says nothing of what it skipped.

        Where as many points have one as were written, all were, for nobody else has these revisions.
        """
        ours = [one.revision for one in written]
        if self._count(models.Filter(must=[revision_between(min(ours), max(ours))])) == len(written):
            return set()
        records = self._engine.retrieve(
            collection_name=self._collection,
            ids=[one.point_id for one in written],
            with_payload=[REVISION],
            with_vectors=False,
        )
        revisions = {str(record.id): _revision_of(record) for record in records}
        return {one.write.product.product_id for one in written if revisions.get(one.point_id) != one.revision}


def is_due(due_at: datetime, moment: datetime) -> bool:
    """Whether a picture is due: its time has come, or is further off than any wait, for a clock had run ahead."""
    return not moment < due_at <= moment + _LONGEST_WAIT


def _due(moment: datetime) -> models.Filter:
    """Return the filter that says what `is_due` says."""
    ranges = [models.DatetimeRange(lte=moment), models.DatetimeRange(gt=moment + _LONGEST_WAIT)]
    return models.Filter(should=[models.FieldCondition(key=PICTURES_DUE, range=one) for one in ranges])


def _by(time: str, moment: datetime) -> models.Filter:
    """Return the condition that a time has come; a point without it never meets that."""
    return models.Filter(must=[models.FieldCondition(key=time, range=models.DatetimeRange(lte=moment))])


def _revision_of(record: models.Record) -> int:
    revision: int = (record.payload or {})[REVISION]
    return revision
