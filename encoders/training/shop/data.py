"""A shop's rows, ready to learn from: read, bad ones set aside, labelled, a part held out; refused where too few."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import InvalidPicture, Misconfigured
from encoders.bundled.preprocess import PICTURE_SIDE, letterbox
from encoders.evaluation.dataset import read_table, some
from encoders.evaluation.vectors import Row
from encoders.training.shop.labels import read_labels
from encoders.training.shop.losses import UNKNOWN
from encoders.training.shop.split import families, hold_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from encoders.interface import Picture
    from encoders.training.shop.config import TrainingConfig
    from encoders.training.shop.labels import Labels

    Progress = Callable[[int, int], None]

FEWEST_ROWS: Final = 40
FEWEST_HELD_OUT: Final = 4


@dataclass(frozen=True, slots=True)
class ShopData:
    """What is learnt from. `read` is how many rows there were, `refused` what is wrong with each that was left out.

    `pixels` (rows, 3, side, side) uint8 are the letterboxed pictures; without rows for a base that reads text only.
    """

    rows: tuple[Row, ...]
    pixels: NDArray[np.uint8]
    labels: tuple[Labels, ...]
    split: tuple[str, ...]
    families: int
    held_out: NDArray[np.bool_]
    read: int
    refused: tuple[str, ...]

    @property
    def training_rows(self) -> NDArray[np.int64]:
        """The numbers of the rows to learn from, ascending."""
        return np.flatnonzero(~self.held_out)

    @property
    def held_out_rows(self) -> NDArray[np.int64]:
        """The numbers of the rows to measure on, ascending."""
        return np.flatnonzero(self.held_out)

    def picture(self, number: int) -> Picture:
        """Return a row's picture as it was taken; raises `InvalidPicture` where it has changed since it was checked."""
        return self.rows[number].table.picture(self.rows[number].item)

    def held_out_words(self) -> list[str]:
        """Return the words of all labels that held-out rows have, each once, sorted."""
        found: set[str] = set()
        for labels in self.labels:
            numbers = np.unique(labels.numbers[self.held_out_rows])
            found |= {labels.words[number] for number in numbers if labels.words and number != UNKNOWN}
        return sorted(found)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that can be used, and those of another table that must be held out, before anything is split."""

    rows: list[Row]
    pixels: NDArray[np.uint8]
    refused: list[str]


def read_rows(config: TrainingConfig) -> list[Row]:
    """Read the table, and the one to measure on if there is one; raises `Misconfigured` where a column is missing."""
    rows: list[Row] = []
    for path in (config.data, config.held_out):
        if isinstance(path, Path):
            table = read_table(path, config.pictures)
            table.require([*config.labels, *(column for column in config.split or () if column != "picture")])
            rows += [Row(table, item) for item in table.items]
    if len(rows) < FEWEST_ROWS:
        raise Misconfigured(
            f"{config.data} has {len(rows)} rows: training takes at least {FEWEST_ROWS}, and some hundreds to be of use"
        )
    return rows


def with_pictures(rows: Sequence[Row], progress: Progress) -> Candidates:
    """Decode every picture and leave out those that cannot be read; `progress` hears how many of how many are done."""
    pixels = np.zeros((len(rows), 3, PICTURE_SIDE, PICTURE_SIDE), dtype=np.uint8)
    kept: list[Row] = []
    refused: list[str] = []
    for number, row in enumerate(rows, start=1):
        picture = row.decoded()
        if isinstance(picture, InvalidPicture):
            refused.append(str(picture))
        else:
            pixels[len(kept)] = letterbox(picture).numpy()
            kept.append(row)
        progress(number, len(rows))
    return Candidates(kept, pixels[: len(kept)], refused)


def with_titles(rows: Sequence[Row], config: TrainingConfig) -> Candidates:
    """Leave out rows without a title, for a base that reads text only; pictures are not looked at.

    Raises `Misconfigured` where titles would be compared with themselves.
    """
    if "title" in config.labels:
        raise Misconfigured(
            f"{config.base} reads text only and learns which titles belong together, so the title cannot be the label: "
            "name category, colour or group in labels"
        )
    rows[0].table.require(["title"])
    kept = [row for row in rows if row.item.title]
    refused = [f"id {row.item.id}: it has no title" for row in rows if not row.item.title]
    return Candidates(kept, np.zeros((0, 3, PICTURE_SIDE, PICTURE_SIDE), dtype=np.uint8), refused)


def divide(candidates: Candidates, config: TrainingConfig) -> ShopData:
    """Label and split the rows; raises `Misconfigured` where too little is left to learn from or to measure on."""
    rows, refused = candidates.rows, candidates.refused
    if len(rows) < FEWEST_ROWS:
        raise Misconfigured(
            f"{config.data}: {len(rows)} rows are left, and training takes at least {FEWEST_ROWS}; the others cannot "
            f"be used: {some(refused)}"
        )
    split = config.split or (*(one for one in ("group", "title") if one in rows[0].table.columns), "picture")
    names = families([list(_ties(split, row, candidates.pixels, number)) for number, row in enumerate(rows)])
    if isinstance(config.held_out, Path):
        held_out = np.array([row.table.path == config.held_out for row in rows])
        seen = {name for name, aside in zip(names, held_out, strict=True) if aside}
        usable = np.array([aside or name not in seen for name, aside in zip(names, held_out, strict=True)])
    else:
        held_out, usable = hold_out(names, config.held_out, config.seed), np.ones(len(rows), dtype=np.bool_)
    tied = [
        f"id {rows[n].item.id}: it is bound to a held-out row by {', '.join(split)}" for n in np.flatnonzero(~usable)
    ]
    kept = tuple(rows[number] for number in np.flatnonzero(usable))
    data = ShopData(
        rows=kept,
        pixels=candidates.pixels if usable.all() else candidates.pixels[usable[: len(candidates.pixels)]],
        labels=tuple(read_labels(column, [row.item for row in kept]) for column in config.labels),
        split=split,
        families=len(set(names)),
        held_out=held_out[usable],
        read=len(rows) + len(refused),
        refused=(*refused, *tied),
    )
    _check(data, names, config)
    return data


def _ties(split: Iterable[str], row: Row, pixels: NDArray[np.uint8], number: int) -> Iterable[str]:
    """What binds a row to others: only rows on the same side of the split may share it."""
    found = {"group": row.item.group.casefold(), "title": row.item.title.casefold()}
    if len(pixels):
        found["picture"] = blake2b(pixels[number].tobytes(), digest_size=8).hexdigest()
    return (f"{column}:{found[column]}" for column in split if found.get(column))


def _check(data: ShopData, names: Sequence[str], config: TrainingConfig) -> None:
    training, held_out = len(data.training_rows), len(data.held_out_rows)
    if held_out < FEWEST_HELD_OUT:
        largest = max(Counter(names).values())
        raise Misconfigured(
            f"{config.data}: {held_out} of {len(names)} rows can be held out, and {FEWEST_HELD_OUT} are needed; "
            f"{largest} of them hang together by {', '.join(data.split)}: name fewer columns in split (leave out one "
            "that says little, such as a title that many products share), or raise held_out"
        )
    if training < config.batch:
        raise Misconfigured(
            f"{config.data}: {training} rows are left to learn from, and batch is {config.batch}: set it to {training} "
            "or less, or bring more rows"
        )
    for labels in data.labels:
        _check_labels(labels, data, config)


def _check_labels(labels: Labels, data: ShopData, config: TrainingConfig) -> None:
    members = labels.members(data.training_rows)
    if len(members) < 2:  # noqa: PLR2004 - one to be right and one to be wrong
        raise Misconfigured(
            f"{config.data}: the column {labels.column} has {len(members)} values in the rows to learn from, and two "
            "are needed to tell them apart: fill it in, or name another column in labels"
        )
    if not labels.words and members.max() < 2:  # noqa: PLR2004 - a pair
        raise Misconfigured(
            f"{config.data}: no two rows to learn from share a value of {labels.column}, so nothing says what belongs "
            "together: name a column in labels whose values come more than once"
        )
