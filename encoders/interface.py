"""What every encoder is to the rest of the house: a frozen description and at most two ways to encode.

All vectors are float32, L2-normalised, finite, of shape (n, size), in the order of the input.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from catalog.errors import InvalidInput
from catalog.vectors import IMAGE, LEXICAL, TEXT, DenseSpec, LexicalSpec, VectorSpecs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from catalog.vectors import SparseVector

FloatArray: TypeAlias = NDArray[np.float32]
Picture: TypeAlias = NDArray[np.uint8]
"""An RGB picture of shape (height, width, 3)."""


@dataclass(frozen=True, slots=True)
class Description:
    """What one encoder is. `revision` is a digest of weights and preprocessing: equal revision, equal vectors."""

    name: str
    revision: str
    size: int
    languages: tuple[str, ...] = ()
    licence: str = "unknown"


@dataclass(frozen=True, slots=True)
class Unrelated:
    """What pairs that have nothing to do with each other score: the zero and the unit of an arm's scale."""

    mean: float
    deviation: float

    def normalise(self, score: float) -> float:
        """Return a score in deviations above the unrelated, never below 0."""
        return max(0.0, (score - self.mean) / self.deviation)


class TextEncoder(Protocol):
    """Text to vectors. Calls are CPU-bound and block; they may come from any one thread at a time."""

    @property
    def description(self) -> Description:
        """What this encoder is."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text as somebody searches with it. Texts beyond the model's length are cut."""
        ...

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text as it is indexed. Texts beyond the model's length are cut."""
        ...


class PictureEncoder(Protocol):
    """Pictures to vectors. Calls are CPU-bound and block; they may come from any one thread at a time."""

    @property
    def description(self) -> Description:
        """What this encoder is."""
        ...

    @property
    def text_tower(self) -> TextEncoder | None:
        """The encoder of text into the same space, None where pictures are all it knows."""
        ...

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return one vector per picture, of whatever size and shape they are."""
        ...


class LexicalEncoder(Protocol):
    """Text to sparse vectors of word weights."""

    @property
    def spec(self) -> LexicalSpec:
        """What the weights depend on."""
        ...

    def encode_document(self, text: str) -> SparseVector:
        """Return the weights of a text's words; empty where it has none."""
        ...

    def encode_query(self, text: str) -> SparseVector:
        """Return the words of a query; empty where it has none."""
        ...


PICTURE_QUERY: Final = "picture"
TEXT_QUERY: Final = "text"
PRODUCT_QUERY: Final = "product"
_UNKNOWN_SCALE: Final = Unrelated(mean=0.0, deviation=0.1)


@dataclass(frozen=True, slots=True)
class Encoders:
    """The encoders of one collection. `unrelated` maps (kind of query, arm) to the scale of that arm's scores."""

    text: TextEncoder
    picture: PictureEncoder
    lexical: LexicalEncoder
    unrelated: Mapping[tuple[str, str], Unrelated] = field(default_factory=dict)

    @property
    def specs(self) -> VectorSpecs:
        """What a collection of these encoders holds."""
        return VectorSpecs(
            text=_dense_spec(TEXT, self.text.description),
            image=_dense_spec(IMAGE, self.picture.description),
            lexical=self.lexical.spec,
        )

    def scale(self, query_kind: str, arm: str) -> Unrelated:
        """Return the scale on which an arm's scores are read for a kind of query."""
        return self.unrelated.get((query_kind, arm), _UNKNOWN_SCALE)


LEXICAL_SCALE: Final = {(TEXT_QUERY, LEXICAL): Unrelated(mean=0.0, deviation=3.0)}
"""BM25 is 0 where no word is shared; 3 is about one rare word, so that a full match weighs as a good dense one."""


def checked(vectors: FloatArray, name: str) -> FloatArray:
    """Return the vectors; raises `InvalidInput` if one is not finite: an engine would store it and rank it first."""
    if not np.isfinite(vectors).all():
        raise InvalidInput(f"the encoder {name} made a vector that is not finite; its weights or the input are broken")
    return vectors


def _dense_spec(arm: str, description: Description) -> DenseSpec:
    return DenseSpec(name=arm, size=description.size, encoder=description.name, revision=description.revision)
