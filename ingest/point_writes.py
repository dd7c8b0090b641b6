"""Writes of products as the engine's operations, each under the condition that nobody has written the point since.

What is new or has other vectors goes as one upsert under one condition for all. Where the vectors stay, a point's
operation sets only the parts of its payload that change, all of them or none.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pydantic_core
from qdrant_client import models

from catalog.points import REVISION, Stored, encode, encode_changes, engine_vector, point_id
from catalog.unvalidated import built

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from catalog.vectors import SparseVector
    from encoders.interface import FloatArray

_REVISION_BITS: Final = 52
"""A range is compared as floats, which are exact up to twice this."""
_REQUEST_BYTES: Final = 16 * 2**20
"""A server takes requests of 32 MB; half of that also comes back in good time."""
_VECTOR_BYTES: Final = 16 * 2**10
"""What one vector takes as JSON, amply."""
_VECTORS_BESIDE_PICTURES: Final = 2
_BYTES_BESIDE: Final = 512
"""What a point takes beside its payload and its vectors, its condition for one: amply, too."""


@dataclass(frozen=True, slots=True)
class PointWrite:
    """A product to write. `vectors` are those encoded anew, `kept` the names of those that stay as they are stored.

    `expected` is the revision that was read, None for a product that the index does not have. `before` is the product
    as it was read where all its vectors stay: then only what has changed of its payload is written.
    """

    product: Stored
    expected: int | None
    vectors: Mapping[str, FloatArray | SparseVector]
    kept: frozenset[str] = frozenset()
    before: Stored | None = None

    @property
    def payload_only(self) -> bool:
        """Whether no vector is written."""
        return self.before is not None


@dataclass(frozen=True, slots=True)
class Encoded:
    """A write as the engine takes it: with the revision that it gives the point, and what it sets of the payload."""

    write: PointWrite
    point_id: str
    revision: int
    payload: dict[str, Any]

    @property
    def size_bytes(self) -> int:
        """About what it takes of a request."""
        vectors = 0 if self.write.payload_only else _VECTORS_BESIDE_PICTURES + len(self.write.product.derived.pictures)
        return _BYTES_BESIDE + vectors * _VECTOR_BYTES + len(pydantic_core.to_json(self.payload))


def encoded(writes: Sequence[PointWrite]) -> list[Encoded]:
    """Encode the writes with revisions that no write has had: they follow one another from a random first one."""
    first = secrets.randbits(_REVISION_BITS)
    return [_encoded(write, first + place) for place, write in enumerate(writes)]


def _encoded(write: PointWrite, revision: int) -> Encoded:
    payload = encode(write.product) if write.before is None else encode_changes(write.before, write.product)
    payload[REVISION] = revision
    return Encoded(write, point_id(write.product.product_id), revision, payload)


def in_requests(written: Sequence[Encoded]) -> Iterator[list[Encoded]]:
    """Split a batch so that each part fits one request."""
    part: list[Encoded] = []
    part_bytes = 0
    for one in written:
        size_bytes = one.size_bytes
        if part and part_bytes + size_bytes > _REQUEST_BYTES:
            yield part
            part, part_bytes = [], 0
        part.append(one)
        part_bytes += size_bytes
    yield part


def operations(
    part: Sequence[Encoded], kept: Mapping[str, Mapping[str, models.Vector]]
) -> list[models.UpdateOperation]:
    """Return what is to be done, in order; `kept` are the vectors that stay, by point id and name."""
    new = [one for one in part if one.write.expected is None]
    rewritten = [one for one in part if one.write.expected is not None and not one.write.payload_only]
    found: list[models.UpdateOperation] = []
    if new:
        points = models.PointsList(points=[_point(one, {}) for one in new], update_mode=models.UpdateMode.INSERT_ONLY)
        found.append(models.UpsertOperation(upsert=points))
    if rewritten:
        points = models.PointsList(
            points=[_point(one, kept.get(one.point_id, {})) for one in rewritten],
            update_filter=revision_in([_expected(one) for one in rewritten]),
            update_mode=models.UpdateMode.UPDATE_ONLY,
        )
        found.append(models.UpsertOperation(upsert=points))
    return found + [_payload_operation(one) for one in part if one.write.payload_only]


def revision_in(revisions: Sequence[int]) -> models.Filter:
    """Return the condition that a point has one of these revisions still.

    By ranges, for an index of ranges lets go of a value that no point has any more, and one that matches values does
    not: 260 bytes for each write, for ever.
    """
    return models.Filter(should=[revision_between(one, one) for one in revisions])


def revision_between(first: int, last: int) -> models.FieldCondition:
    """Return the condition that a point has one of the revisions from `first` to `last`."""
    return built(models.FieldCondition, key=REVISION, range=built(models.Range, gte=first, lte=last))


def _point(one: Encoded, kept: Mapping[str, models.Vector]) -> models.PointStruct:
    vectors: dict[str, models.Vector] = {name: engine_vector(vector) for name, vector in one.write.vectors.items()}
    return built(models.PointStruct, id=one.point_id, vector={**kept, **vectors}, payload=one.payload)


def _payload_operation(one: Encoded) -> models.SetPayloadOperation:
    this_point, expected = built(models.HasIdCondition, has_id=[one.point_id]), _expected(one)
    unchanged = built(models.Filter, must=[this_point, revision_between(expected, expected)])
    return built(
        models.SetPayloadOperation, set_payload=built(models.SetPayload, payload=one.payload, filter=unchanged)
    )


def _expected(one: Encoded) -> int:
    assert one.write.expected is not None, "only a point that is there can be written under a condition"
    return one.write.expected
