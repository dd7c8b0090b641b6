"""What the shipped network is compared with: itself before our training, before any training, and bare pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import nn

from encoders.bundled.network import PictureNetwork, TextAdapter
from encoders.bundled.preprocess import normalise
from encoders.bundled.tower import PictureTower
from encoders.bundled.weights import Weights
from encoders.training.pretrained import start_from_imagenet

if TYPE_CHECKING:
    from numpy.typing import NDArray

AT_ONCE: Final = 64
GRID: Final = 8  # a side
GREY: Final = 128.0


def untrained_tower(pixels: NDArray[np.uint8], seed: int = 0) -> PictureTower:
    """Return a tower of random weights, the same for the same seed.

    Its norms are set by `pixels` (n, 3, side, side): with their first values the vectors of all pictures would be alike
    to the last digits, and a weaker opponent than need be.
    """
    network = _random_network(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the mean over all batches
    network.train()
    with torch.no_grad():
        for start in range(0, len(pixels), AT_ONCE):
            network(normalise(torch.from_numpy(np.array(pixels[start : start + AT_ONCE]))))
    return _tower(network, f"untrained-{seed}")


def imagenet_tower(seed: int = 0) -> PictureTower:
    """Return a tower of the ImageNet weights that our training starts from; its projection is random."""
    network = _random_network(seed)
    start_from_imagenet(network)
    return _tower(network, f"imagenet-{seed}")


def shrunken(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return letterboxed pictures (n, 3, side, side) as 8 × 8 colours, (n, 192), L2-normalised."""
    cells = nn.functional.adaptive_avg_pool2d(torch.from_numpy(np.array(pixels)).float() - GREY, GRID)
    vectors: NDArray[np.float32] = nn.functional.normalize(cells.flatten(1), dim=1).numpy()
    return vectors


def _random_network(seed: int) -> PictureNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PictureNetwork()


def _tower(network: PictureNetwork, revision: str) -> PictureTower:
    return PictureTower(Weights(network.eval(), TextAdapter().eval(), revision), "cpu")
