"""Trains the same network with less and with more defence, for as many steps each: what the robustness table compares.

python -m encoders.training.experiments.variants --data ../shared/data --drawings DIR --out DIR [--checkpoint FILE]
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from catalog.errors import Misconfigured
from encoders.training.checkpoint import CHECKPOINT
from encoders.training.command import add_sources, ending_plainly
from encoders.training.data import load
from encoders.training.settings import Settings
from encoders.training.train import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

ANY_MINUTES: Final = 1000.0  # the schedule follows the steps; this only has to be longer than they take
LATER_RATE: Final = 2e-4  # where the network is trained already


@dataclass(frozen=True, slots=True)
class Variant:
    """What sets one training apart from the others."""

    augmentation: Literal["full", "some", "flip"]
    adversarial: float


VARIANTS: Final = {
    "flip": Variant("flip", 0.0),
    "augmented": Variant("full", 0.0),
    "adversarial": Variant("full", 0.5),
}


class RunBySteps(Run):
    """A run whose schedule follows its steps: how busy the machine is makes no difference to what comes out."""

    def one_step(self) -> float:
        """One batch, forward and back; returns its loss."""
        self.trained_seconds = self.settings.minutes * 60 * self.step / self.settings.steps
        return super().one_step()


def settings_of(variant: Variant, out: Path, steps: int, checkpoint: Path | None) -> Settings:
    """The settings of one variant's run in the folder `out`, from ImageNet weights or from where another run stands.

    Raises `Misconfigured` where there is no such checkpoint.
    """
    settings = Settings(
        out=out,
        minutes=ANY_MINUTES,
        steps=steps,
        augmentation=variant.augmentation,
        adversarial=variant.adversarial,
        checkpoint_seconds=ANY_MINUTES * 60 / 10,
    )
    if checkpoint is None:
        return settings
    if not checkpoint.is_file():
        raise Misconfigured(f"{checkpoint} does not exist: name the {CHECKPOINT} of a run of the training, or weights")
    return replace(settings, start=str(checkpoint), rate=LATER_RATE, early_share=0.0)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train variants for the robustness table, with equal steps.")
    add_sources(parser)
    parser.add_argument("--out", type=Path, required=True, help="a folder per variant goes here, with its weights")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--checkpoint", type=Path, help="start where another run or its weights stand, rather than from ImageNet"
    )
    given = parser.parse_args(arguments)
    with ending_plainly(parser):
        dataset = load(given.data, given.drawings, given.cache)
        for name in given.variants:
            settings = settings_of(VARIANTS[name], given.out / name, given.steps, given.checkpoint)
            RunBySteps(dataset, replace(settings, threads=given.threads)).go()


if __name__ == "__main__":
    main()
