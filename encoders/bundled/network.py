"""The architecture of the shipped picture encoder, so that training and serving build the same one.

The body is EfficientNet-Lite0 (Google, 2020; Tan and Le, "EfficientNet", ICML 2019): inverted residual blocks without
squeeze-and-excitation, padded as TensorFlow does it, so that its published ImageNet weights fit as a start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

TEXT_DIMENSION: Final = 384  # all-MiniLM-L6-v2
_NORM_EPSILON: Final = 1e-3  # what the ImageNet weights were trained with


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of one width: the first has the stride, each expands its input `expansion` times inside."""

    width: int
    blocks: int
    kernel: int
    stride: int
    expansion: int = 6


LITE0: Final = (
    Stage(16, 1, kernel=3, stride=1, expansion=1),
    Stage(24, 2, kernel=3, stride=2),
    Stage(40, 2, kernel=5, stride=2),
    Stage(80, 3, kernel=3, stride=2),
    Stage(112, 3, kernel=5, stride=1),
    Stage(192, 4, kernel=5, stride=2),
    Stage(320, 1, kernel=3, stride=1),
)


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """How wide and deep the picture network is."""

    stem: int = 32
    stages: tuple[Stage, ...] = LITE0
    features: int = 1280
    dimension: int = TEXT_DIMENSION


class SameConv2d(nn.Conv2d):
    """A convolution whose output is ⌈input / stride⌉ a side; odd padding has its larger half right and below."""

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, inputs, h, w) → (n, outputs, ⌈h/stride⌉, ⌈w/stride⌉)."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        vertical = max((-(-pictures.shape[2] // stride) - 1) * stride + kernel - pictures.shape[2], 0)
        horizontal = max((-(-pictures.shape[3] // stride) - 1) * stride + kernel - pictures.shape[3], 0)
        if vertical % 2 or horizontal % 2:
            left, top = horizontal // 2, vertical // 2
            pictures = functional.pad(pictures, (left, horizontal - left, top, vertical - top))
            vertical = horizontal = 0
        padding = (vertical // 2, horizontal // 2)
        return functional.conv2d(pictures, self.weight, self.bias, self.stride, padding, 1, self.groups)


class NormedConv(nn.Module):
    """A convolution without bias and its batch norm, which serving folds into one."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.convolution: nn.Conv2d = SameConv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs, eps=_NORM_EPSILON, momentum=0.05)

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, inputs, h, w) → (n, outputs, ⌈h/stride⌉, ⌈w/stride⌉), no activation."""
        normed: Tensor = self.norm(self.convolution(pictures))
        return normed


class InvertedResidual(nn.Module):
    """Widen by 1x1, filter each channel by itself, narrow by 1x1; a shortcut where the shape stays."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        inner = inputs * stage.expansion
        self.expand = NormedConv(inputs, inner, 1) if stage.expansion > 1 else None
        self.filter = NormedConv(inner, inner, stage.kernel, stride, groups=inner)
        self.narrow = NormedConv(inner, stage.width, 1)
        self.shortcut = inputs == stage.width and stride == 1

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, inputs, h, w) → (n, width, ⌈h/stride⌉, ⌈w/stride⌉)."""
        inner = pictures if self.expand is None else functional.relu6(self.expand(pictures), inplace=True)
        inner = functional.relu6(self.filter(inner), inplace=True)
        narrowed: Tensor = self.narrow(inner)
        return pictures + narrowed if self.shortcut else narrowed


class PictureNetwork(nn.Module):
    """RGB pictures to vectors in picture space: a strided stem, seven stages of blocks, one pooled feature vector."""

    def __init__(self, shape: NetworkShape | None = None) -> None:
        super().__init__()
        shape = shape or NetworkShape()
        self.stem = NormedConv(3, shape.stem, 3, stride=2)
        blocks: list[nn.Module] = []
        inputs = shape.stem
        for stage in shape.stages:
            for place in range(stage.blocks):
                blocks.append(InvertedResidual(inputs, stage, stage.stride if place == 0 else 1))
                inputs = stage.width
        self.blocks = nn.Sequential(*blocks)
        self.head = NormedConv(inputs, shape.features, 1)
        self.project = nn.Linear(shape.features, shape.dimension)

    def features(self, pictures: Tensor) -> Tensor:
        """(n, 3, side, side), normalised RGB → (n, features): what the auxiliary heads of the training read."""
        hidden = self.blocks(functional.relu6(self.stem(pictures), inplace=True))
        hidden = functional.relu6(self.head(hidden), inplace=True)
        return hidden.mean((2, 3))

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, 3, side, side), normalised RGB → (n, dimension), L2-normalised."""
        return functional.normalize(self.project(self.features(pictures)), dim=1)


class TextAdapter(nn.Module):
    """The map that takes MiniLM vectors to picture space: linear, and a bend beside it; it starts as the identity."""

    def __init__(self, dimension: int = TEXT_DIMENSION) -> None:
        super().__init__()
        self.linear = nn.Linear(dimension, dimension)
        self.widen = nn.Linear(dimension, 2 * dimension)
        self.narrow = nn.Linear(2 * dimension, dimension, bias=False)
        with torch.no_grad():
            self.linear.weight.copy_(torch.eye(dimension))
            self.linear.bias.zero_()
            self.narrow.weight.zero_()

    def forward(self, vectors: Tensor) -> Tensor:
        """(n, dimension) → (n, dimension), L2-normalised."""
        bent = self.narrow(functional.gelu(self.widen(vectors)))
        return functional.normalize(self.linear(vectors) + bent, dim=1)
