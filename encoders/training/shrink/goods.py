"""A shop's rows as a student sees them: titles or letterboxed pictures, a part held out; refused where too few."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import InvalidPicture, Misconfigured
from encoders.bundled.preprocess import PICTURE_SIDE, letterbox
from encoders.evaluation.dataset import some
from encoders.evaluation.tasks import phrase
from encoders.training.shop.split import families, hold_out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from encoders.evaluation.dataset import Item, ProductTable
    from encoders.interface import Picture
    from encoders.training.shrink.order import Order

    Progress = Callable[[int, int], None]

FEWEST_ROWS: Final = 40
FEWEST_HELD_OUT: Final = 4


@dataclass(frozen=True, slots=True)
class Goods:
    """What a student learns from; `refused` says what is wrong with each row that was left out.

    `pixels` (rows, 3, side, side) uint8 are the letterboxed pictures; without rows for a student that reads text.
    """

    table: ProductTable
    items: tuple[Item, ...]
    pixels: NDArray[np.uint8]
    held_out: NDArray[np.bool_]
    refused: tuple[str, ...]

    @property
    def training_rows(self) -> NDArray[np.int64]:
        """The numbers of the rows to learn from, ascending."""
        return np.flatnonzero(~self.held_out)

    @property
    def held_out_rows(self) -> NDArray[np.int64]:
        """The numbers of the rows to measure on, ascending."""
        return np.flatnonzero(self.held_out)

    @property
    def digest(self) -> str:
        """What tells these rows and pictures from others."""
        digest = blake2b(json.dumps([asdict(item) for item in self.items]).encode(), digest_size=16)
        digest.update(self.pixels.tobytes())
        return digest.hexdigest()

    def pictures(self, rows: Sequence[int] | NDArray[np.int64]) -> list[Picture]:
        """Return the letterboxed pictures of these rows as encoders take them."""
        return [self.pixels[number].transpose(1, 2, 0) for number in rows]


def words_of(item: Item) -> tuple[str, ...]:
    """Return what somebody may type to find a row: its title, and its colour and kind where it says both."""
    return tuple(dict.fromkeys(words for words in (item.title, phrase(item)) if words))


def read_titles(table: ProductTable, order: Order) -> Goods:
    """Take the rows that have a title. Raises `Misconfigured` where a column is missing or too few rows are left."""
    _require(table)
    kept = [item for item in table.items if item.title]
    refused = [f"id {item.id}: it has no title" for item in table.items if not item.title]
    return _divided(table, order, kept, np.zeros((0, 3, PICTURE_SIDE, PICTURE_SIDE), dtype=np.uint8), refused)


def read_pictures(table: ProductTable, order: Order, progress: Progress) -> Goods:
    """Take the rows that have a title and a picture that can be read; raises `Misconfigured` likewise."""
    _require(table)
    pixels = np.zeros((len(table.items), 3, PICTURE_SIDE, PICTURE_SIDE), dtype=np.uint8)
    kept: list[Item] = []
    refused: list[str] = []
    for number, item in enumerate(table.items, start=1):
        if item.title:
            try:
                pixels[len(kept)] = letterbox(table.picture(item)).numpy()
                kept.append(item)
            except InvalidPicture as error:
                refused.append(str(error))
        else:
            refused.append(f"id {item.id}: it has no title")
        progress(number, len(table.items))
    return _divided(table, order, kept, pixels[: len(kept)], refused)


def _require(table: ProductTable) -> None:
    table.require(["title"])
    if len(table.items) < FEWEST_ROWS:
        raise Misconfigured(
            f"{table.path} has {len(table.items)} rows: a student takes at least {FEWEST_ROWS} to learn from, and some "
            "thousands to be of use"
        )


def _divided(
    table: ProductTable, order: Order, items: list[Item], pixels: NDArray[np.uint8], refused: list[str]
) -> Goods:
    ties = [[f"title:{item.title.casefold()}", *([f"group:{item.group}"] if item.group else [])] for item in items]
    for number, picture in enumerate(pixels):
        ties[number].append(f"picture:{blake2b(picture.tobytes(), digest_size=8).hexdigest()}")
    held_out = hold_out(families(ties), order.held_out, order.seed)
    goods = Goods(table, tuple(items), pixels, held_out, tuple(refused))
    if len(items) < FEWEST_ROWS:
        raise Misconfigured(
            f"{table.path}: {len(items)} rows are left of {len(table.items)}, and a student takes at least "
            f"{FEWEST_ROWS}; the others cannot be used: {some(refused)}"
        )
    if len(goods.held_out_rows) < FEWEST_HELD_OUT or not len(goods.training_rows):
        raise Misconfigured(
            f"{table.path}: {len(goods.held_out_rows)} of {len(items)} rows can be held out, because too many hang "
            "together by title, group or picture: raise --held-out, or add other rows"
        )
    return goods
