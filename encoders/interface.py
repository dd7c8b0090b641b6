"""What every encoder is to the rest of the house: a frozen description and at most two ways to encode.

All vectors are float32, L2-normalised, finite, of shape (n, size), in the order of the input: `checked` sees to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from catalog.errors import InvalidInput, InvalidPicture, Misconfigured
from catalog.vectors import IMAGE, LEXICAL, TEXT, DenseSpec, LexicalSpec, VectorSpecs
from encoders.pictures.sides import needed_side_px

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from catalog.vectors import SparseVector

FloatArray: TypeAlias = NDArray[np.float32]
Picture: TypeAlias = NDArray[np.uint8]
"""An RGB picture of shape (height, width, 3)."""

TEXT_QUERY: Final = "text"
PICTURE_QUERY: Final = "picture"
PRODUCT_QUERY: Final = "product"
NOTHING: Final = "nothing"
"""A picture that shows nothing: what products score here tells it from one that somebody searches with."""

NEAR_DEVIATIONS: Final = 3.0
"""Where nobody measured from which score on a product is near, it is this far above the unrelated."""


@dataclass(frozen=True, slots=True)
class Unrelated:
    """What pairs that have nothing to do with each other score: the zero and the unit of an arm's scale.

    A product that scores more than `threshold` is near what was asked for; up to it, it is only the nearest there is.
    """

    mean: float
    deviation: float
    threshold: float = math.nan

    def __post_init__(self) -> None:
        if math.isnan(self.threshold):
            object.__setattr__(self, "threshold", self.mean + NEAR_DEVIATIONS * self.deviation)

    def normalise(self, score: float) -> float:
        """Return a score in deviations above the unrelated, never below 0."""
        return max(0.0, (score - self.mean) / self.deviation)


@dataclass(frozen=True, slots=True)
class Description:
    """What one encoder is. `revision` is a digest of weights and preprocessing: equal revision, equal vectors.

    `size` is the length of a vector. The prompts are what the encoder itself puts before a text. `picture_side_px` is
    the side of the picture its network sees, None where it reads none. `unrelated` is the calibration: what unrelated
    pairs score for each kind of query → vector of this encoder; it is empty where nobody measured it.
    """

    name: str
    revision: str
    size: int
    distance: Literal["cosine"] = "cosine"
    languages: tuple[str, ...] = ()
    licence: str = "unknown"
    query_prompt: str = ""
    document_prompt: str = ""
    picture_side_px: int | None = None
    unrelated: Mapping[str, Unrelated] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "unrelated", MappingProxyType(dict(self.unrelated)))

    @property
    def needed_side_px(self) -> int:
        """How large a picture must be decoded for it, at ingest as at search."""
        return needed_side_px(self.picture_side_px)


class TextEncoder(Protocol):
    """Text to vectors. Calls are CPU-bound and block; they may come from any one thread at a time."""

    @property
    def description(self) -> Description:
        """What this encoder is."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text as somebody searches with it. Texts beyond the model's length are cut.

        Raises `InvalidInput` for a text of which the model makes no finite vector.
        """
        ...

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text as it is indexed; likewise."""
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
        """Return one vector per picture, of whatever size and shape they are.

        Raises `InvalidInput` for an array that is no picture, or of which the model makes no finite vector. The whole
        call fails; whoever wants the others asks for them without it.
        """
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


_PICTURE_AXES: Final = 3
_CHANNELS: Final = 3
_UNKNOWN_SCALE: Final = Unrelated(mean=0.0, deviation=0.1)
_NEVER_NOTHING: Final = Unrelated(mean=1.0, deviation=0.1, threshold=2.0)
"""Above every cosine: until it is measured, no picture counts as one that shows nothing."""
_LEXICAL_SCALE: Final = Unrelated(mean=0.0, deviation=1.5, threshold=0.0)
"""BM25 is 0 where no word is shared; the unit is about a tenth of what a product scores by words out of its title.
How many of a query's words are enough lies in the query: see `search.encoding.nearness`."""


@dataclass(frozen=True, slots=True)
class Encoders:
    """The encoders of one collection.

    `unrelated` maps (kind of query, arm) to what was measured on one catalogue; it goes before the descriptions.
    """

    text: TextEncoder
    picture: PictureEncoder
    lexical: LexicalEncoder
    unrelated: Mapping[tuple[str, str], Unrelated] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "unrelated", MappingProxyType(dict(self.unrelated)))

    @property
    def specs(self) -> VectorSpecs:
        """What a collection of these encoders holds."""
        return VectorSpecs(
            text=_dense_spec(TEXT, self.text.description),
            image=replace(_dense_spec(IMAGE, self.picture.description), several=True),
            lexical=self.lexical.spec,
        )

    def with_calibration(self, unrelated: Mapping[tuple[str, str], Unrelated]) -> Encoders:
        """Return the same encoders on the scales of a catalogue; where it has none, the descriptions' hold."""
        return replace(self, unrelated=unrelated)

    def scale(self, query_kind: str, arm: str) -> Unrelated:
        """Return the scale on which an arm's scores are read for a kind of query."""
        measured = self.unrelated.get((query_kind, arm))
        if measured is not None:
            return measured
        if arm == LEXICAL:
            return _LEXICAL_SCALE
        encoder = self.text if arm == TEXT else self.picture
        unknown = _NEVER_NOTHING if query_kind == NOTHING else _UNKNOWN_SCALE
        return encoder.description.unrelated.get(query_kind, unknown)


def checked(vectors: ArrayLike, description: Description, count: int) -> FloatArray:
    """Return an encoder's output as everyone may expect it: float32 of shape (count, size), each of length 1.

    Raises `InvalidInput` for a vector that is not finite or has no direction (an engine would store it and rank it
    first), `Misconfigured` where the encoder makes vectors of another size or number than it says.
    """
    found = np.asarray(vectors, dtype=np.float32)
    if count == 0:
        return np.zeros((0, description.size), dtype=np.float32)
    if found.shape != (count, description.size):
        raise Misconfigured(
            f"the encoder {description.name} made vectors of shape {found.shape} for {count} inputs, but says that "
            f"they have {description.size} numbers: its folder is incomplete or mixed up; get it anew"
        )
    lengths = np.sqrt(np.einsum("nd,nd->n", found, found, dtype=np.float64))
    broken = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(broken):
        raise InvalidInput(
            f"the encoder {description.name} made no finite vector of input {broken[0]}; its weights or the input are "
            "broken"
        )
    unit: FloatArray = (found / lengths[:, None]).astype(np.float32)
    return unit


def check_pictures(pictures: Sequence[Picture]) -> None:
    """Raise `InvalidPicture`, which names the place in the batch, for an array that is no RGB picture."""
    for number, picture in enumerate(pictures):
        shape, kind = picture.shape, picture.dtype
        if len(shape) != _PICTURE_AXES or shape[2] != _CHANNELS or kind != np.uint8 or 0 in shape:
            raise InvalidPicture(
                f"expected (height, width, 3) uint8 RGB, got {shape} {kind}", field=f"pictures[{number}]"
            )


def readable(text: str) -> str:
    """Return a text that every tokeniser takes: half a surrogate pair becomes the replacement character."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _dense_spec(arm: str, description: Description) -> DenseSpec:
    return DenseSpec(name=arm, size=description.size, encoder=description.name, revision=description.revision)
