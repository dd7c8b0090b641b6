"""What learns in a training: what ships of it, and what is thrown away at its end."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
from torch import nn

from encoders.bundled.network import PictureNetwork, TextAdapter
from encoders.bundled.weights import read_weights
from encoders.training.checkpoint import read_checkpoint
from encoders.training.losses import Heads
from encoders.training.phrases import ATTRIBUTES
from encoders.training.pretrained import SHAPES, start_from_imagenet

if TYPE_CHECKING:
    from encoders.training.data import Dataset
    from encoders.training.settings import Settings

HEADS: Final = ("kind", "colour", "gender", "family")
FIRST_SCALE: Final = 1 / 0.07
TRAINED_SCALE: Final = 60.0  # about where a training has brought both; weights do not say
WEIGHTS_ONLY: Final = ".safetensors"


class Student(nn.Module):
    """Everything that learns: the network and the adapter, which ship, and the heads and temperatures, which do not.

    What sees edges and colours keeps its ImageNet weights: a third faster, and it knows more pictures than ours.
    """

    def __init__(self, dataset: Dataset, settings: Settings) -> None:
        super().__init__()
        shape = SHAPES[settings.shape]
        self.network = PictureNetwork(shape)
        self.kept: tuple[nn.Module, ...] = ()
        if settings.start != "scratch":
            start_from_imagenet(self.network, settings.shape)
            self.kept = (self.network.stem, *list(self.network.blocks)[: settings.kept_blocks])
        for module in self.kept:
            module.requires_grad_(requires_grad=False)
        self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.adapter = TextAdapter()
        self.heads = Heads(shape.features, {name: len(dataset.bank.values[ATTRIBUTES.index(name)]) for name in HEADS})
        self.scales = nn.Parameter(torch.full((2,), math.log(FIRST_SCALE)))  # for titles and for phrases
        if settings.start not in {"imagenet", "scratch"}:
            self.start_from(Path(settings.start))

    def start_from(self, path: Path) -> None:
        """Start where another run's checkpoint stands, or with its weights alone and new heads.

        Raises `Misconfigured` where the file is neither, or holds another network's weights.
        """
        if path.suffix == WEIGHTS_ONLY:
            weights = read_weights(path)
            self.network.load_state_dict(weights.network.state_dict())
            self.adapter.load_state_dict(weights.adapter.state_dict())
            nn.init.constant_(self.scales, math.log(TRAINED_SCALE))
        else:
            self.load_state_dict(read_checkpoint(path)["student"])

    def train(self, mode: bool = True) -> Student:  # noqa: FBT001, FBT002 - torch's own signature
        """As torch has it, but what is kept keeps its norms' statistics too."""
        super().train(mode)
        for module in self.kept:
            module.eval()
        return self
