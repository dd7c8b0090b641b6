"""Whether a learnt query vector for "this, but in blue" beats adding the picture's and the words' (late fusion).

python -m encoders.training.experiments.fusion --data ../shared/data --drawings DIR [--weights FILE]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from encoders.evaluation.measures import require_measures
from encoders.training.command import add_sources, ending_plainly
from encoders.training.data import Dataset, load, text_vectors
from encoders.training.experiments.composed import ASKED_WORDING, ATTRIBUTES, TAUGHT_WORDING, Wardrobe, all_phrases
from encoders.training.experiments.fused import FAMILIES, LateFusion, Lesson, Schedule, Vectors, train
from encoders.training.experiments.fusion_trial import DECIDES, MEASURES, Result, judged, set_trial, tuned
from encoders.training.experiments.sight import Sight, open_sight
from encoders.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from encoders.training.data import TextEncoding

TUNING_ROWS: Final = 4000  # about as many as are held out: the best share depends on how full the gallery is
AT_ONCE: Final = 64
WIDE_ENOUGH: Final = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What the experiment does. `train` names the attributes learnt from; `rows` of 0 takes all rows of either side."""

    cache: Path
    train: tuple[str, ...] = ATTRIBUTES
    seeds: int = 3
    schedule: Schedule = Schedule()  # noqa: RUF009 - frozen
    queries: int = 2000
    rows: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Side:
    """The rows of one side of the split, and their vectors."""

    wardrobe: Wardrobe
    vectors: Vectors


def experiment(dataset: Dataset, sight: Sight, plan: Plan, encode: TextEncoding | None = None) -> list[Result]:
    """Trains every family from every seed on the training rows, and judges all on those held out."""
    random = np.random.default_rng(plan.seed)
    taught, held = (dataset.where("fashion", held_out=side) for side in (False, True))
    if plan.rows:
        taught, held = (np.sort(random.permutation(rows)[: plan.rows]) for rows in (taught, held))
    phrases = all_phrases([dataset.rows[n] for n in (*taught, *held)])
    with torch.no_grad():
        texts = sight.read(torch.from_numpy(text_vectors(phrases, plan.cache, encode)))

    def side(rows: NDArray[np.int64], pictures: Tensor, wording: Mapping[str, Sequence[str]]) -> Side:
        return Side(Wardrobe([dataset.rows[n] for n in rows], phrases, wording), Vectors(pictures, texts))

    pictures = see(dataset, taught, sight, plan.cache)
    tuning = np.sort(random.permutation(len(taught))[:TUNING_ROWS])
    part = side(taught[tuning], pictures[tuning], TAUGHT_WORDING)
    late = tuned(set_trial(part.wardrobe, part.vectors, plan.queries, plan.seed), plan.train)
    asked = side(held, see(dataset, held, sight, plan.cache), ASKED_WORDING)
    return contest(side(taught, pictures, TAUGHT_WORDING), asked, late, plan)


def contest(taught: Side, held: Side, late: LateFusion, plan: Plan) -> list[Result]:
    """Either vector alone, late fusion, and every family, on every attribute."""
    trial = set_trial(held.wardrobe, held.vectors, plan.queries, plan.seed)
    results = judged("picture alone", [LateFusion(1.0)], late, trial)
    results += judged("words alone", [LateFusion(0.0)], late, trial)
    results += judged(f"late fusion, {late.picture_share} of it the picture", [late], late, trial)
    with Progress(console=Console(stderr=True)) as bar:
        for family in FAMILIES:
            task = bar.add_task(family, total=plan.schedule.steps * plan.seeds)
            arms = [
                train(
                    family,
                    taught.wardrobe,
                    taught.vectors,
                    Lesson(plan.train, plan.schedule, seed),
                    partial(bar.advance, task),
                )
                for seed in range(plan.seeds)
            ]
            results += judged(family, arms, late, trial)
    return results


def see(dataset: Dataset, rows: NDArray[np.int64], sight: Sight, cache: Path) -> Tensor:
    """Vectors of these rows' pictures, (n, 384); kept in `cache` for the next time."""
    names = "\n".join([sight.revision, *(dataset.rows[n].name for n in rows)])
    path = cache / f"seen-{blake2b(names.encode(), digest_size=8).hexdigest()}.npy"
    if not path.is_file():
        seen = []
        with torch.no_grad():
            for start in tracked(range(0, len(rows), AT_ONCE), "encoding pictures"):
                pixels = torch.from_numpy(np.asarray(dataset.pixels[rows[start : start + AT_ONCE]]))
                seen.append(sight.see(pixels))
        np.save(path, torch.cat(seen).numpy())
    return torch.from_numpy(np.load(path))


def as_table(results: Sequence[Result]) -> Table:
    """One line per change and arm."""
    table = Table(
        "change", "arm", *MEASURES, f"{DECIDES} ahead of late fusion, 95 % interval", "ms a query", box=box.MARKDOWN
    )
    for attribute in ATTRIBUTES:
        for one in results:
            if one.attribute == attribute:
                figures = [f"{one.means[name]:.3f} ± {one.deviations[name]:.3f}" for name in MEASURES]
                ahead = f"{one.ahead:+.3f} ({one.low:+.3f} … {one.high:+.3f})"
                table.add_row(attribute, one.arm, *figures, ahead, f"{one.query_ms:.2f}")
    return table


def verdict(results: Sequence[Result], trained: Sequence[str]) -> str:
    """What the figures say to the rule: a learnt arm ships only if it beats late fusion by more than its noise."""
    lines = []
    for family in FAMILIES:
        of_family = [one for one in results if one.arm == family]
        beats = all(one.wins for one in of_family if one.attribute in trained)
        behind = [one.attribute for one in of_family if one.high < 0]
        lines.append(
            f"{family} {'beats' if beats else 'does not beat'} late fusion by more than its noise "
            f"on what it was trained for ({', '.join(trained)})"
            + (f"; it is behind on: {', '.join(behind)}" if behind else "")
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Early against late fusion on queries of a picture and words.")
    add_sources(parser, required=True)
    parser.add_argument("--weights", type=Path, help="the picture encoder; the shipped one if not given")
    parser.add_argument(
        "--train", nargs="+", choices=ATTRIBUTES, default=ATTRIBUTES, help="what the arms learn to change"
    )
    parser.add_argument("--steps", type=int, default=Schedule().steps)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=2000, help="at most so many per attribute")
    parser.add_argument("--rows", type=int, default=0, help="so many rows of either side, for a quick look; 0: all")
    given = parser.parse_args(arguments)
    plan = Plan(
        given.cache,
        tuple(given.train),
        given.seeds,
        Schedule(steps=given.steps),
        queries=given.queries,
        rows=given.rows,
    )
    with ending_plainly(parser):
        require_measures()
        sight = open_sight(given.weights)
        results = experiment(load(given.data, given.drawings, given.cache), sight, plan)
    console = Console(width=WIDE_ENOUGH)
    console.print(as_table(results))
    console.print(verdict(results, plan.train))


if __name__ == "__main__":
    main()
