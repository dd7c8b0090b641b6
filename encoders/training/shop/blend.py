"""Mixes a trained model with its base: most of what it learnt stays, and much of what it forgot comes back.

Weights that share a start can be averaged (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn


def remember(model: nn.Module) -> dict[str, Tensor]:
    """Return a copy of all weights."""
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def blend(model: nn.Module, base: Mapping[str, Tensor], keep: float) -> None:
    """Change the model in place: each weight becomes `keep` parts of the base's and the rest of its own."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():  # these are the weights themselves, no copies
            if tensor.is_floating_point():
                tensor.lerp_(base[name].to(tensor.device), keep)
