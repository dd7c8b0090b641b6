"""Tables of plain pictures for the tests of judging: each row's picture is one colour."""

from __future__ import annotations

import csv
import io
import tarfile
from typing import TYPE_CHECKING

from PIL import Image

from encoders.evaluation.dataset import COLUMNS, Item

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RGB = {"red": (220, 40, 40), "green": (40, 160, 60), "blue": (40, 80, 200), "black": (20, 20, 20)}


def an_item(name: str, **changes: str) -> Item:
    """Return a row; its category, colour and title follow from a name such as "red shirt 1"."""
    colour, category = name.split()[:2]
    given = {"image": f"{name}.png", "title": f"{colour} {category}", "category": category, "colour": colour}
    return Item(**{"id": name, **given, **changes})


def png(colour: str) -> bytes:
    """Return a small picture of a colour of `RGB`, grey for any other."""
    file = io.BytesIO()
    Image.new("RGB", (6, 8), RGB.get(colour, (128, 128, 128))).save(file, "PNG")
    return file.getvalue()


def write_csv(path: Path, items: Sequence[Item], columns: Sequence[str] = COLUMNS) -> Path:
    """Write rows to a CSV of these columns and return its path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows([getattr(item, column) for column in columns] for item in items)
    return path


def write_pictures(folder: Path, items: Sequence[Item]) -> Path:
    """Draw each row's picture into a folder and return the folder."""
    for item in items:
        path = folder / item.image
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(item.colour))
    return folder


def write_tar(path: Path, items: Sequence[Item], below: str = "") -> Path:
    """Draw each row's picture into a tar and return its path."""
    with tarfile.open(path, "w") as archive:
        for item in items:
            content = png(item.colour)
            member = tarfile.TarInfo(below + item.image)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_table(folder: Path, items: Sequence[Item], name: str = "shop.csv") -> Path:
    """Write rows to a CSV in a folder with their pictures beside it, and return the CSV's path."""
    write_pictures(folder / "pictures", items)
    return write_csv(folder / name, items)
