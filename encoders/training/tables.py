"""Writes the training's data as the tables that `vitrine encoders evaluate` and `train` read, split as the training is.

python -m encoders.training.tables --data ../shared/data --out DIR
"""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from catalog.errors import Misconfigured
from encoders.evaluation.dataset import COLUMNS, Item
from encoders.training.command import add_sources, ending_plainly
from encoders.training.data import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from encoders.training.rows import Row

TARS: Final = {"fashion": "fashion-60x80.tar", "clothing": "clothing-photos.tar"}
SIDES: Final = {False: "train", True: "heldout"}


def item_of(row: Row) -> Item:
    """The row as an item: `group` is the sender of a photo, or a catalogue photo's title without its colour."""
    if row.source == "clothing":
        group = row.binding[0]
    else:
        group = " ".join(re.sub(rf"\b{re.escape(row.colour)}\b", "", row.title.lower()).split())
    return Item(
        id=Path(row.key).stem,
        image=f"{TARS[row.source]}/{row.key}",
        title=row.title,
        category=f"{row.family} > {row.kind}" if row.family else row.kind,
        colour=row.colour,
        group=group,
    )


def write_tables(rows: Iterable[Row], data: Path, out: Path) -> dict[Path, int]:
    """Write fashion-train.csv, fashion-heldout.csv, clothing-train.csv, clothing-heldout.csv; return the rows of each.

    Their pictures stay in the tars of `data`, to which a link `pictures` leads. Raises `Misconfigured` where that link
    cannot be made.
    """
    out.mkdir(parents=True, exist_ok=True)
    _link(out / "pictures", data)
    lines: dict[Path, list[Item]] = {out / f"{source}-{side}.csv": [] for source in TARS for side in SIDES.values()}
    for row in rows:
        if row.source in TARS:
            lines[out / f"{row.source}-{SIDES[row.held_out]}.csv"].append(item_of(row))
    for path, items in lines.items():
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            table.writerows([getattr(item, column) for column in COLUMNS] for item in items)
    return {path: len(items) for path, items in lines.items()}


def _link(link: Path, data: Path) -> None:
    try:
        if not link.is_symlink():
            link.symlink_to(data.resolve(), target_is_directory=True)
    except OSError as error:
        raise Misconfigured(f"{link}: no link can be made there ({error.strerror}): give another --out") from error


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write the training's data as tables for judging and training.")
    add_sources(parser, required=True)
    parser.add_argument("--out", type=Path, required=True, help="where the tables go")
    given = parser.parse_args(arguments)
    with ending_plainly(parser):
        # The split needs the pictures' digests, which the cache keeps.
        rows = load(given.data, given.drawings, given.cache).rows
        written = write_tables(rows, given.data, given.out)
    for path, count in written.items():
        Console().print(f"{path}: {count:,} rows")


if __name__ == "__main__":
    main()
