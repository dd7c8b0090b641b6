"""A migration from one collection to another of the same alias, as it is kept with the new one: what survives kill -9.

Where the alias leads is the one truth about which of the two is searched; everything else that a step must know when
it goes on is in this record.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from catalog.errors import CollectionMismatch

MIGRATION: Final = "migration"
"""The key of the new collection's metadata."""
GROUP: Final = "group"
"""Likewise, and it stays there: which consumer group's offsets say what the collection has of the log."""


@dataclass(frozen=True, slots=True)
class Filling:
    """How far the states of the old collection are copied: all points up to `cursor`, in the order of their ids.

    `started` says that the new worker's place in the log was noted; nothing is copied before.
    """

    started: bool = False
    cursor: str | None = None
    points: int = 0
    done_at: str | None = None


@dataclass(frozen=True, slots=True)
class Migration:
    """From the collection `source` to `target`. Times are ISO 8601, None for what has not happened."""

    source: str
    target: str
    started_at: str
    filling: Filling = field(default_factory=Filling)
    verified_at: str | None = None
    cut_over_at: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what is kept; `parse_migration` is the inverse."""
        plain = asdict(self)
        plain.pop("target")
        return plain


def parse_migration(kept: object, target: str) -> Migration:
    """Return the migration that is kept with `target`; raises `CollectionMismatch` where it cannot be read."""
    try:
        record = {**kept, "target": target} if isinstance(kept, dict) else kept
        return _adapter().validate_python(record)
    except ValidationError as error:
        raise CollectionMismatch(
            f"what {target} keeps of its migration cannot be read: it was started by another version of Vitrine; "
            "end it with that one, or give it up with `vitrine collection migrate finish --abandon`"
        ) from error


@cache
def _adapter() -> TypeAdapter[Migration]:
    return TypeAdapter(Migration)
