"""The keys that a product is found, counted and ordered by, made of its fields: keywords, paths, one integer."""

from __future__ import annotations

import struct
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from catalog.product import CATEGORY_SEPARATOR, Json, parse_category

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_FLOAT32: Final = 3.4e38
_MAX_UINT32: Final = 2**32 - 1


def attribute_keyword(name: str, value: Json) -> str:
    """Return `name=value`, the keyword under which one attribute value is indexed; `=` in a name is escaped."""
    return f"{attribute_name_keyword(name)}={_scalar_text(value)}"


def attribute_name_keyword(name: str) -> str:
    """Return the keyword under which a product is indexed that has the attribute at all: its name, `=` escaped."""
    return name.replace("\\", "\\\\").replace("=", "\\=")


def browse_key(product: Mapping[str, Any]) -> int:
    """Return one integer that orders by popularity, then by creation time (seconds), greater first; always present."""
    popularity = min(float(product.get("popularity", 0.0)), _MAX_FLOAT32)
    created = product.get("created_at")
    seconds = int(datetime.fromisoformat(created).timestamp()) if created else 0
    bits: int = struct.unpack(">I", struct.pack(">f", popularity))[0]  # floats ≥ 0 order as their bits do
    return (bits << 32) | min(max(seconds, 0), _MAX_UINT32)


def category_paths(category: str | None) -> Iterator[str]:
    """Yield a category and those above it, from the top down."""
    parts = parse_category(category) if category else ()
    for depth in range(1, len(parts) + 1):
        yield CATEGORY_SEPARATOR.join(parts[:depth])


def attribute_keywords(attributes: Mapping[str, Json]) -> Iterator[str]:
    """Yield the keywords of a product's attributes, that of each name before those of its values."""
    for name, value in attributes.items():
        items = value if isinstance(value, list) else [value]
        if items:
            yield attribute_name_keyword(name)
        yield from (attribute_keyword(name, item) for item in items)


def _scalar_text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
