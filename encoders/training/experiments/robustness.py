"""How much of what an encoder finds is left when pictures are covered, too dark, noisy, small, busy or attacked.

python -m encoders.training.experiments.robustness --data ../shared/data --drawings DIR [--weights FILE …]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from encoders.evaluation.measures import require_measures
from encoders.training.command import add_sources, ending_plainly
from encoders.training.data import load
from encoders.training.experiments.disturbances import named_disturbances
from encoders.training.experiments.scene import Pictures, Scene, Views, figures, set_scene
from encoders.training.experiments.sight import Sight, open_sight

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Generator, Tensor

    from encoders.interface import FloatArray
    from encoders.training.experiments.disturbances import Disturbance

    Condition: TypeAlias = Callable[[Tensor, Tensor, Generator], Tensor]

CLEAN: Final = "clean"
AT_ONCE: Final = 64
MOST_LOST: Final = 0.2
WIDE_ENOUGH: Final = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One task's figure on disturbed pictures, and on clean ones."""

    task: str
    condition: str
    value: float
    clean: float

    @property
    def kept(self) -> float:
        """The share of the clean figure that is left."""
        return self.value / self.clean if self.clean else 1.0

    @property
    def lost_too_much(self) -> bool:
        """Whether more than a fifth of it is gone."""
        return self.kept < 1 - MOST_LOST


def conditions(sight: Sight, behind: Tensor) -> dict[str, Condition]:
    """From pictures (n, 3, side, side) on a scale of 0 to 1, and their titles' vectors, to how the encoder sees them.

    An attack leads a picture away from its title: from its own vector there is no slope to begin with, every picture
    has a title (a photo its label), and the training defends against the same.
    """
    found: dict[str, Condition] = {CLEAN: lambda pictures, _texts, _random: sight.see(pictures)}
    for name, disturb in named_disturbances(behind).items():
        found[name] = partial(_disturbed, sight, disturb)
    found["FGSM, 2/255"] = lambda pictures, texts, _random: sight.after_fgsm(pictures, texts)
    found["PGD, 2/255"] = lambda pictures, texts, _random: sight.after_pgd(pictures, texts)
    return found


def _disturbed(sight: Sight, disturb: Disturbance, pictures: Tensor, _texts: Tensor, random: Generator) -> Tensor:
    return sight.see(disturb(pictures, random))


def findings(scene: Scene, sight: Sight, seed: int, advance: Callable[[int], None]) -> list[Finding]:
    """Every task under every condition, the clean one first; `advance` hears of every batch how many it was."""
    found: dict[str, dict[str, float]] = {}
    clean: Views | None = None
    for number, (name, condition) in enumerate(conditions(sight, scene.behind).items()):
        seen = Views(
            see(scene.products, sight, condition, seed + 2 * number, advance),
            see(scene.photos, sight, condition, seed + 2 * number + 1, advance),
        )
        clean = clean or seen
        found[name] = figures(scene, sight, clean, seen)
    return [
        Finding(task, condition, values[task], found[CLEAN][task])
        for task in found[CLEAN]
        for condition, values in found.items()
    ]


def see(
    pictures: Pictures, sight: Sight, condition: Condition, seed: int, advance: Callable[[int], None]
) -> FloatArray:
    """All pictures under one condition, (n, 384); the same seed disturbs them alike."""
    random = torch.Generator().manual_seed(seed)
    seen = [np.zeros((0, sight.network.project.out_features), dtype=np.float32)]
    with torch.no_grad():
        for start in range(0, len(pictures.pixels), AT_ONCE):
            pixels = pictures.pixels[start : start + AT_ONCE].float() / 255
            texts = sight.read(pictures.texts[start : start + AT_ONCE])
            seen.append(condition(pixels, texts, random).numpy())
            advance(len(pixels))
    return np.concatenate(seen)


def as_table(found: dict[str, list[Finding]]) -> Table:
    """One line per task and disturbance, one column per weights; ▼ marks what lost more than a fifth."""
    table = Table("task", "pictures", *found, box=box.MARKDOWN)
    for line in zip(*found.values(), strict=True):
        table.add_row(line[0].task, line[0].condition, *map(_cell, line))
    table.add_row(
        "all lines: mean figure", "", *(f"{np.mean([one.value for one in few]):.3f}" for few in found.values())
    )
    left = (np.mean([one.kept for one in few if one.condition != CLEAN]) for few in found.values())
    table.add_row("disturbed: mean share left", "", *(f"{share:.3f}" for share in left))
    lost = (sum(one.lost_too_much for one in few) for few in found.values())
    table.add_row("disturbed: lines that lost over 20 %", "", *map(str, lost))
    return table


def _cell(finding: Finding) -> str:
    if finding.condition == CLEAN:
        return f"{finding.value:.3f}"
    return f"{finding.value:.3f} ({100 * finding.kept:.0f} %){' ▼' if finding.lost_too_much else ''}"


def as_json(found: dict[str, list[Finding]], scene: Scene) -> str:
    """The same for a script, with the number of pictures."""
    weights = {
        name: [
            {
                "task": one.task,
                "pictures": one.condition,
                "value": round(one.value, 6),
                "clean": round(one.clean, 6),
                "kept": round(one.kept, 6),
                "lost_over_a_fifth": one.lost_too_much,
            }
            for one in findings
        ]
        for name, findings in found.items()
    }
    sizes = {"products": len(scene.products.pixels), "photos": len(scene.photos.pixels)}
    return json.dumps(sizes | {"weights": weights}, indent=2, ensure_ascii=False)


def run(scene: Scene, sights: Sequence[Sight], seed: int) -> dict[str, list[Finding]]:
    """Every encoder on the same disturbed pictures, with a progress bar on standard error."""
    pictures = len(scene.products.pixels) + len(scene.photos.pixels)
    found: dict[str, list[Finding]] = {}
    with Progress(console=Console(stderr=True)) as bar:
        for sight in sights:
            task = bar.add_task(sight.name, total=pictures * len(conditions(sight, scene.behind)))
            name = sight.name if sight.name not in found else f"{sight.name} {sight.revision[:6]}"
            found[name] = findings(scene, sight, seed, partial(bar.advance, task))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Judge picture encoders on disturbed pictures, side by side.")
    add_sources(parser, required=True)
    parser.add_argument("--weights", type=Path, nargs="+", default=[None], help="weights to judge; the shipped ones")
    parser.add_argument("--sample", type=int, default=1500, help="so many held-out products; 0: all of them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON rather than a table")
    given = parser.parse_args(arguments)
    with ending_plainly(parser):
        require_measures()
        sights = [open_sight(path) for path in given.weights]
        scene = set_scene(load(given.data, given.drawings, given.cache), given.sample, given.seed, given.cache)
    found = run(scene, sights, given.seed)
    if given.json:
        print(as_json(found, scene))  # noqa: T201 - what a script reads
    else:
        Console(width=WIDE_ENOUGH).print(as_table(found))


if __name__ == "__main__":
    main()
