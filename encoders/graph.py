"""Networks as graphs that torch runs by itself: Python's lock is held at both ends of a forward pass, not in between.

Run step by step, a pass gives the lock up and waits for it again at each of some hundred operations. Beside a thread
that works in Python it is two to three times as slow, and a single query waits for the event loop as often.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn


def as_graph(network: nn.Module) -> Callable[..., Tensor]:
    """Return the forward pass of a network, which has the same vectors; what is replaced in it later is not seen.

    By TorchScript, which torch keeps but no longer extends: what it recommends instead wants a C++ compiler wherever a
    model is loaded. Raises RuntimeError where the network does what TorchScript cannot express.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.script` is deprecated", category=DeprecationWarning)
        graph: Callable[..., Tensor] = torch.jit.script(network.eval())
    return graph
