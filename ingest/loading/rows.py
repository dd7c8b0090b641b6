"""What a file is read into: rows as they stand, and rows that cannot be read; each with its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from catalog.product import Json


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins at (from 1), its values by column, and the bytes of a line that is JSON."""

    line: int
    fields: Mapping[str, Json]
    json_bytes: bytes | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is not loaded: why, in a countable word and in a sentence, and what it was."""

    line: int
    reason: str
    error: str
    content: Json


Rows: TypeAlias = "Iterator[Row | BadRow]"

CheckHeader: TypeAlias = "Callable[[Sequence[str]], None]"
"""Told the columns of a table before its rows; raises where they cannot do."""
