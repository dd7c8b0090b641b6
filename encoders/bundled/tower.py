"""Runs the shipped picture encoder: RGB arrays to vectors in picture space, and MiniLM vectors to the same space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from catalog.errors import InvalidPicture
from encoders.bundled.network import TEXT_DIMENSION, NormedConv, PictureNetwork
from encoders.bundled.preprocess import PICTURE_SIDE, Letterbox, normalise, pixels_of
from encoders.bundled.weights import SHIPPED, Weights, read_weights
from encoders.graph import as_graph
from encoders.lanes import in_lanes, lane_batch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["PICTURE_SIDE", "PictureTower", "load_picture_tower"]

BATCH: Final = 16  # on one core: more leave its cache and get slower
CHANNELS: Final = 3
PICTURE_AXES: Final = 3


class PictureTower:
    """The shipped picture encoder, ready to run. It may be called from several threads at once.

    `revision` is a digest of the weights and of the preprocessing: equal revisions give equal vectors.
    """

    def __init__(self, weights: Weights, device: str) -> None:
        self.revision: str = weights.revision
        self.dimension: int = TEXT_DIMENSION
        self._device = device
        self._boxed = as_graph(Letterbox())
        self._adapt = as_graph(weights.adapter.to(device))
        fused = without_norms(weights.network).to(device)
        self._forward = as_graph(fused.to(memory_format=torch.channels_last))  # type: ignore[call-overload]

    def encode(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Pictures (h, w, 3) uint8 RGB of any size and aspect → (n, 384) float32, L2-normalised, in order.

        Raises InvalidPicture for an array that is of another shape or type, or empty.
        """
        for number, picture in enumerate(pictures):
            _check(picture, number)
        size = lane_batch(len(pictures), BATCH)
        batches = [pictures[start : start + size] for start in range(0, len(pictures), size)]
        return np.concatenate([np.zeros((0, self.dimension), dtype=np.float32), *in_lanes(self._encode, batches)])

    def _encode(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        with torch.inference_mode():
            pixels = self._boxed([pixels_of(picture) for picture in pictures])
            vectors: NDArray[np.float32] = self._forward(normalise(pixels.to(self._device))).cpu().numpy()
        return vectors

    def adapt_text(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """MiniLM vectors (n, 384) of English texts → (n, 384) float32 in picture space, L2-normalised."""
        if len(vectors) == 0:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with torch.inference_mode():
            plain = torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32)).to(self._device)
            adapted: NDArray[np.float32] = self._adapt(plain).cpu().numpy()
        return adapted


def load_picture_tower(path: Path | None = None, device: str = "cpu") -> PictureTower:
    """The tower with the weights of `path`, or with the shipped ones; takes about a tenth of a second.

    Raises Misconfigured where the file is missing or holds something else.
    """
    return PictureTower(read_weights(path or SHIPPED), device)


def without_norms(network: PictureNetwork) -> PictureNetwork:
    """Folds each batch norm into the convolution before it: the same function, about a third faster."""
    network.eval()
    for module in network.modules():
        if isinstance(module, NormedConv) and isinstance(module.norm, nn.BatchNorm2d):
            module.convolution = fuse_conv_bn_eval(module.convolution, module.norm)
            module.norm = nn.Identity()
    return network


def _check(picture: NDArray[np.uint8], number: int) -> None:
    shape, kind = picture.shape, picture.dtype
    if len(shape) != PICTURE_AXES or shape[2] != CHANNELS or kind != np.uint8 or 0 in shape:
        raise InvalidPicture(f"expected (height, width, 3) uint8 RGB, got {shape} {kind}", field=f"pictures[{number}]")
