"""Judges picture encoder weights on what their training held out, and prints what unrelated pairs score.

python -m encoders.training.evaluate --data ../shared/data --drawings DIR [--weights FILE] [--catalogue DIR]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from encoders.bundled.tower import load_picture_tower
from encoders.evaluation.measures import require_measures
from encoders.training.baselines import GRID, imagenet_tower, shrunken, untrained_tower
from encoders.training.command import add_sources, ending_plainly
from encoders.training.data import load
from encoders.training.figures import Figure, Labelled, Sighted, aims, encoded, goods, photos, scales

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from encoders.evaluation.intervals import Estimate
    from encoders.evaluation.scale import Scale

NORMS_FROM: Final = 1024  # pictures that set the norms of the untrained network


def photo_figures(sighted: Sighted) -> dict[str, Labelled]:
    """How the trained network, and what it is compared with, tell the labels of photos; empty without such data."""
    dataset = sighted.dataset
    known = dataset.where("clothing", held_out=False)
    trained = photos(dataset, sighted.pictures)
    if trained is None:
        return {}
    found = {"trained": trained}
    rows = np.concatenate([known, dataset.where("clothing", held_out=True)])
    towers = {
        "as it starts: ImageNet weights": imagenet_tower(),
        "untrained: random weights": untrained_tower(dataset.pixels[known[:NORMS_FROM]]),
    }
    vectors = {name: encoded(dataset, tower, rows) for name, tower in towers.items()}
    vectors["bare pixels, 8 × 8"] = np.zeros((len(dataset.rows), 3 * GRID * GRID), dtype=np.float32)
    vectors["bare pixels, 8 × 8"][rows] = shrunken(dataset.pixels[rows])
    return found | {name: one for name, many in vectors.items() if (one := photos(dataset, many))}


def figure_table(figures: Sequence[Figure]) -> Table:
    """One line per task."""
    table = Table("task, on what the training held out", "figure", "95 % interval", "aim")
    for one in figures:
        aim = "" if one.aim is None else f"≥ {one.aim:.2f} {'✓' if one.estimate.value >= one.aim else '✗'}"
        table.add_row(one.name, f"{one.estimate.value:.3f}", _interval(one.estimate), aim)
    return table


def photo_table(found: Mapping[str, Labelled]) -> Table:
    """The trained network beside what it is compared with."""
    table = Table("a photo someone took → its label", "vote of 10 neighbours", "95 % interval", "P@5", "95 % interval")
    for name, one in found.items():
        cells = [cell for each in (one.vote, one.precision) for cell in (f"{each.value:.3f}", _interval(each))]
        table.add_row(name, *cells)
    if found:
        table.add_row("always the commonest label", f"{next(iter(found.values())).commonest:.3f}")
    return table


def scale_table(scaled: Sequence[tuple[str, str, Scale]]) -> Table:
    """What unrelated pairs score: the constants of `encoders/shipped.py`."""
    table = Table("data", "pairs", "unrelated: mean", "deviation", "matching: median")
    for data, name, scale in scaled:
        table.add_row(data, name, f"{scale.mean:.3f}", f"{scale.deviation:.3f}", f"{scale.matching:.3f}")
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = _parser()
    given = parser.parse_args(arguments)
    with ending_plainly(parser):
        require_measures()
        tower = load_picture_tower(given.weights)
        sighted = Sighted(load(given.data, given.drawings, given.cache), tower, given.cache)
    figures = aims(sighted)
    scaled: list[tuple[str, str, Scale]] = []
    held = sighted.dataset.where("fashion", held_out=True)
    if len(held):
        scaled += [("fashion, held out", name, scale) for name, scale in scales(sighted, held)]
    drawn = sighted.dataset.where("folder", held_out=True)
    if len(drawn):
        figures += goods("drawings", sighted, drawn)
    if given.catalogue:
        catalogue = Sighted(load(None, [given.catalogue], given.cache), tower, given.cache)
        english = np.array([n for n, item in enumerate(catalogue.items) if item.title.isascii()])
        figures += goods("catalogue", catalogue, english)
        scaled += [("catalogue", name, scale) for name, scale in scales(catalogue, english)]
    console = Console()
    console.print(f"weights {tower.revision[:12]}", figure_table(figures))
    console.print(photo_table(photo_figures(sighted)))
    console.print(scale_table(scaled))


def _interval(one: Estimate) -> str:
    return f"{one.low:.3f} … {one.high:.3f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Judge the picture encoder's weights on held-out data.")
    add_sources(parser)
    parser.add_argument(
        "--catalogue", type=Path, help="dataset folder of which the training saw nothing: the demo catalogue"
    )
    parser.add_argument("--weights", type=Path, help="weights to judge; the shipped ones if not given")
    return parser


if __name__ == "__main__":
    main()
