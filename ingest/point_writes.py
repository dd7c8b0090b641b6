"""Writes of products as the engine's operations, each under the condition that nobody has written the point since.

What is new or has other vectors goes as one upsert under one condition for all. Where the vectors stay, a point's
operation sets only the parts of its payload that change, all of them or none.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qdrant_client import models

from catalog.points import REVISION, Stored, encode, encode_changes, engine_vector, point_id
from catalog.product import MAX_ID_CHARS

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
_BYTES_A_CHARACTER: Final = 8
"""Amply, too: in UTF-8, and again among the keys that are searched by."""
_NAME_CHARACTERS: Final = MAX_ID_CHARS
"""What the name of a register has, amply."""


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


def revised(writes: Sequence[PointWrite]) -> list[PointWrite]:
    """Return the writes with revisions that no write has had: they follow one another from a random first one."""
    first = secrets.randbits(_REVISION_BITS)
    return [_with_revision(write, first + place) for place, write in enumerate(writes)]


def _with_revision(write: PointWrite, revision: int) -> PointWrite:
    product = Stored(write.product.product_id, write.product.state, write.product.derived, revision)
    return PointWrite(product, write.expected, write.vectors, write.kept, write.before)


def in_requests(writes: Sequence[PointWrite]) -> Iterator[list[PointWrite]]:
    """Split a batch so that each part fits one request."""
    part: list[PointWrite] = []
    part_bytes = 0
    for write in writes:
        vectors = 0 if write.payload_only else _VECTORS_BESIDE_PICTURES + len(write.product.derived.pictures)
        point_bytes = vectors * _VECTOR_BYTES + _BYTES_A_CHARACTER * _characters(write.product)
        if part and part_bytes + point_bytes > _REQUEST_BYTES:
            yield part
            part, part_bytes = [], 0
        part.append(write)
        part_bytes += point_bytes
    yield part


def operations(
    writes: Sequence[PointWrite], kept: Mapping[str, Mapping[str, models.Vector]]
) -> list[models.UpdateOperation]:
    """Return what is to be done, in order; `kept` are the vectors that stay, by product id and name."""
    new = [write for write in writes if write.expected is None]
    rewritten = [write for write in writes if write.expected is not None and not write.payload_only]
    found: list[models.UpdateOperation] = []
    if new:
        points = models.PointsList(
            points=[_point(write, {}) for write in new], update_mode=models.UpdateMode.INSERT_ONLY
        )
        found.append(models.UpsertOperation(upsert=points))
    if rewritten:
        points = models.PointsList(
            points=[_point(write, kept.get(write.product.product_id, {})) for write in rewritten],
            update_filter=revision_in([_expected(write) for write in rewritten]),
            update_mode=models.UpdateMode.UPDATE_ONLY,
        )
        found.append(models.UpsertOperation(upsert=points))
    return found + [_payload_operation(write, write.before) for write in writes if write.before is not None]


def revision_in(revisions: Sequence[int]) -> models.Filter:
    """Return the condition that a point has one of these revisions still.

    By ranges, for an index of ranges lets go of a value that no point has any more, and one that matches values does
    not: 260 bytes for each write, for ever.
    """
    return models.Filter(should=[revision_between(one, one) for one in revisions])


def revision_between(first: int, last: int) -> models.FieldCondition:
    """Return the condition that a point has one of the revisions from `first` to `last`."""
    return models.FieldCondition(key=REVISION, range=models.Range(gte=first, lte=last))


def _point(write: PointWrite, kept: Mapping[str, models.Vector]) -> models.PointStruct:
    vectors: dict[str, models.Vector] = {name: engine_vector(vector) for name, vector in write.vectors.items()}
    return models.PointStruct(
        id=point_id(write.product.product_id), vector={**kept, **vectors}, payload=encode(write.product)
    )


def _payload_operation(write: PointWrite, before: Stored) -> models.SetPayloadOperation:
    this_point = models.HasIdCondition(has_id=[point_id(write.product.product_id)])
    expected = _expected(write)
    unchanged = models.Filter(must=[this_point, revision_between(expected, expected)])
    return models.SetPayloadOperation(
        set_payload=models.SetPayload(payload=encode_changes(before, write.product), filter=unchanged)
    )


def _expected(write: PointWrite) -> int:
    assert write.expected is not None, "only a point that is there can be written under a condition"
    return write.expected


def _characters(product: Stored) -> int:
    count = 0
    for entry in product.state.registers.values():
        value = entry.value
        if isinstance(value, str):
            count += len(value)
        elif isinstance(value, list):
            count += sum(map(len, value))
    return count + _NAME_CHARACTERS * len(product.state.registers)
