"""How a picture of any size becomes the network's input: one way for serving and for training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from numpy.typing import NDArray

PICTURE_SIDE: Final = 96
CHANNEL_MEAN: Final = (0.5, 0.5, 0.5)  # what EfficientNet-Lite was trained with, on a scale of 0 to 1
CHANNEL_DEVIATION: Final = (0.5, 0.5, 0.5)
WHITE: Final = 255


class Letterbox(nn.Module):
    """Pictures of any size on canvases of one: aspect kept, centred on white, antialiased."""

    def __init__(self, side: int = PICTURE_SIDE) -> None:
        super().__init__()
        self.side = side

    def forward(self, pictures: list[Tensor]) -> Tensor:
        """Pictures (h, w, 3) uint8 RGB → (n, 3, side, side) uint8."""
        return torch.stack([_boxed(picture, self.side) for picture in pictures])


def letterbox(picture: NDArray[np.uint8], side: int = PICTURE_SIDE) -> Tensor:
    """(h, w, 3) uint8 RGB of any size → (3, side, side) uint8: aspect kept, centred on white, antialiased."""
    return _boxed(pixels_of(picture), side)


def pixels_of(picture: NDArray[np.uint8]) -> Tensor:
    """Return a picture as a tensor of the same shape, with pixels of its own."""
    return torch.from_numpy(np.array(picture))


def _boxed(picture: Tensor, side: int, white: int = WHITE) -> Tensor:
    height, width = picture.shape[0], picture.shape[1]
    scale = side / max(height, width)
    high = max(1, int(round(height * scale)))  # noqa: RUF046 - in a graph it is a float until then
    wide = max(1, int(round(width * scale)))  # noqa: RUF046
    pixels = picture.permute(2, 0, 1).unsqueeze(0)
    if high != height or wide != width:
        pixels = functional.interpolate(pixels, [high, wide], mode="bilinear", antialias=True, align_corners=False)
    canvas = torch.full((3, side, side), white, dtype=torch.uint8)
    top, left = (side - high) // 2, (side - wide) // 2
    canvas[:, top : top + high, left : left + wide] = pixels[0]
    return canvas


def normalise(pixels: Tensor) -> Tensor:
    """(n, 3, side, side) uint8, or float on a scale of 0 to 1 → float32 between -1 and 1."""
    scaled = pixels.float() / WHITE if pixels.dtype == torch.uint8 else pixels
    mean = torch.tensor(CHANNEL_MEAN, device=pixels.device).view(1, 3, 1, 1)
    deviation = torch.tensor(CHANNEL_DEVIATION, device=pixels.device).view(1, 3, 1, 1)
    return ((scaled - mean) / deviation).contiguous(memory_format=torch.channels_last)
