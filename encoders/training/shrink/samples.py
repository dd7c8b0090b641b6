"""What shrunk encoders are tried on: a catalogue that they know nothing of, and the rows that the training held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from encoders.bundled.preprocess import letterbox
from encoders.evaluation.dataset import Item, read_table
from encoders.training.data import load
from encoders.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from encoders.interface import Picture


@dataclass(frozen=True, slots=True)
class Sample:
    """Products, and their letterboxed pictures row by row: `pixels` is (rows, 3, side, side) uint8."""

    name: str
    items: tuple[Item, ...]
    pixels: NDArray[np.uint8]

    @property
    def pictures(self) -> list[Picture]:
        """The pictures as encoders take them, (side, side, 3)."""
        return list(self.pixels.transpose(0, 2, 3, 1))


def read_catalogue(folder: Path) -> Sample:
    """Read the `products.csv` of a data set folder, rows with an English title only: that is what MiniLM reads.

    Raises `Misconfigured` where the table, a column or a picture is missing.
    """
    table = read_table(folder / "products.csv")
    table.require(["title", "category", "colour"])
    items = [item for item in table.items if item.title.isascii()]
    pixels = [letterbox(table.picture(item)).numpy() for item in tracked(items, "decoding pictures")]
    return Sample(folder.name, tuple(items), np.stack(pixels))


def read_held_out(data: Path, drawings: Sequence[Path], cache: Path, most: int) -> Sample:
    """Draw at most so many of the fashion rows that the training held out; the same ones every time.

    `drawings` and `cache` as the training had them. Raises `Misconfigured` where a table is missing.
    """
    dataset = load(data, drawings, cache)
    rows = dataset.where("fashion", held_out=True)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
    items = [
        Item(id=row.name, image=row.key, title=row.title, category=row.kind, colour=row.colour)
        for row in (dataset.rows[number] for number in rows)
    ]
    return Sample("held-out fashion", tuple(items), np.ascontiguousarray(dataset.pixels[rows]))
