"""How a picture of any size becomes the network's input: one way for serving and for training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

PICTURE_SIDE: Final = 96
CHANNEL_MEAN: Final = (0.5, 0.5, 0.5)  # what EfficientNet-Lite was trained with, on a scale of 0 to 1
CHANNEL_DEVIATION: Final = (0.5, 0.5, 0.5)
WHITE: Final = 255


def letterbox(picture: NDArray[np.uint8], side: int = PICTURE_SIDE) -> Tensor:
    """(h, w, 3) uint8 RGB of any size → (3, side, side) uint8: aspect kept, centred on white, antialiased."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1).unsqueeze(0)
    if size != (height, width):
        pixels = functional.interpolate(pixels, size, mode="bilinear", antialias=True, align_corners=False)
    canvas = torch.full((3, side, side), WHITE, dtype=torch.uint8)
    top, left = (side - size[0]) // 2, (side - size[1]) // 2
    canvas[:, top : top + size[0], left : left + size[1]] = pixels[0]
    return canvas


def normalise(pixels: Tensor) -> Tensor:
    """(n, 3, side, side) uint8, or float on a scale of 0 to 1 → float32 between -1 and 1."""
    scaled = pixels.float() / WHITE if pixels.dtype == torch.uint8 else pixels
    mean = torch.tensor(CHANNEL_MEAN, device=pixels.device).view(1, 3, 1, 1)
    deviation = torch.tensor(CHANNEL_DEVIATION, device=pixels.device).view(1, 3, 1, 1)
    return ((scaled - mean) / deviation).contiguous(memory_format=torch.channels_last)
