"""Vectors, checked before Qdrant Edge sees them.

Edge stores NaN, applies a batch up to its first bad point, and panics for good on a sparse vector of uneven length
(the write-ahead log replays it at each start), so nothing unchecked may reach it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import numpy as np
import qdrant_edge as edge
from qdrant_client.http import models

from catalog.embedded.refusals import bad_request, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class VectorSizes:
    """What a collection stores: each dense vector's size, which are sparse, and of which a point has several."""

    dense: Mapping[str, int]
    sparse: frozenset[str]
    several: frozenset[str] = frozenset()

    def checked(self, given: object) -> dict[str, edge.NamedVector]:
        """Convert the named vectors of one point; raise UnexpectedResponse 400/422 unless all fit and are finite."""
        if not isinstance(given, dict):
            raise bad_request("Not existing vector name error: ")
        return {name: self._named(name, vector) for name, vector in given.items()}

    def _named(self, name: str, given: object) -> edge.NamedVector:
        if isinstance(given, models.SparseVector):
            if name not in self.sparse:
                raise self._wrong_kind(name)
            return finite_sparse(given)
        size = self.dense.get(name)
        if size is None:
            raise self._wrong_kind(name)
        if name in self.several:
            return [_sized(one, size) for one in _rows(given)]
        return _sized(given, size)

    def _wrong_kind(self, name: str) -> Exception:
        if name in self.dense or name in self.sparse:
            return bad_request(f"Wrong usage of sparse and dense vectors: {name}")
        return bad_request(f"Not existing vector name error: {name}")


def _sized(given: object, size: int) -> list[float]:
    vector = finite_dense(given)
    if len(vector) != size:
        raise bad_request(f"Vector dimension error: expected dim: {size}, got {len(vector)}")
    return vector


def _rows(given: object) -> Sequence[object]:
    """Return several vectors one by one; a single one counts as the only one, as a server has it."""
    rows = given.tolist() if isinstance(given, np.ndarray) else given
    if not isinstance(rows, list):
        raise NotImplementedError(f"the embedded engine stores no vectors of type {type(given).__name__}")
    if not rows:
        raise bad_request("Wrong input: a multivector must have at least one vector")
    return rows if isinstance(rows[0], list) else [rows]


def finite_dense(given: object) -> list[float]:
    """Return a dense vector as a list; raise UnexpectedResponse 400 unless its length is finite in 32 bits."""
    # Edge reads a list twice as fast as an array, whose elements it would have to box one by one.
    if isinstance(given, np.ndarray):
        vector = cast("list[float]", given.tolist())
    elif isinstance(given, list):
        vector = given
    else:
        raise NotImplementedError(f"the embedded engine stores no vector of type {type(given).__name__}")
    _require_finite(vector)
    return vector


def finite_sparse(given: models.SparseVector) -> edge.SparseVector:
    """Return a sparse vector; raise UnexpectedResponse 422 if uneven or with repeated indices, 400 unless finite."""
    if len(given.indices) != len(given.values):
        reason = "Validation error: [values: must be the same length as indices]"
        raise refusal(HTTPStatus.UNPROCESSABLE_ENTITY, reason)
    if len(set(given.indices)) != len(given.indices):
        raise refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "Validation error: [indices: must be unique]")
    _require_finite(given.values)
    return edge.SparseVector(given.indices, given.values)


def _require_finite(vector: list[float]) -> None:
    # One call in C: the Euclidean length is NaN or inf as soon as one element is.
    try:
        length = math.hypot(*vector)
    except TypeError as error:
        raise NotImplementedError("the embedded engine stores one vector a name, a flat list of numbers") from error
    if not length <= _LARGEST_FLOAT32:
        raise bad_request("a vector holds NaN or infinity; send finite numbers only")
