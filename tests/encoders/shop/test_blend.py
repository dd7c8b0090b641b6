"""A model is mixed with its base weight by weight."""

from __future__ import annotations

import torch
from torch import nn

from encoders.training.shop.blend import blend, remember


def test_weights_lie_between() -> None:
    """A share of the base's is the rest of the model's own; counters stay as they are."""
    linear, norm = nn.Linear(2, 2), nn.BatchNorm1d(2)
    model = nn.Sequential(linear, norm)
    base = remember(model)
    with torch.no_grad():
        linear.weight.add_(1)
    norm(torch.randn(4, 2))
    blend(model, base, 0.25)
    torch.testing.assert_close(linear.weight.detach(), base["0.weight"] + 0.75)
    assert model.state_dict()["1.num_batches_tracked"] == 1
    assert base["1.num_batches_tracked"] == 0


def test_nothing_kept_changes_nothing() -> None:
    """With 0 the model is what it has learnt."""
    model = nn.Linear(2, 2)
    base = {name: torch.zeros_like(tensor) for name, tensor in model.state_dict().items()}
    before = remember(model)
    blend(model, base, 0.0)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
