"""A table of products as judging and training read it: `id,image,title,category,colour,group`, and its pictures."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidPicture, Misconfigured
from encoders.evaluation.places import Place, sources_beside
from encoders.pictures.decode import PictureLimits, decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from encoders.interface import Picture

NEEDED: Final = ("id", "image")
NAMED_AT_MOST: Final = 3  # a message names this many culprits and counts the rest
LIMITS: Final = PictureLimits()
LONGEST_FIELD: Final = 131_072  # characters


@dataclass(frozen=True, slots=True)
class Item:
    """One row, its values stripped; "" is unknown. `image` is a path below the pictures' folder, or in their tar."""

    id: str
    image: str
    title: str = ""
    category: str = ""
    colour: str = ""
    group: str = ""


COLUMNS: Final = tuple(field.name for field in fields(Item))


@dataclass(frozen=True, slots=True)
class ProductTable:
    """A table whose pictures are all there. `columns` are those it has, `places` where each item's picture lies."""

    path: Path
    columns: tuple[str, ...]
    items: tuple[Item, ...]
    places: Mapping[str, Place]

    def require(self, columns: Iterable[str]) -> None:
        """Raise `Misconfigured` unless the table has these columns."""
        _require(self.path, self.columns, columns)

    def picture(self, item: Item) -> Picture:
        """Return a row's picture, (height, width, 3) RGB; raises `InvalidPicture`, which names the row."""
        field = f"{self.path.name}, id {item.id}, {item.image}"
        try:
            return decode(self.places[item.id].read(LIMITS.max_bytes + 1), LIMITS)
        except InvalidPicture as error:
            raise InvalidPicture(error.message, field=field) from error
        except OSError as error:
            raise InvalidPicture(f"the picture cannot be read ({error.strerror})", field=field) from error


def read_table(path: Path, pictures: Path | None = None) -> ProductTable:
    """Read a CSV in UTF-8 and find its pictures.

    They are looked for in `pictures` (a folder or a tar) where it is given; otherwise in a folder `pictures` beside
    the CSV, in a folder or .tar of the CSV's name, and as paths from its folder. An image may also lie inside a tar of
    the folder: `photos.tar/1.jpg`.

    Raises `Misconfigured` where the file, its columns, its rows or a picture is missing, or an id comes twice.
    """
    columns, lines = _parsed(path, _text(path))
    _require(path, columns, NEEDED)
    items = tuple(_item(line) for line in lines)
    if not items:
        raise Misconfigured(f"{path} has no rows below its header: add one row per product")
    _check_ids(path, items)
    return ProductTable(path, columns, items, _places(path, items, pictures))


def some(names: Sequence[str]) -> str:
    """Return the first few of many names, and how many more there are."""
    more = f" and {len(names) - NAMED_AT_MOST:,} more" if len(names) > NAMED_AT_MOST else ""
    return ", ".join(names[:NAMED_AT_MOST]) + more


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}): name a CSV with {','.join(COLUMNS)}") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{path} is not in UTF-8 (byte {error.start:,}): save it as CSV in UTF-8") from error


def _parsed(path: Path, text: str) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """Return the header, in small letters, and each row by it; fields that a short row lacks are empty."""
    try:
        csv.field_size_limit(LONGEST_FIELD)  # of the whole process, so it may have been changed
        header, *rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row] or [[]]
    except csv.Error as error:
        raise Misconfigured(f"{path} is no readable CSV: {error}") from error
    columns = tuple(name.strip().lower() for name in header)
    return columns, [dict(zip(columns, row, strict=False)) for row in rows]


def _require(path: Path, found: Sequence[str], columns: Iterable[str]) -> None:
    missing = [column for column in columns if column not in found]
    if missing:
        raise Misconfigured(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; its header has "
            f"{', '.join(found) or 'nothing'}: name the columns in the first line, separated by commas"
        )


def _item(line: Mapping[str, str]) -> Item:
    return Item(**{name: line.get(name, "").strip() for name in COLUMNS})


def _check_ids(path: Path, items: Sequence[Item]) -> None:
    empty = [number for number, item in enumerate(items, start=1) if not (item.id and item.image)]
    if empty:
        raise Misconfigured(f"{path}: row {empty[0]} has no id or no image ({len(empty):,} such rows): fill in both")
    twice = [name for name, count in Counter(item.id for item in items).items() if count > 1]
    if twice:
        raise Misconfigured(f"{path}: {len(twice):,} ids come more than once ({some(twice)}): each row needs its own")


def _places(path: Path, items: Sequence[Item], pictures: Path | None) -> dict[str, Place]:
    sources = sources_beside(path, pictures)
    places: dict[str, Place] = {}
    missing: list[str] = []
    for item in items:
        found = next((place for source in sources if (place := source.find(item.image))), None)
        if found is None:
            missing.append(item.image)
        else:
            places[item.id] = found
    if missing:
        raise Misconfigured(
            f"{path}: {len(missing):,} of {len(items):,} pictures are not there ({some(missing)}); looked in "
            f"{', '.join(str(source) for source in sources)}: say with --pictures where they lie"
        )
    return places
