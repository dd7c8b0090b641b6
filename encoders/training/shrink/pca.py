"""Shorter vectors: the directions in which a catalogue differs most, or simply the first numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from encoders.interface import FloatArray


def principal_directions(vectors: FloatArray, size: int) -> FloatArray:
    """Return the `size` orthonormal directions that keep most of `vectors` (n, d), as (d, size), the strongest first.

    Neither centred nor whitened: inner products are to stay what they are, as well as they can. Raises
    `Misconfigured` where they have fewer numbers than directions wanted.
    """
    if size > vectors.shape[1]:
        raise Misconfigured(f"vectors of {vectors.shape[1]} numbers have no {size} directions: ask for fewer")
    products = vectors.T.astype(np.float64) @ vectors
    _, directions = np.linalg.eigh(products)  # ascending
    strongest: FloatArray = directions[:, ::-1][:, :size].astype(np.float32)
    return np.ascontiguousarray(strongest)


def project(vectors: FloatArray, directions: FloatArray) -> FloatArray:
    """(n, d) → (n, size), L2-normalised."""
    return normalised(vectors @ directions)


def truncate(vectors: FloatArray, size: int) -> FloatArray:
    """The first `size` numbers of each, L2-normalised: what a model trained as a Matryoshka doll would allow."""
    return normalised(vectors[:, :size])


def normalised(vectors: FloatArray) -> FloatArray:
    """Each vector at length 1; one without direction stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatArray = (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    return unit
