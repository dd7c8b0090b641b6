"""A made-up shop for the experiments: plain pictures in a few colours, and vectors that know what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from encoders.bundled.network import NetworkShape, PictureNetwork, Stage, TextAdapter
from encoders.training.data import Dataset
from encoders.training.experiments.sight import Sight
from encoders.training.phrases import build_bank
from encoders.training.rows import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from encoders.interface import FloatArray

RGB = {"red": (200, 30, 30), "blue": (30, 30, 200), "green": (30, 160, 30), "black": (20, 20, 20)}
KINDS = ("shirts", "caps", "ties")
GENDERS = ("men", "women")
SIDE = 24


def rows_of(source: str, *, copies: int, held_out: bool) -> list[Row]:
    """Return so many rows of every kind, colour and gender."""
    return [
        Row(source, f"{held_out}-{copy}-{kind}-{colour}-{gender}.jpg", f"{gender} {colour} {kind}", kind,
            colour=colour, gender=gender, held_out=held_out)
        for copy in range(copies) for kind in KINDS for colour in RGB for gender in GENDERS
    ]  # fmt: skip


def a_dataset(rows: Sequence[Row], seed: int = 0) -> Dataset:
    """Return rows with pictures: a square of the row's colour, its size by kind and copy, on white."""
    random = np.random.default_rng(seed)
    pixels = np.full((len(rows), 3, SIDE, SIDE), 255, dtype=np.uint8)
    for number, row in enumerate(rows):
        top = 2 + KINDS.index(row.kind) * 3 + int(random.integers(2))
        pixels[number, :, top : SIDE - top, 4:20] = np.array(RGB[row.colour])[:, None, None]
    titles = tuple(dict.fromkeys(row.title for row in rows))
    bank = build_bank(rows)
    return Dataset(
        rows=tuple(rows),
        pixels=pixels,
        titles=titles,
        title_of_row=np.array([titles.index(row.title) for row in rows]),
        title_vectors=hat(titles),
        worded=hat(titles)[:, np.newaxis],
        bank=bank,
        phrase_vectors=hat(bank.texts),
    )


def hat(texts: Sequence[str]) -> FloatArray:
    """Return text vectors out of a hat: the language model would take seconds to load."""
    drawn = [np.random.default_rng(list(text.encode())).normal(size=384) for text in texts]
    return unit(np.array(drawn).reshape(-1, 384))


def unit(vectors: NDArray[np.float64]) -> FloatArray:
    """Return them with length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def a_sight(name: str = "tiny") -> Sight:
    """Return an encoder that nobody trained, the same each time."""
    torch.manual_seed(7)
    shape = NetworkShape(stem=4, stages=(Stage(8, blocks=1, kernel=3, stride=2),), features=16)
    network = PictureNetwork(shape).eval().requires_grad_(requires_grad=False)
    return Sight(name, "revision", network, TextAdapter().requires_grad_(requires_grad=False))
