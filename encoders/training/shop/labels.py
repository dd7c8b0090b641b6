"""Which rows belong together, column by column, and the words that say so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from encoders.training.shop.losses import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from encoders.evaluation.dataset import Item
    from encoders.training.shop.config import LabelColumn


@dataclass(frozen=True, slots=True)
class Labels:
    """One column of all rows: `numbers` (rows,) int64, equal where rows belong together, `UNKNOWN` where empty.

    `words` has for each number what a shopper would type for it; it is empty for a column without words (group).
    """

    column: LabelColumn
    numbers: NDArray[np.int64]
    words: tuple[str, ...]

    def members(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of these rows each number has, those that have none left out."""
        known = self.numbers[rows]
        counts: NDArray[np.int64] = np.unique(known[known != UNKNOWN], return_counts=True)[1]
        return counts


def read_labels(column: LabelColumn, items: Sequence[Item]) -> Labels:
    """Number a column's distinct values in their order; case and blanks around ">" do not tell two apart."""
    values = [_parts(column, item) for item in items]
    distinct = {value: number for number, value in enumerate(dict.fromkeys(value for value in values if value))}
    numbers = np.array([distinct.get(value, UNKNOWN) for value in values], dtype=np.int64)
    return Labels(column, numbers, () if column == "group" else _words(list(distinct)))


def _parts(column: LabelColumn, item: Item) -> tuple[str, ...]:
    """A category is a path, anything else one part."""
    text: str = getattr(item, column).casefold()
    parts = text.split(">") if column == "category" else [text]
    return tuple(part.strip() for part in parts if part.strip())


def _words(values: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The last part where it names one value only, else the whole path: "shoes", but "men shoes", "women shoes"."""
    last = Counter(value[-1] for value in values)
    return tuple(value[-1] if last[value[-1]] == 1 else " ".join(value) for value in values)
