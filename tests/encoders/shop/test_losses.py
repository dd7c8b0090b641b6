"""The losses pull together what belongs together."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.training.shop.config import LossName, TrainingConfig
from encoders.training.shop.losses import UNKNOWN, LabelsLoss, make_loss

LOSSES = get_args(LossName)


class Given(nn.Module):
    """A model whose vectors are its input."""

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        """Return what came in."""
        return {"sentence_embedding": features["vectors"]}


def loss_of(name: LossName, vectors: Tensor, labels: Tensor, words: Tensor | None = None) -> Tensor:
    """Return a loss of items, and of words that stand before them."""
    config = TrainingConfig(data=Path("a.csv"), out=Path("out"), loss=name, margin=0.5)
    parts = [{"vectors": part} for part in (words, vectors) if part is not None]
    loss: Tensor = LabelsLoss(Given(), make_loss(config))(parts, labels)
    return loss


def pairs(distance: float) -> tuple[Tensor, Tensor]:
    """Return four labels of two items each, so far apart, and the labels (8, 1)."""
    angles = torch.arange(4).repeat_interleave(2) * math.pi / 2 + torch.tensor([0.0, distance]).repeat(4)
    return torch.stack([angles.cos(), angles.sin()], dim=1), torch.arange(4).repeat_interleave(2).unsqueeze(1)


@pytest.mark.parametrize("name", LOSSES)
def test_nearer_pairs_cost_less(name: LossName) -> None:
    """The loss falls as what belongs together comes nearer."""
    near, apart = pairs(0.3), pairs(0.7)
    assert loss_of(name, *near) < loss_of(name, *apart)


@pytest.mark.parametrize("name", LOSSES)
def test_a_few_steps_bring_them_together(name: LossName) -> None:
    """Following the gradient, each item ends nearer to its partner than to any other."""
    vectors = nn.Parameter(torch.randn(8, 4, generator=torch.Generator().manual_seed(1)))
    labels = torch.arange(4).repeat_interleave(2).unsqueeze(1)
    optimiser = torch.optim.Adam([vectors], lr=0.1)
    for _ in range(100):
        optimiser.zero_grad()
        loss_of(name, vectors, labels).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    unit = functional.normalize(vectors.detach(), dim=1)
    scores = (unit @ unit.T).fill_diagonal_(-1)
    assert scores.argmax(1).tolist() == [1, 0, 3, 2, 5, 4, 7, 6]


@pytest.mark.parametrize("name", LOSSES)
def test_rows_without_a_label_take_no_part(name: LossName) -> None:
    """A row whose label is not known changes nothing, wherever it lies."""
    vectors, labels = pairs(0.5)
    stranger = torch.cat([vectors, torch.tensor([[0.6, 0.8]])])
    unlabelled = torch.cat([labels, torch.tensor([[UNKNOWN]])])
    assert loss_of(name, stranger, unlabelled) == loss_of(name, vectors, labels)


@pytest.mark.parametrize("name", LOSSES)
def test_nothing_to_learn_is_no_error(name: LossName) -> None:
    """A batch without a pair costs nothing and still has a gradient."""
    vectors = torch.randn(3, 4, requires_grad=True)
    loss = loss_of(name, vectors, torch.tensor([[0], [1], [UNKNOWN]]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss == 0


@pytest.mark.parametrize("name", LOSSES)
def test_words_learn_even_where_every_item_has_a_partner(name: LossName) -> None:
    """The words of a label feel every loss, not only the items among themselves."""
    vectors, labels = pairs(0.5)
    angles = torch.arange(4) * math.pi / 2 + 0.9
    words = torch.stack([angles.cos(), angles.sin()], dim=1).requires_grad_()
    loss_of(name, vectors, torch.cat([torch.arange(4).unsqueeze(1), labels]), words).backward()  # type: ignore[no-untyped-call]
    assert words.grad is not None
    assert (words.grad.norm(dim=1) > 0).all()
