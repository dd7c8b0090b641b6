"""Fewer weights: the smallest of all layers together become zero, without training afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from torch import nn
from torch.nn.utils import prune

from encoders.bert import RowMajorLinear

if TYPE_CHECKING:
    from torch import Tensor

PRUNED = (RowMajorLinear, nn.Linear, nn.Conv2d)


def prune_smallest(network: nn.Module, share: float) -> None:
    """Set the smallest `share` of the weights of all linear and convolutional layers to zero, in place."""
    layers = [(module, "weight") for module in network.modules() if isinstance(module, PRUNED)]
    prune.global_unstructured(layers, pruning_method=prune.L1Unstructured, amount=share)
    for module, name in layers:
        prune.remove(module, name)  # type: ignore[no-untyped-call]  # the zeros stay, the mask goes


def sparse_bytes(network: nn.Module, bytes_each: int) -> int:
    """Return what a network takes that keeps a bit for each weight, and only those that are not zero."""
    tensors = cast("list[Tensor]", [*network.parameters(), *network.buffers()])
    kept = sum(int(tensor.count_nonzero()) for tensor in tensors)
    return kept * bytes_each + sum(tensor.numel() for tensor in tensors) // 8
