"""A sentence-transformers model as a pupil: CLIP and SigLIP learn from pictures, text models from titles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch

from encoders.pictures.decode import to_pillow
from encoders.training.shop.pupil import Arms
from encoders.transformer import TransformerEncoder, load_transformer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer
    from torch import Generator

    from encoders.interface import Description, Unrelated
    from encoders.training.shop.data import ShopData

RATE: Final = 2e-5
FAIR_COIN: Final = 0.5


@dataclass(frozen=True, slots=True)
class PictureReader:
    """Decodes pictures as they are drawn, half of them mirrored; the model's own preprocessing does the rest."""

    model: SentenceTransformer
    about: Description
    data: ShopData

    def read_rows(self, rows: NDArray[np.int64], random: Generator) -> dict[str, Any]:
        """Return the features of these rows' pictures."""
        mirrored = torch.rand(len(rows), generator=random) < FAIR_COIN
        pictures = [self.data.picture(number) for number in rows.tolist()]
        turned = [
            picture[:, ::-1] if mirror else picture for picture, mirror in zip(pictures, mirrored.tolist(), strict=True)
        ]
        return self.model.preprocess([to_pillow(picture) for picture in turned])

    def read_words(self, words: Sequence[str]) -> dict[str, Any]:
        """Return the features of these words, read as queries."""
        return self.model.preprocess(list(words), prompt=self.about.query_prompt or None)


@dataclass(frozen=True, slots=True)
class TitleReader:
    """Reads a shop's titles as documents."""

    model: SentenceTransformer
    about: Description
    data: ShopData

    def read_rows(self, rows: NDArray[np.int64], _: Generator) -> dict[str, Any]:
        """Return the features of these rows' titles."""
        titles = [self.data.rows[number].item.title for number in rows.tolist()]
        return self.model.preprocess(titles, prompt=self.about.document_prompt or None)

    def read_words(self, words: Sequence[str]) -> dict[str, Any]:
        """Return the features of these words, read as queries."""
        return self.model.preprocess(list(words), prompt=self.about.query_prompt or None)


class SentencePupil:
    """A model of the hub or of a folder that is being trained on; a `Pupil`."""

    rate = RATE

    def __init__(self, name: str, folder: Path, device: str) -> None:
        self._encoder = load_transformer(name, folder, device=device)
        self._device = device
        self.model.model_card_data.local_files_only = True
        self.model.model_card_data.generate_widget_examples = False

    @property
    def base(self) -> Description:
        """What it started from."""
        return self._encoder.description

    @property
    def model(self) -> SentenceTransformer:
        """What the trainer trains, in place."""
        return self._encoder.model

    @property
    def reads_pictures(self) -> bool:
        """Whether it learns from pictures; otherwise from titles."""
        return self._encoder.reads_pictures

    def reader(self, data: ShopData) -> PictureReader | TitleReader:
        """Return how it reads the shop's rows and words."""
        kind = PictureReader if self.reads_pictures else TitleReader
        return kind(self.model, self.base, data)

    def arms(self) -> Arms:
        """Return the model as it is now; it is the one that goes on learning."""
        return _arms(self._encoder)

    def write(self, folder: Path, name: str, unrelated: Mapping[str, Unrelated]) -> None:
        """Write the model's folder; it has no place for the calibration, which `vitrine search calibrate` makes."""
        del name, unrelated
        self.model.save_pretrained(str(folder), create_model_card=False)

    def read_back(self, folder: Path) -> Arms:
        """Return what `write` wrote, loaded as the service does."""
        return _arms(load_transformer(str(folder), folder, device=self._device))


def _arms(encoder: TransformerEncoder) -> Arms:
    return Arms(encoder if encoder.reads_text else None, encoder if encoder.reads_pictures else None)
