"""What is read of points, and what becomes of it: products for the page, vectors for likeness.

An engine's point is taken apart here and in `search/rows.py`; asking for it is the retriever's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from catalog.points import WHOLE_PRODUCT, field_path, product_of
from catalog.product import ATTRIBUTES, FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qdrant_client.models import Record, ScoredPoint

    from catalog.vectors import SparseVector
    from encoders.interface import FloatArray

_TOLD: Final = ("id", *(name for name in FIELDS if name != ATTRIBUTES), ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class Part:
    """What to read of which points: the payload at `paths` (None: all of it), and the dense vectors if wanted.

    With `words`, those points alone that have one of them, each with what they score it by in the lexical arm.
    """

    point_ids: Sequence[str]
    paths: Sequence[str] | None = None
    vectors: bool = False
    words: SparseVector | None = None


@dataclass(frozen=True, slots=True)
class Sampled:
    """A product as it is stored, and the dense vectors that it has, by arm."""

    product: dict[str, Any]
    vectors: dict[str, FloatArray]


def products_part(point_ids: Sequence[str], fields: Sequence[str] | None) -> Part:
    """Return what to read for the products of these points, or for only `fields` of them."""
    return Part(point_ids, product_paths(fields))


def product_paths(fields: Sequence[str] | None) -> Sequence[str]:
    """Return where a product lies in a payload, or only `fields` of it and its id."""
    return WHOLE_PRODUCT if fields is None else [field_path(name) for name in {"id", *fields}]


def products_in(points: Mapping[str, ScoredPoint]) -> dict[str, dict[str, Any]]:
    """Return the product (or what was read of it) of each point, by the same ids."""
    return {point_id: product_of(point.payload) for point_id, point in points.items() if point.payload}


def in_order(product: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a product in the one order that every route tells them in."""
    return {name: product[name] for name in _TOLD if name in product}


def samples_in(records: Iterable[Record]) -> list[Sampled]:
    """Return each record as a product and its vectors."""
    return [Sampled(product_of(record.payload), dense_vectors(record)) for record in records if record.payload]


def all_vectors(point: Record | ScoredPoint) -> dict[str, FloatArray]:
    """Return the dense vectors of a point that was read with them, by arm, (n, size): one for each picture."""
    named = point.vector.items() if isinstance(point.vector, dict) else ()
    return {
        arm: np.atleast_2d(np.asarray(vector, dtype=np.float32)) for arm, vector in named if isinstance(vector, list)
    }


def dense_vectors(point: Record | ScoredPoint) -> dict[str, FloatArray]:
    """Return one dense vector a point, by arm, (size,): of several the mean, at unit length."""
    return {arm: _mean(vectors) for arm, vectors in all_vectors(point).items()}


def _mean(vectors: FloatArray) -> FloatArray:
    mean: FloatArray = vectors.mean(axis=0)
    return mean if len(vectors) == 1 else mean / np.float32(max(float(np.linalg.norm(mean)), 1e-12))
