"""Variants are trained by steps, from ImageNet or from where another run stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from catalog.errors import Misconfigured
from encoders.bundled.weights import SHIPPED, read_weights
from encoders.training.checkpoint import CHECKPOINT
from encoders.training.experiments.variants import LATER_RATE, VARIANTS, RunBySteps, settings_of
from encoders.training.train import rate_at
from tests.encoders.experiments.made_up import a_dataset, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from encoders.training.settings import Settings


def tiny(settings: Settings) -> Settings:
    return replace(settings, batch=6, title_sample=8, phrase_sample=8, queue=8, threads=1)


def test_a_variant_ends_after_its_steps_and_another_starts_from_there(tmp_path: Path) -> None:
    """The schedule has come to its end by then, and the second run counts its own steps, at a lower rate."""
    dataset = a_dataset(rows_of("fashion", copies=1, held_out=False))
    scratch = replace(tiny(settings_of(VARIANTS["adversarial"], tmp_path / "one", 2, None)), start="scratch")
    first = RunBySteps(dataset, scratch)

    first.go()
    second = RunBySteps(
        dataset, tiny(settings_of(VARIANTS["flip"], tmp_path / "two", 2, tmp_path / "one" / CHECKPOINT))
    )

    assert first.step == 2
    last = first.optimiser.param_groups[0]
    assert last["lr"] / last["share"] == pytest.approx(rate_at(0.5, first.settings))
    assert (tmp_path / "one" / "weights.safetensors").is_file()
    assert second.step == 0
    assert second.settings.rate == LATER_RATE
    assert torch.equal(*(run.student.network.project.weight for run in (first, second)))
    assert np.isfinite(second.one_step())


def test_a_variant_starts_from_weights_as_well(tmp_path: Path) -> None:
    """Those that ship are no checkpoint: its heads were thrown away, and begin anew."""
    dataset = a_dataset(rows_of("fashion", copies=1, held_out=False))
    shipped = read_weights(SHIPPED)

    run = RunBySteps(dataset, tiny(settings_of(VARIANTS["flip"], tmp_path / "run", 1, SHIPPED)))

    assert torch.equal(run.student.network.project.weight, shipped.network.project.weight)
    assert all(map(torch.equal, run.student.adapter.state_dict().values(), shipped.adapter.state_dict().values()))
    assert np.isfinite(run.one_step())


def test_a_checkpoint_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(Misconfigured, match="none does not exist"):
        settings_of(VARIANTS["flip"], tmp_path / "run", 2, tmp_path / "none")
