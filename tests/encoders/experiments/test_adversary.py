"""Attacks go up the loss and never further than they are allowed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from encoders.training.adversary import fgsm, in_levels, pgd

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

STRENGTH = 0.05


class Victim(nn.Module):
    """A small network with a bend, so that one step is not all there is."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 16), nn.Tanh(), nn.Linear(16, 4))

    def forward(self, pictures: Tensor) -> Tensor:
        """One loss for all."""
        loss: Tensor = self.layers(pictures).square().sum()
        return loss


def some_pictures() -> Tensor:
    return torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1


def by_fgsm(loss_of: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    return fgsm(loss_of, pictures, STRENGTH)


def by_pgd(loss_of: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    return pgd(loss_of, pictures, STRENGTH, STRENGTH / 4)


@pytest.mark.parametrize("attack", [by_fgsm, by_pgd])
def test_an_attack_stays_within_its_strength_and_raises_the_loss(
    attack: Callable[[Callable[[Tensor], Tensor], Tensor], Tensor],
) -> None:
    """No pixel moves further than allowed or leaves black and white, and the pictures given stay as they are."""
    victim, pictures = Victim(), some_pictures()
    before = pictures.clone()

    changed = attack(victim, pictures)

    assert changed.shape == pictures.shape
    assert (changed - pictures).abs().max() <= STRENGTH + 1e-6
    assert changed.abs().max() <= 1
    assert victim(changed) > victim(pictures)
    assert torch.equal(pictures, before)
    assert not changed.requires_grad


def test_many_steps_find_more_than_one() -> None:
    """Where the slope changes on the way, PGD gets further than FGSM."""
    victim, pictures = Victim(), some_pictures()

    assert victim(by_pgd(victim, pictures)) > victim(by_fgsm(victim, pictures))


def test_an_attack_leaves_no_slopes_in_what_learns() -> None:
    """The optimiser's next step is of the lesson alone."""
    victim = Victim()

    fgsm(victim, some_pictures(), STRENGTH)

    assert all(parameter.grad is None for parameter in victim.parameters())


def test_an_attack_works_where_slopes_are_switched_off() -> None:
    """An evaluation runs without slopes; the attack brings its own."""
    with torch.no_grad():
        changed = fgsm(Victim(), some_pictures(), STRENGTH)

    assert not torch.equal(changed, some_pictures())


def test_levels_are_those_of_a_pixel() -> None:
    """255 levels are all the way from black to white: 2 in normalised pictures."""
    assert in_levels(255) == 2
