"""Fewer bits for the picture network: weights that are kept in int8, or everything in bfloat16."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from encoders.bundled.preprocess import letterbox, normalise
from encoders.bundled.tower import BATCH, without_norms
from encoders.int8 import ROW_LIMIT, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from encoders.bundled.weights import Weights
    from encoders.interface import FloatArray, Picture


class HalfTower:
    """The picture network in bfloat16, weights and all that flows through it."""

    def __init__(self, weights: Weights) -> None:
        self._network = without_norms(weights.network).to(torch.bfloat16)

    def encode(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return one vector per picture, (n, 384)."""
        found = []
        with torch.inference_mode():
            for start in range(0, len(pictures), BATCH):
                pixels = torch.stack([letterbox(picture) for picture in pictures[start : start + BATCH]])
                found.append(self._network(normalise(pixels).to(torch.bfloat16)).float())
        vectors: FloatArray = torch.cat(found).numpy()
        return vectors


def round_to_int8(network: nn.Module) -> int:
    """Round the weights of convolutions and matrices to what int8 can hold, a scale for each output, in place.

    They are computed with in float32 as before: this is about size. Returns the bytes that the network would take.
    """
    size_bytes = 0
    for parameter in network.parameters():
        if parameter.ndim > 1:
            coarse, scales = rounded(parameter.detach().flatten(1), ROW_LIMIT)
            parameter.data = (coarse * scales).view_as(parameter)
            size_bytes += coarse.numel() + 2 * scales.numel()  # a scale takes float16
        else:
            size_bytes += 2 * parameter.numel()
    return size_bytes
