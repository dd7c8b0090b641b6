"""Products to and from the engine: one read, one guarded write, nothing lost between two workers.

Every write carries a fresh random revision, and goes through only where the point still has the revision that was
read: a worker that was overtaken in a rebalance changes nothing, notices it, and folds its events again. All points
of a batch share one condition, "the revision is one of those I read", which holds point by point because no revision
is ever used twice.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from qdrant_client import models

from catalog.embedded import EmbeddedClient
from catalog.engine import outages_named
from catalog.points import (
    HIDDEN_SINCE,
    PICTURES_DUE,
    REVISION,
    STATE,
    Stored,
    decode,
    encode,
    engine_vector,
    point_id,
)
from ingest.tracing import step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from catalog.engine import Engine
    from catalog.product import Json
    from catalog.vectors import SparseVector
    from encoders.interface import FloatArray

_LONGEST_WAIT: Final = timedelta(days=2)
"""Twice as long as a picture is ever made to wait."""
_REVISION_BITS: Final = 62
_REQUEST_BYTES: Final = 16 * 2**20
"""A server takes requests of 32 MB; half of that also comes back in good time."""
_VECTOR_BYTES: Final = 16 * 2**10
"""What one vector takes as JSON, amply."""
_VECTORS_BESIDE_PICTURES: Final = 2
_BYTES_A_CHARACTER: Final = 8
"""Amply, too: in UTF-8, and again among the keys that are searched by."""
_REVISION_FIELD: Final = REVISION.removeprefix(f"{STATE}.")


@dataclass(frozen=True, slots=True)
class PointWrite:
    """A product to write. `vectors` are those encoded anew, `kept` the names of those that stay as they are stored.

    `expected` is the revision that was read, None for a product that the index does not have.
    """

    product: Stored
    expected: int | None
    vectors: Mapping[str, FloatArray | SparseVector]
    kept: frozenset[str] = frozenset()
    payload_only: bool = False


class Store:
    """The products of one collection, by its physical name."""

    def __init__(self, engine: Engine, collection: str) -> None:
        self._engine = engine
        self._collection = collection

    @step("read states")
    def read(self, product_ids: Sequence[str]) -> dict[str, Stored]:
        """Return each product as the index has it, one nobody has heard of as an empty one.

        Raises `EngineUnavailable` in an outage: wait and read again.
        """
        products = {product_id: Stored(product_id) for product_id in product_ids}
        with outages_named():
            records = self._engine.retrieve(
                collection_name=self._collection,
                ids=[point_id(product_id) for product_id in products],
                with_payload=True,
                with_vectors=False,
            )
        found = (decode(record.payload) for record in records if record.payload)
        return products | {product.product_id: product for product in found}

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
                with_payload=True,
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
        stamped = [
            replace(write, product=replace(write.product, revision=secrets.randbits(_REVISION_BITS)))
            for write in writes
        ]
        with outages_named():
            for part in _parts(stamped):
                self._engine.batch_update_points(
                    collection_name=self._collection,
                    update_operations=self._operations(part),
                    wait=True,
                    ordering=models.WriteOrdering.STRONG,
                )
            if isinstance(self._engine, EmbeddedClient):
                self._engine.flush()
            return self._overtaken(stamped)

    def probe(self) -> None:
        """Read and write as every batch does, but nothing: a point that does not exist is looked for and deleted.

        Raises `EngineUnavailable` in an outage, and otherwise what the engine would say to any write.
        """
        nobody = models.PointIdsList(points=[str(uuid4())])
        with outages_named():
            self._engine.retrieve(collection_name=self._collection, ids=nobody.points, with_payload=False)
            self._engine.batch_update_points(
                collection_name=self._collection, update_operations=[models.DeleteOperation(delete=nobody)], wait=True
            )

    def _count(self, condition: models.Filter) -> int:
        return self._engine.count(collection_name=self._collection, count_filter=condition, exact=True).count

    def _delete_unchanged(self, revisions: Mapping[str, int]) -> None:
        """Delete the points that still have the revision that was read, by point id."""
        these = models.HasIdCondition(has_id=list(revisions))
        unchanged = models.Filter(must=[these, _revision_in(list(revisions.values()))])
        self._engine.batch_update_points(
            collection_name=self._collection,
            update_operations=[models.DeleteOperation(delete=models.FilterSelector(filter=unchanged))],
            wait=True,
            ordering=models.WriteOrdering.STRONG,
        )
        if isinstance(self._engine, EmbeddedClient):
            self._engine.flush()

    def _operations(self, writes: Sequence[PointWrite]) -> list[models.UpdateOperation]:
        new = [write for write in writes if write.expected is None]
        rewritten = [write for write in writes if write.expected is not None and not write.payload_only]
        operations: list[models.UpdateOperation] = []
        if new:
            points = models.PointsList(
                points=[_point(write, {}) for write in new], update_mode=models.UpdateMode.INSERT_ONLY
            )
            operations.append(models.UpsertOperation(upsert=points))
        if rewritten:
            operations.append(models.UpsertOperation(upsert=self._rewrite(rewritten)))
        operations += [_payload_operation(write) for write in writes if write.payload_only]
        return operations

    def _rewrite(self, writes: Sequence[PointWrite]) -> models.PointsList:
        kept = self._kept_vectors([write for write in writes if write.kept])
        return models.PointsList(
            points=[_point(write, kept.get(write.product.product_id, {})) for write in writes],
            update_filter=_unchanged_since([write.expected for write in writes if write.expected is not None]),
            update_mode=models.UpdateMode.UPDATE_ONLY,
        )

    def _kept_vectors(self, writes: Sequence[PointWrite]) -> dict[str, dict[str, models.Vector]]:
        """Read the vectors that stay: an upsert replaces a point whole, which keeps vectors and digests in step."""
        if not writes:
            return {}
        by_point = {point_id(write.product.product_id): write for write in writes}
        records = self._engine.retrieve(
            collection_name=self._collection,
            ids=list(by_point),
            with_payload=False,
            with_vectors=sorted(set().union(*(write.kept for write in writes))),
        )
        return {
            by_point[str(record.id)].product.product_id: {
                name: vector
                for name, vector in (record.vector.items() if isinstance(record.vector, dict) else ())
                if name in by_point[str(record.id)].kept
            }
            for record in records
        }

    def _overtaken(self, writes: Sequence[PointWrite]) -> set[str]:
        """Read the revisions back: a conditional write says nothing of what it skipped."""
        records = self._engine.retrieve(
            collection_name=self._collection,
            ids=[point_id(write.product.product_id) for write in writes],
            with_payload=[REVISION],
            with_vectors=False,
        )
        revisions = {str(record.id): _revision_of(record) for record in records}
        return {
            write.product.product_id
            for write in writes
            if revisions.get(point_id(write.product.product_id)) != write.product.revision
        }


def _parts(writes: Sequence[PointWrite]) -> Iterator[list[PointWrite]]:
    """Split a batch so that each part fits one request."""
    part: list[PointWrite] = []
    part_bytes = 0
    for write in writes:
        vectors = _VECTORS_BESIDE_PICTURES + len(write.product.derived.pictures)
        point_bytes = vectors * _VECTOR_BYTES + _BYTES_A_CHARACTER * _characters(write.product)
        if part and part_bytes + point_bytes > _REQUEST_BYTES:
            yield part
            part, part_bytes = [], 0
        part.append(write)
        part_bytes += point_bytes
    yield part


def _characters(product: Stored) -> int:
    return sum(len(name) + _length(entry.value) for name, entry in product.state.registers.items())


def _length(value: Json) -> int:
    if isinstance(value, list):
        return sum(map(len, value))
    return len(value) if isinstance(value, str) else 0


def _point(write: PointWrite, kept: Mapping[str, models.Vector]) -> models.PointStruct:
    vectors: dict[str, models.Vector] = {name: engine_vector(vector) for name, vector in write.vectors.items()}
    return models.PointStruct(
        id=point_id(write.product.product_id), vector={**kept, **vectors}, payload=encode(write.product)
    )


def _payload_operation(write: PointWrite) -> models.OverwritePayloadOperation:
    assert write.expected is not None, "a payload alone can only be written to a point that is there"
    this_point = models.HasIdCondition(has_id=[point_id(write.product.product_id)])
    return models.OverwritePayloadOperation(
        overwrite_payload=models.SetPayload(
            payload=encode(write.product), filter=models.Filter(must=[this_point, _revision_in([write.expected])])
        )
    )


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
    revision: int = (record.payload or {})[STATE][_REVISION_FIELD]
    return revision


def _unchanged_since(revisions: list[int]) -> models.Filter:
    return models.Filter(must=[_revision_in(revisions)])


def _revision_in(revisions: list[int]) -> models.FieldCondition:
    return models.FieldCondition(key=REVISION, match=models.MatchAny(any=revisions))
