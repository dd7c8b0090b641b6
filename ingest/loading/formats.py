"""The file formats by name: how each is read, and how its columns are named unless a mapping says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from catalog.errors import Misconfigured
from ingest.loading.jsonl import read_json_lines
from ingest.loading.merchant import MERCHANT, read_merchant
from ingest.loading.tables import read_table
from ingest.mapping import FieldMapping

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import IO

    from ingest.loading.rows import CheckHeader, Rows


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format: how a file of it is read, and which mapping its rows need (None: they are products already)."""

    suffixes: tuple[str, ...]
    read: Callable[[IO[bytes], CheckHeader], Rows]
    mapping: FieldMapping | None


FORMATS: Final = {
    "jsonl": FileFormat((".jsonl", ".ndjson", ".json"), lambda content, _: read_json_lines(content), None),
    "csv": FileFormat((".csv",), read_table, FieldMapping()),
    "google-merchant": FileFormat((".xml", ".rss", ".atom", ".tsv", ".txt"), read_merchant, MERCHANT),
}


def format_of(path: Path, name: str | None) -> FileFormat:
    """Return the format of that name, else what the file's name ends in; raises `Misconfigured`."""
    if name is not None:
        if name not in FORMATS:
            raise Misconfigured(f"--format {name!r}: there are {', '.join(FORMATS)}")
        return FORMATS[name]
    suffix = path.with_suffix("").suffix if path.suffix.lower() == ".gz" else path.suffix
    for one in FORMATS.values():
        if suffix.lower() in one.suffixes:
            return one
    raise Misconfigured(f"{path.name} does not tell its format; say --format {', '.join(FORMATS)}")
