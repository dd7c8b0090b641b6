"""Judges picture encoder weights on what their training held out, and prints what unrelated pairs score.

python -m encoders.training.evaluate --data /work/shared/data --drawings DIR [--weights FILE] [--catalogue DIR]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from encoders.bundled.tower import PictureTower, load_picture_tower
from encoders.training.data import Dataset, load, text_vectors
from encoders.training.measures import Scale, Task, precision_at, recall_at, scale_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEWEST_RELEVANT: Final = 5  # "colour type" queries are asked where the gallery holds at least this many answers
ENCODED_AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True)
class Vectors:
    """A dataset seen through a tower: `pictures` (rows, 384), and `titles` (titles, 384), both in picture space."""

    dataset: Dataset
    pictures: NDArray[np.float32]
    titles: NDArray[np.float32]


def see(dataset: Dataset, tower: PictureTower) -> Vectors:
    """Encodes everything; the pictures lie there letterboxed already."""
    found = [
        tower.encode([picture.transpose(1, 2, 0) for picture in dataset.pixels[start : start + ENCODED_AT_ONCE]])
        for start in track(range(0, len(dataset.rows), ENCODED_AT_ONCE), description="encoding pictures")
    ]
    return Vectors(dataset, np.concatenate(found), tower.adapt_text(dataset.title_vectors))


def titles_to_pictures(vectors: Vectors, asked: NDArray[np.int64], gallery: NDArray[np.int64]) -> Task:
    """Each distinct title of the rows `asked` looks for its pictures among the rows of `gallery`."""
    titles = np.unique(vectors.dataset.title_of_row[asked])
    return Task(vectors.titles[titles], titles, vectors.pictures[gallery], vectors.dataset.title_of_row[gallery])


def phrases_to_pictures(
    vectors: Vectors, tower: PictureTower, gallery: NDArray[np.int64], fewest: int, cache: Path
) -> Task:
    """Each "colour type" looks for pictures with exactly this colour and type among the rows of `gallery`."""
    rows = vectors.dataset.rows
    names = [f"{rows[n].colour} {rows[n].kind}" for n in gallery]
    distinct, labels, counts = np.unique(names, return_inverse=True, return_counts=True)
    asked = np.flatnonzero(counts >= fewest)
    queries = tower.adapt_text(text_vectors([str(distinct[n]) for n in asked], cache))
    return Task(queries, asked, vectors.pictures[gallery], labels)


def pictures_to_kind(vectors: Vectors, gallery: NDArray[np.int64]) -> Task:
    """Each picture of `gallery` looks for others of its type."""
    _, labels = np.unique([vectors.dataset.rows[n].kind for n in gallery], return_inverse=True)
    pictures = vectors.pictures[gallery]
    return Task(pictures, labels, pictures, labels, own=np.arange(len(gallery)))


def figures(vectors: Vectors, tower: PictureTower, cache: Path) -> list[tuple[str, float]]:
    """Each task's name and figure, on rows that the training did not see."""
    found: list[tuple[str, float]] = []
    held = vectors.dataset.where("fashion", held_out=True)
    if len(held):
        every = np.sort(np.concatenate([held, vectors.dataset.where("fashion", held_out=False)]))
        tenth, whole = titles_to_pictures(vectors, held, held), titles_to_pictures(vectors, held, every)
        found += [
            (f"title → picture, R@1, {len(held):,} pictures", recall_at(tenth, 1)),
            (f"title → picture, R@10, {len(held):,} pictures", recall_at(tenth, 10)),
            (f"held-out title → picture, R@10, all {len(every):,} pictures", recall_at(whole, 10)),
            ("“colour type” → pictures, P@5", precision_at(phrases_to_pictures(vectors, tower, held, 5, cache), 5)),
            ("picture → pictures of its type, P@5", precision_at(pictures_to_kind(vectors, held), 5)),
        ]
    photos = vectors.dataset.where("clothing", held_out=True)
    if len(photos):
        found.append(
            ("photo someone took → photos of its label, P@5", precision_at(pictures_to_kind(vectors, photos), 5))
        )
    drawn = vectors.dataset.where("folder", held_out=True)
    return found + (drawing_figures("drawings", vectors, drawn, tower, cache) if len(drawn) else [])


