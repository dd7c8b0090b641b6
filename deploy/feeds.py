"""A catalogue file as events: JSON Lines, each line a native event or a plain product."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST_VERSION: Final = 1


def read_events(path: Path) -> Iterator[dict[str, object]]:
    """Yield the events of a file; a line without `type` is a product, upserted at version 1.

    Raises `Misconfigured` that names the line for what is no JSON object, or a file that cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _event(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} cannot be read: {error}") from error


def _event(line: str, where: str) -> dict[str, object]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise Misconfigured(f"{where} is not JSON: {error}") from error
    if not isinstance(entry, dict):
        raise Misconfigured(f"{where} is not a JSON object")
    if "type" in entry:
        return entry
    return {"type": "product.upserted", "version": entry.get("version", FIRST_VERSION), "product": entry}
