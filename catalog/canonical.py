"""JSON values compared as JSON: what is written alike is equal, and every two have one order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from catalog.product import Json

_NULL: Final = "null"


def canonical_json(value: Json) -> str:
    """Return the one text of a JSON value: keys sorted, no spaces, no escapes beyond JSON's own."""
    return _NULL if value is None else json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def same_json(one: Json, other: Json) -> bool:
    """Return whether two values have the same canonical JSON, for the scalars and lists of text that a register has."""
    return type(one) is type(other) and one == other and (one != 0 or canonical_json(one) == canonical_json(other))
