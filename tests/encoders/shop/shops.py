"""A shop of drawn pictures and a base to train on: small, fast, and easy to learn."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from encoders.bundled.network import TEXT_DIMENSION, PictureNetwork, TextAdapter
from encoders.bundled_folder import TowerFolder, write_tower_folder
from encoders.fakes import HashingTextEncoder
from encoders.training.shop.config import TrainingConfig

if TYPE_CHECKING:
    from pathlib import Path

COLOURS = {"red": (200, 40, 40), "green": (40, 170, 60), "blue": (40, 60, 200), "black": (20, 20, 20)}
HEADER = ("id", "image", "title", "category", "colour", "group")
TEXT = HashingTextEncoder(TEXT_DIMENSION)


@dataclass(frozen=True)
class Goods:
    """One row, and the picture drawn for it."""

    number: int
    kind: str
    colour: str

    @property
    def row(self) -> dict[str, str]:
        """Its line of the table; two neighbours are variants of one another."""
        return {
            "id": f"p{self.number}",
            "image": f"{self.number}.png",
            "title": f"{self.colour} {self.kind} no {self.number}",
            "category": f"Goods > {self.kind}",
            "colour": self.colour,
            "group": f"g{self.number // 2}",
        }

    def draw(self) -> Image.Image:
        """A low block is a shoe, a high one a dress."""
        pixels = np.full((16, 16, 3), 255, np.uint8)
        block = (slice(8, 14), slice(2, 14)) if self.kind == "shoe" else (slice(2, 15), slice(5, 11))
        pixels[block] = COLOURS[self.colour]
        noise = np.random.default_rng(self.number).integers(-15, 16, pixels.shape)
        return Image.fromarray(np.clip(pixels.astype(int) + noise, 0, 255).astype(np.uint8))


def some_goods(count: int = 48) -> list[Goods]:
    """Return shoes and dresses in four colours, taking turns."""
    return [Goods(n, ("shoe", "dress")[n % 2], list(COLOURS)[n // 2 % 4]) for n in range(count)]


def write_shop(folder: Path, goods: list[Goods], columns: tuple[str, ...] = HEADER, **changed: str) -> Path:
    """Write a table and its pictures, and return the table; `changed` are columns with one value in every row."""
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "products.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        for one in goods:
            one.draw().save(folder / one.row["image"])
            writer.writerow(one.row | changed)
    return table


def write_base(folder: Path) -> Path:
    """Write a picture tower that has learnt nothing, aligned to `TEXT`."""
    torch.manual_seed(0)
    about = TowerFolder("untrained", TEXT.description.name, TEXT.description.revision, "Apache-2.0")
    write_tower_folder(folder, PictureNetwork(), TextAdapter(), about)
    return folder


def config(folder: Path, **changed: Any) -> TrainingConfig:  # noqa: ANN401 - any setting
    """Return a short run on `folder`/shop, from `folder`/base, into `folder`/out."""
    told = {
        "data": folder / "shop" / "products.csv",
        "out": folder / "out",
        "base": str(folder / "base"),
        "labels": ("category", "colour"),
        "split": ("group",),
        "batch": 12,
        "epochs": 2,
        "held_out": 0.25,
        "checkpoint_steps": 2,
    }
    return TrainingConfig.model_validate(told | changed)


def unheard(_done: int, _total: int) -> None:
    """Hear of progress, and do nothing."""