def drawing_figures(
    name: str, vectors: Vectors, rows: NDArray[np.int64], tower: PictureTower, cache: Path
) -> list[tuple[str, float]]:
    """The same for drawings, where a colour and kind may have fewer than five pictures."""
    phrases = phrases_to_pictures(vectors, tower, rows, 1, cache)
    titles = titles_to_pictures(vectors, rows, rows)
    return [
        (f"{name}: “colour kind” → pictures, P@5, {len(rows)} pictures", precision_at(phrases, 5)),
        (f"{name}: title → picture, R@1", recall_at(titles, 1)),
        (f"{name}: title → picture, R@10", recall_at(titles, 10)),
    ]


def scales(vectors: Vectors, rows: NDArray[np.int64]) -> list[tuple[str, Scale]]:
    """How random pairs of `rows` score; what matches is the row itself, or one of its kind and colour."""
    dataset = vectors.dataset
    pictures, numbers = vectors.pictures[rows], dataset.title_of_row[rows]
    titles, plain = vectors.titles[numbers], dataset.title_vectors[numbers]
    groups: dict[tuple[str, str], list[int]] = {}
    for place, number in enumerate(rows):
        groups.setdefault((dataset.rows[number].kind, dataset.rows[number].colour), []).append(place)
    pairs = np.array([(group[n], group[n + 1]) for group in groups.values() for n in range(len(group) - 1)])

    def alike(vectors: NDArray[np.float32]) -> list[float]:
        return (vectors[pairs[:, 0]] * vectors[pairs[:, 1]]).sum(axis=1).tolist() if len(pairs) else []

    return [
        ("title × picture", scale_of(titles, pictures, (titles * pictures).sum(axis=1).tolist())),
        ("picture × picture", scale_of(pictures, pictures, alike(pictures))),
        ("title × title, MiniLM", scale_of(plain, plain, alike(plain))),
    ]


def report(named: Sequence[tuple[str, float]], scaled: Sequence[tuple[str, str, Scale]]) -> None:
    """Prints both tables."""
    console = Console()
    table = Table("task, on what the training held out", "figure")
    for name, figure in named:
        table.add_row(name, f"{figure:.3f}")
    console.print(table)
    table = Table("data", "pairs", "unrelated: mean", "deviation", "matching: median")
    for data, name, scale in scaled:
        table.add_row(data, name, f"{scale.mean:.3f}", f"{scale.deviation:.3f}", f"{scale.matching:.3f}")
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Judge the picture encoder's weights on held-out data.")
    parser.add_argument("--data", type=Path, help="folder with fashion.csv, clothing.csv and their tars")
    parser.add_argument("--drawings", type=Path, action="append", default=[], help="dataset folder of the training")
    parser.add_argument(
        "--catalogue", type=Path, help="dataset folder of which the training saw nothing: the demo catalogue"
    )
    parser.add_argument("--weights", type=Path, help="weights to judge; the shipped ones if not given")
    parser.add_argument("--cache", type=Path, default=Path("/tmp/vitrine-training"))  # noqa: S108 - a cache, not a secret
    given = parser.parse_args(arguments)
    tower = load_picture_tower(given.weights)
    vectors = see(load(given.data, given.drawings, given.cache), tower)
    found = figures(vectors, tower, given.cache)
    scaled: list[tuple[str, str, Scale]] = []
    held = vectors.dataset.where("fashion", held_out=True)
    if len(held):
        scaled += [("fashion, held out", name, scale) for name, scale in scales(vectors, held)]
    if given.catalogue:
        catalogue = see(load(None, [given.catalogue], given.cache), tower)
        english = np.array([n for n, row in enumerate(catalogue.dataset.rows) if row.title.isascii()])
        found += drawing_figures("catalogue", catalogue, english, tower, given.cache)
        scaled += [("catalogue", name, scale) for name, scale in scales(catalogue, english)]
    report(found, scaled)


if __name__ == "__main__":
    main()
