"""What the trainer draws and hands to the model: batches in which labels have company, pictures changed by chance."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from sentence_transformers.base.sampler import DefaultBatchSampler

from encoders.training.shop.losses import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Generator

    from encoders.training.shop.data import ShopData

TOGETHER = 4
"""Rows of one label that come into a batch side by side."""


class Reader(Protocol):
    """How a base turns rows and words into what its model takes."""

    def read_rows(self, rows: NDArray[np.int64], random: Generator) -> dict[str, Any]:
        """Return the features of these rows' pictures or titles, pictures changed by chance."""
        ...

    def read_words(self, words: Sequence[str]) -> dict[str, Any]:
        """Return the features of these words."""
        ...


class LabelledBatches(DefaultBatchSampler):
    """Shuffles an epoch so that rows of one label come in fours: each batch then has right and wrong pairs.

    The dataset has a column `label`. Every row comes once an epoch, but for a last part too short for a batch.
    """

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the places of each batch's rows; the same for the same seed and epoch."""
        random = np.random.default_rng([self.seed, self.epoch])
        labels = np.array(self.sampler["label"])  # type: ignore[index]  # what torch calls sampler is the dataset here
        shuffled = random.permutation(len(labels))
        in_order = shuffled[np.argsort(labels[shuffled], kind="stable")]
        chunks = []
        for members in np.split(in_order, np.flatnonzero(np.diff(labels[in_order])) + 1):
            chunks += [members[start : start + TOGETHER] for start in range(0, len(members), TOGETHER)]
        mixed = np.concatenate([chunks[number] for number in random.permutation(len(chunks))])
        for start in range(0, len(mixed) - self.batch_size + 1, self.batch_size):
            yield mixed[start : start + self.batch_size].tolist()

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self.sampler) // self.batch_size  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Collator:
    """Turns drawn rows into the model's inputs: the words of their labels, the rows, and who belongs to whom.

    The chance by which pictures are changed hangs on the batch alone: a run that was stopped goes on as it would have.
    """

    data: ShopData
    reader: Reader
    seed: int
    valid_label_columns: list[str] = field(default_factory=lambda: ["label"])  # what the trainer's sampler looks at

    def __call__(self, examples: Sequence[dict[str, int]]) -> dict[str, Any]:
        """Rows {"row", "label"} → features of words and of items, and `label` (words + items, columns)."""
        rows = np.array([example["row"] for example in examples], dtype=np.int64)
        words, word_labels = self._words(rows)
        random = torch.Generator().manual_seed(zlib.crc32(rows.tobytes(), self.seed))
        batch: dict[str, Any] = {}
        if words:
            batch |= {f"words_{name}": value for name, value in self.reader.read_words(words).items()}
        batch |= {f"items_{name}": value for name, value in self.reader.read_rows(rows, random).items()}
        own = np.stack([labels.numbers[rows] for labels in self.data.labels], axis=1)
        batch["label"] = torch.from_numpy(np.concatenate([word_labels, own]))
        return batch

    def _words(self, rows: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
        """The words of every label in the batch, and their labels, (words, columns): each has one."""
        words: list[str] = []
        found = [np.zeros((0, len(self.data.labels)), dtype=np.int64)]
        for column, labels in enumerate(self.data.labels):
            numbers = np.unique(labels.numbers[rows])
            numbers = numbers[numbers != UNKNOWN] if labels.words else numbers[:0]
            table = np.full((len(numbers), len(self.data.labels)), UNKNOWN, dtype=np.int64)
            table[:, column] = numbers
            words += [labels.words[number] for number in numbers]
            found.append(table)
        return words, np.concatenate(found)
