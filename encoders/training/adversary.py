"""Changes to pictures too small to see that lead an encoder astray (FGSM: Goodfellow, 2015; PGD: Madry, 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from encoders.bundled.preprocess import CHANNEL_DEVIATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

STEPS: Final = 10
LOWEST: Final = -1.0  # black and white, normalised
HIGHEST: Final = 1.0


def in_levels(levels: float) -> float:
    """How far so many of the 255 levels of a pixel are in normalised pictures."""
    return levels / 255 / CHANNEL_DEVIATION[0]


def fgsm(loss_of: Callable[[Tensor], Tensor], pictures: Tensor, strength: float) -> Tensor:
    """One step of `strength` up the loss for every pixel; pictures (n, 3, h, w), normalised to -1 … 1.

    `loss_of` returns one number for all of them. It needs a slope where the pictures stand: a distance from their own
    vectors has none.
    """
    return (pictures + strength * _slope(loss_of, pictures).sign()).clamp(LOWEST, HIGHEST)


def pgd(
    loss_of: Callable[[Tensor], Tensor], pictures: Tensor, strength: float, step: float, steps: int = STEPS
) -> Tensor:
    """The same in many steps, each as long as `step`, never further than `strength` from where a pixel was."""
    lowest, highest = (pictures - strength).clamp(min=LOWEST), (pictures + strength).clamp(max=HIGHEST)
    changed = pictures
    for _ in range(steps):
        changed = torch.clamp(changed + step * _slope(loss_of, changed).sign(), lowest, highest)
    return changed


def _slope(loss_of: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    """Every pixel's slope, without leaving one in the parameters; works under `no_grad`, not in inference mode."""
    with torch.enable_grad():
        changed = pictures.detach().clone().requires_grad_()
        (slope,) = torch.autograd.grad(loss_of(changed), changed)
    return slope
