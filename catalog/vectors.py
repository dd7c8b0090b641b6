"""What a collection holds for each product: the declared vectors, and the fingerprint that names them."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT: Final = "text"
IMAGE: Final = "image"
LEXICAL: Final = "lexical"
DENSE_ARMS: Final = (TEXT, IMAGE)
ARMS: Final = (*DENSE_ARMS, LEXICAL)
ARM_WEIGHTS: Final[Mapping[str, float]] = {TEXT: 0.6, IMAGE: 0.6, LEXICAL: 1.0}
"""What each counts for where a request says nothing else, measured: docs/relevance.md."""

FINGERPRINT: Final = re.compile(r"[0-9a-f]{12}")

LAYOUT: Final = 4
"""The version of the payload's layout; raising it makes a new collection, as new encoders do."""


@dataclass(frozen=True, slots=True)
class DenseSpec:
    """A named dense vector, compared by cosine: which encoder makes it and how many numbers it has.

    With `several` a product has one for each of its pictures, and is as near as the nearest of them.
    """

    name: str
    size: int
    encoder: str
    revision: str
    several: bool = False


@dataclass(frozen=True, slots=True)
class LexicalSpec:
    """The BM25 vector. `average_length` (tokens) is baked into every stored weight, so it is part of the identity."""

    average_length: float
    name: str = LEXICAL
    tokenizer: str = "multilingual"
    k: float = 1.2
    b: float = 0.75


@dataclass(frozen=True, slots=True)
class VectorSpecs:
    """All the vectors of one collection."""

    text: DenseSpec
    image: DenseSpec
    lexical: LexicalSpec

    @property
    def dense(self) -> tuple[DenseSpec, DenseSpec]:
        """The dense vectors, in arm order."""
        return self.text, self.image

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that differ whenever stored vectors would: other encoders, sizes, settings or layout."""
        return self.fingerprint_in(LAYOUT)

    def fingerprint_in(self, layout: int) -> str:
        """Return what the fingerprint is in a layout: that of an earlier one is in the names of its collections."""
        canonical = json.dumps(asdict(self) | {"layout": layout}, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Word weights: `values[i]` belongs to the word number `indices[i]`."""

    indices: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.indices)
