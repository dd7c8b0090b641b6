"""Batches have right and wrong pairs, and hang on the seed alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import torch

from encoders.training.shop.batches import Collator, LabelledBatches
from encoders.training.shop.data import divide, read_rows, with_pictures
from tests.encoders.shop.shops import config, some_goods, unheard, write_shop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Generator

LABELS = [0] * 20 + [1] * 9 + [2] * 3 + list(range(3, 11))


class Echo:
    """Reads rows as their numbers and a number by chance, words as they are."""

    def read_rows(self, rows: NDArray[np.int64], random: Generator) -> dict[str, Any]:
        """Return the rows and what chance gave."""
        return {"rows": rows.tolist(), "chance": torch.rand(1, generator=random).item()}

    def read_words(self, words: Sequence[str]) -> dict[str, Any]:
        """Return the words."""
        return {"texts": list(words)}


def batches(epoch: int, *, seed: int = 1, size: int = 8) -> list[list[int]]:
    """Return an epoch's batches of the rows that `LABELS` are of."""
    sampler = LabelledBatches({"label": LABELS}, batch_size=size, drop_last=True, seed=seed)
    sampler.set_epoch(epoch)
    return list(sampler)


def collator(folder: Path) -> Collator:
    """Return what turns rows of a small shop into inputs, with the labels category and group."""
    write_shop(folder / "shop", some_goods())
    told = config(folder, labels=("category", "group"))
    return Collator(divide(with_pictures(read_rows(told), unheard), told), Echo(), seed=1)


def test_every_row_comes_once() -> None:
    """An epoch has all rows but a last few, none of them twice."""
    drawn = [number for batch in batches(0) for number in batch]
    assert len(drawn) == len(set(drawn)) == len(LABELS) // 8 * 8


def test_labels_come_in_company() -> None:
    """Nearly every row of a label with others stands in a batch beside one of them."""
    alone = 0
    for batch in batches(0):
        counts = Counter(LABELS[number] for number in batch)
        alone += sum(count == 1 for label, count in counts.items() if LABELS.count(label) > 1)
    assert alone <= len(batches(0))


def test_epochs_differ_and_seeds_repeat() -> None:
    """Another epoch or seed draws otherwise; the same of both draws the same."""
    assert batches(0) == batches(0)
    assert batches(0) != batches(1)
    assert batches(0) != batches(0, seed=2)


def test_words_stand_before_the_rows_with_their_own_label_alone(tmp_path: Path) -> None:
    """Each category of the batch has its words once; a group has none."""
    made = collator(tmp_path)
    rows = made.data.training_rows[:6].tolist()
    batch = made([{"row": number, "label": 0} for number in rows])
    assert batch["words_texts"] == ["shoe", "dress"]
    assert batch["items_rows"] == rows
    assert batch["label"].shape == (8, 2)
    assert batch["label"][:2].tolist() == [[0, -1], [1, -1]]
    assert (batch["label"][2:] >= 0).all()


def test_chance_hangs_on_the_batch(tmp_path: Path) -> None:
    """The same rows are changed alike whenever they come together, other rows otherwise."""
    made = collator(tmp_path)
    one, same, other = (
        made([{"row": number, "label": 0} for number in rows])["items_chance"] for rows in ([1, 2], [1, 2], [2, 1])
    )
    assert one == same != other
