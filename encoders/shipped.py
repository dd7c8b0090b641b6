"""The shipped pair: MiniLM in int8 for text, and a small picture tower trained to share a space with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from encoders import minilm
from encoders.bundled import PICTURE_SIDE, load_picture_tower
from encoders.interface import NOTHING, PICTURE_QUERY, PRODUCT_QUERY, TEXT_QUERY, Description, Unrelated, checked
from encoders.names import VITRINE_PICTURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from encoders.bundled import PictureTower
    from encoders.interface import FloatArray, Picture, TextEncoder
    from encoders.minilm import MiniLmEncoder

# What unrelated pairs score on the demo catalogue, as `vitrine search calibrate --data DIR --json` prints it.
TEXT_UNRELATED: Final[Mapping[str, Unrelated]] = {
    TEXT_QUERY: Unrelated(mean=0.254, deviation=0.110, threshold=0.346),
    PRODUCT_QUERY: Unrelated(mean=0.338, deviation=0.108, threshold=0.424),
}
PICTURE_UNRELATED: Final[Mapping[str, Unrelated]] = {
    TEXT_QUERY: Unrelated(mean=0.510, deviation=0.076, threshold=0.647),
    PICTURE_QUERY: Unrelated(mean=0.587, deviation=0.075, threshold=0.560),
    PRODUCT_QUERY: Unrelated(mean=0.587, deviation=0.075, threshold=0.649),
    NOTHING: Unrelated(mean=0.737, deviation=0.043, threshold=0.867),
}


class TowerEncoder:
    """A picture tower and the text encoder that it is aligned to; a `PictureEncoder`."""

    def __init__(self, tower: PictureTower, text: TextEncoder, description: Description) -> None:
        self._tower = tower
        self._description = description
        self._text_tower = AdaptedTextEncoder(tower, text, description)

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return self._description

    @property
    def text_tower(self) -> TextEncoder:
        """The text encoder, mapped into the space of the pictures."""
        return self._text_tower

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return one vector per picture."""
        return checked(self._tower.encode(pictures), self._description, len(pictures))


class AdaptedTextEncoder:
    """A text encoder followed by the tower's map into the space of the pictures, which `description` is of."""

    def __init__(self, tower: PictureTower, text: TextEncoder, description: Description) -> None:
        self._tower = tower
        self._text = text
        self._description = description

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return self._description

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, comparable with pictures."""
        return checked(self._tower.adapt_text(self._text.encode_queries(texts)), self._description, len(texts))

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, comparable with pictures."""
        return checked(self._tower.adapt_text(self._text.encode_documents(texts)), self._description, len(texts))


def load_minilm(*, device: str) -> MiniLmEncoder:
    """Load all-MiniLM-L6-v2 in int8 from the package that carries its weights; needs no network."""
    return minilm.load_minilm(device=device, unrelated=TEXT_UNRELATED).in_int8()


def load_shipped_pictures(text: TextEncoder, *, device: str) -> TowerEncoder:
    """Load the bundled picture tower; `text` must be MiniLM, the encoder it was aligned to."""
    return shipped_pictures(load_picture_tower(device=device), text)


def shipped_pictures(tower: PictureTower, text: TextEncoder) -> TowerEncoder:
    """Return the shipped picture encoder of a loaded tower."""
    description = Description(
        name=VITRINE_PICTURES,
        revision=tower.revision,
        size=tower.dimension,
        languages=text.description.languages,
        licence="Apache-2.0",
        picture_side_px=PICTURE_SIDE,
        unrelated=PICTURE_UNRELATED,
    )
    return TowerEncoder(tower, text, description)
