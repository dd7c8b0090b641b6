"""A larger network that was trained before: what it sees in a picture, the smaller one learns to see too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import nn

from encoders.bundled.network import PictureNetwork, TextAdapter
from encoders.bundled.tower import without_norms
from encoders.training.checkpoint import read_checkpoint
from encoders.training.pretrained import SHAPES

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

_NETWORK: Final = "network."
_ADAPTER: Final = "adapter."


class Teacher:
    """Another run's network and adapter as they stand in its checkpoint, and the temperatures it ended with."""

    def __init__(self, checkpoint: Path, device: str) -> None:
        state = read_checkpoint(checkpoint)
        self.side: int = state["side"]
        self.network = PictureNetwork(SHAPES[state["shape"]])
        self.network.load_state_dict(part(state["student"], _NETWORK))
        fused = without_norms(self.network).to(device)
        self.network = fused.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.adapter = TextAdapter().to(device).eval()
        self.adapter.load_state_dict(part(state["student"], _ADAPTER))
        self.scales: Tensor = state["student"]["scales"].to(device).exp()

    def pictures(self, pictures: Tensor) -> Tensor:
        """(batch, 3, any side, any side), normalised → (batch, 384), L2-normalised."""
        with torch.no_grad():
            seen: Tensor = self.network(nn.functional.interpolate(pictures, (self.side, self.side), mode="bilinear"))
        return seen

    def texts(self, vectors: Tensor) -> Tensor:
        """MiniLM vectors (n, 384) → (n, 384), L2-normalised."""
        with torch.no_grad():
            adapted: Tensor = self.adapter(vectors)
        return adapted


def part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """One module's tensors out of a whole state, by their own names."""
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
