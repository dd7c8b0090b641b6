"""A picture encoder laid open: pixels go in as floats, so that they can be disturbed, and slopes come back out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from encoders.bundled.preprocess import normalise
from encoders.bundled.tower import without_norms
from encoders.bundled.weights import SHIPPED, read_weights
from encoders.training.adversary import STEPS, fgsm, in_levels, pgd

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from encoders.bundled.network import PictureNetwork, TextAdapter

ATTACK_LEVELS: Final = 2.0
STEP_LEVELS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Sight:
    """The network, its norms folded in, and the adapter, both as `encoders.bundled` serves them; nothing learns."""

    name: str
    revision: str
    network: PictureNetwork
    adapter: TextAdapter

    def see(self, pictures: Tensor) -> Tensor:
        """(n, 3, side, side) on a scale of 0 to 1, or uint8 → (n, 384), L2-normalised."""
        vectors: Tensor = self.network(normalise(pictures))
        return vectors

    def read(self, vectors: Tensor) -> Tensor:
        """MiniLM vectors (n, 384) → (n, 384) in picture space, L2-normalised."""
        adapted: Tensor = self.adapter(vectors)
        return adapted

    def after_fgsm(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """The vectors, (n, 384), of pictures that one step of 2/255 took away from their own texts (n, 384)."""
        changed = fgsm(lambda changed: self._distance(changed, texts), normalise(pictures), in_levels(ATTACK_LEVELS))
        vectors: Tensor = self.network(changed)
        return vectors

    def after_pgd(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """The same after ten steps of 0.5/255, which end within 2/255."""
        strength, step = in_levels(ATTACK_LEVELS), in_levels(STEP_LEVELS)
        changed = pgd(lambda changed: self._distance(changed, texts), normalise(pictures), strength, step, STEPS)
        vectors: Tensor = self.network(changed)
        return vectors

    def _distance(self, changed: Tensor, texts: Tensor) -> Tensor:
        distance: Tensor = -(self.network(changed) * texts).sum()
        return distance


def open_sight(path: Path | None) -> Sight:
    """The encoder of a weights file, or the shipped one; raises `Misconfigured` where the file holds something else."""
    weights = read_weights(path or SHIPPED)
    network = without_norms(weights.network).requires_grad_(requires_grad=False)
    return Sight(
        name=_name(path),
        revision=weights.revision,
        network=network.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
        adapter=weights.adapter.requires_grad_(requires_grad=False),
    )


def _name(path: Path | None) -> str:
    """The folder's name where the file has the usual one, as after three runs of the training."""
    if path is None or path.resolve() == SHIPPED.resolve():
        return "shipped"
    return path.resolve().parent.name if path.name == SHIPPED.name else path.stem
