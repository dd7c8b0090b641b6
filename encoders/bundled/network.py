"""The architecture of the shipped picture encoder, so that training and serving build the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

TEXT_DIMENSION: Final = 384  # all-MiniLM-L6-v2


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """How wide and deep the picture network is: `widths` are channels and `depths` blocks of each stage."""

    stem: int = 32
    widths: tuple[int, ...] = (32, 64, 160, 320)
    depths: tuple[int, ...] = (1, 1, 2, 1)
    features: int = 512
    dimension: int = TEXT_DIMENSION


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut; where it halves the picture, the shortcut averages 2x2 patches."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm: nn.Module = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm: nn.Module = nn.BatchNorm2d(outputs)
        shortcut: list[nn.Module] = []
        if stride > 1:
            shortcut.append(nn.AvgPool2d(stride, ceil_mode=True))
        if inputs != outputs:
            shortcut += [nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, inputs, h, w) → (n, outputs, ⌈h/stride⌉, ⌈w/stride⌉)."""
        inner = functional.relu(self.first_norm(self.first(pictures)), inplace=True)
        inner = self.second_norm(self.second(inner))
        return functional.relu(inner + self.shortcut(pictures), inplace=True)


class PictureNetwork(nn.Module):
    """RGB pictures to vectors in picture space: a strided stem, four residual stages, one pooled feature vector."""

    def __init__(self, shape: NetworkShape | None = None) -> None:
        super().__init__()
        shape = shape or NetworkShape()
        self.stem = nn.Conv2d(3, shape.stem, 3, 2, 1, bias=False)
        self.stem_norm: nn.Module = nn.BatchNorm2d(shape.stem)
        blocks: list[nn.Module] = []
        inputs = shape.stem
        for stage, (width, depth) in enumerate(zip(shape.widths, shape.depths, strict=True)):
            for place in range(depth):
                blocks.append(ResidualBlock(inputs, width, 2 if place == 0 and stage > 0 else 1))
                inputs = width
        self.stages = nn.Sequential(*blocks)
        self.expand = nn.Conv2d(inputs, shape.features, 1, bias=False)
        self.expand_norm: nn.Module = nn.BatchNorm2d(shape.features)
        self.project = nn.Linear(shape.features, shape.dimension)

    def features(self, pictures: Tensor) -> Tensor:
        """(n, 3, side, side), normalised RGB → (n, features): what the auxiliary heads of the training read."""
        hidden = functional.relu(self.stem_norm(self.stem(pictures)), inplace=True)
        hidden = self.stages(hidden)
        hidden = functional.relu(self.expand_norm(self.expand(hidden)), inplace=True)
        return hidden.mean((2, 3))

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, 3, side, side), normalised RGB → (n, dimension), L2-normalised."""
        return functional.normalize(self.project(self.features(pictures)), dim=1)


class TextAdapter(nn.Module):
    """The linear map that takes MiniLM vectors to picture space; it starts as the identity."""

    def __init__(self, dimension: int = TEXT_DIMENSION) -> None:
        super().__init__()
        self.linear = nn.Linear(dimension, dimension)
        with torch.no_grad():
            self.linear.weight.copy_(torch.eye(dimension))
            self.linear.bias.zero_()

    def forward(self, vectors: Tensor) -> Tensor:
        """(n, dimension) → (n, dimension), L2-normalised."""
        return functional.normalize(self.linear(vectors), dim=1)
