"""The shipped picture tower, or a folder made of it, as a pupil: network and text adapter learn, MiniLM does not."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from sentence_transformers import SentenceTransformer, SentenceTransformerModelCardData
from sentence_transformers.base.modules import InputModule
from torch import nn

from encoders.bundled.network import PictureNetwork, TextAdapter
from encoders.bundled.preprocess import PICTURE_SIDE, normalise
from encoders.bundled.tower import PictureTower
from encoders.bundled.weights import Weights
from encoders.bundled_folder import TowerFolder, as_unrelated, load_tower_folder, write_tower_folder
from encoders.shipped import TowerEncoder
from encoders.training.augment import augment
from encoders.training.shop.pupil import Arms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Generator, Tensor

    from encoders.interface import Description, TextEncoder, Unrelated
    from encoders.training.shop.data import ShopData

RATE: Final = 5e-4
KEPT_BLOCKS: Final = 3
"""The stem and so many blocks are left as they are: they see edges and colours, which a shop has no others of."""
WHITE_GOODS: Final = frozenset({"", "white", "off white", "cream", "silver", "steel", "multi"})
"""Colours, or none, with which white pixels may be the goods: their background is left alone."""
PIXELS: Final = "pixel_values"
VECTOR: Final = "sentence_embedding"


class TowerModule(InputModule):
    """Network and adapter as the one module of a sentence-transformers model."""

    def __init__(self, network: PictureNetwork, adapter: TextAdapter) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.network = network
        self.adapter = adapter
        for module in (network.stem, *list(network.blocks)[:KEPT_BLOCKS]):
            module.requires_grad_(requires_grad=False)

    def forward(self, features: dict[str, Any], **_: object) -> dict[str, Any]:
        """Pictures (n, 3, side, side), normalised, or MiniLM vectors (n, 384) → vectors in picture space."""
        found = self.network(features[PIXELS]) if PIXELS in features else self.adapter(features[VECTOR])
        return features | {VECTOR: found}

    def train(self, mode: bool = True) -> TowerModule:  # noqa: FBT001, FBT002 - torch's own signature
        """As torch has it, but norms keep the statistics of millions of pictures rather than learn those of a batch."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def save(self, output_path: str, *_: object, safe_serialization: bool = True, **__: object) -> None:
        """Write a checkpoint, in float32."""
        self.save_torch_weights(output_path, safe_serialization=safe_serialization)

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **_: object) -> TowerModule:  # type: ignore[override]
        """Read a checkpoint back."""
        module = cls(PictureNetwork(), TextAdapter())
        cls.load_torch_weights(model_name_or_path, subfolder=subfolder, model=module)
        return module


@dataclass(frozen=True, slots=True)
class TowerReader:
    """A shop's pixels, changed by chance as they are read, and the vectors that MiniLM has for its words."""

    pixels: NDArray[np.uint8]
    coloured: NDArray[np.bool_]
    words: Mapping[str, NDArray[np.float32]]

    def read_rows(self, rows: NDArray[np.int64], random: Generator) -> dict[str, Tensor]:
        """Return augmented pictures, (rows, 3, side, side)."""
        pixels, coloured = torch.from_numpy(self.pixels[rows]), torch.from_numpy(self.coloured[rows])
        return {PIXELS: normalise(augment(pixels, PICTURE_SIDE, coloured, random))}

    def read_words(self, words: Sequence[str]) -> dict[str, Tensor]:
        """Return MiniLM's vectors, (words, 384)."""
        return {VECTOR: torch.from_numpy(np.stack([self.words[word] for word in words]))}


class TowerPupil:
    """A picture tower that is being trained on; a `Pupil`."""

    reads_pictures = True
    rate = RATE

    def __init__(self, weights: Weights, base: Description, text: TextEncoder, device: str) -> None:
        self.base = base
        self._text = text
        self._device = device
        self._module = TowerModule(weights.network, weights.adapter)
        card = SentenceTransformerModelCardData(local_files_only=True, generate_widget_examples=False)
        self.model = SentenceTransformer(modules=[self._module], device=device, model_card_data=card)

    def reader(self, data: ShopData) -> TowerReader:
        """Encode the words of all labels, once: MiniLM does not learn."""
        words = list(dict.fromkeys(word for labels in data.labels for word in labels.words))
        vectors = self._text.encode_queries(words)
        coloured = [row.item.colour.casefold() not in WHITE_GOODS for row in data.rows]
        return TowerReader(data.pixels, np.array(coloured), dict(zip(words, vectors, strict=True)))

    def arms(self) -> Arms:
        """Return a copy of what there is now, as it would serve."""
        copies = deepcopy(self._module).cpu().eval()
        tower = PictureTower(Weights(copies.network, copies.adapter, self.base.revision), self._device)
        encoder = TowerEncoder(tower, self._text, self.base)
        return Arms(encoder.text_tower, encoder)

    def write(self, folder: Path, name: str, unrelated: Mapping[str, Unrelated]) -> None:
        """Write weights.safetensors in float16 and what goes with it."""
        text = self._text.description
        about = TowerFolder(name, text.name, text.revision, self.base.licence, as_unrelated(unrelated))
        write_tower_folder(folder, self._module.network, self._module.adapter, about)

    def read_back(self, folder: Path) -> Arms:
        """Return what `write` wrote, loaded as the service does."""
        encoder = load_tower_folder(folder, self._text, device=self._device)
        return Arms(encoder.text_tower, encoder)
