"""Facets: what a field's values are in a set of products, and how many have each. Pure.

A value is counted under the very keyword that a filter on it asks for, so that choosing it finds as many as were
counted. Values are in the order of their count, equal ones by themselves.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from catalog.errors import InvalidInput
from catalog.keywords import attribute_name_keyword
from catalog.points import (
    ATTRIBUTE,
    AVAILABILITY,
    CATEGORY,
    FLOATS,
    GROUP,
    NO,
    PRODUCT,
    YES,
    field_path,
    number_path,
)
from catalog.product import ATTRIBUTE_PREFIX, ATTRIBUTES, CATEGORY_SEPARATOR
from search.results import buckets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from search.rows import Row

_KEYWORDS: Final = {
    "brand": field_path("brand"),
    "currency": field_path("currency"),
    "language": field_path("language"),
    "category": CATEGORY,
    "group_id": GROUP,
    "in_stock": AVAILABILITY,
}
_NUMBERS: Final = (*FLOATS, "stock")
_KNOWN: Final = ", ".join([*_KEYWORDS, *_NUMBERS, "attributes.NAME"])
_FLAGS: Final = {YES: True, NO: False}


class Tally:
    """Rows to count; the keywords of a path are counted once, however many facets look there."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._counts: dict[str, Counter[str]] = {}

    def keywords(self, path: str) -> Mapping[str, int]:
        """Return the keywords at a path, and how many rows have each."""
        if path not in self._counts:
            part, _, name = path.rpartition(".")
            held = [(row.product if part == PRODUCT else row.derived).get(name) for row in self.rows]
            several = [value if isinstance(value, tuple) else (value,) for value in held if value]
            self._counts[path] = Counter(chain.from_iterable(several))
        return self._counts[path]


@dataclass(frozen=True, slots=True)
class ValuesFacet:
    """A field of keywords at `path`; those of one attribute share a path and begin with `prefix`."""

    name: str
    path: str
    prefix: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """What a row must hold to be counted."""
        return (self.path,)

    def count(self, tally: Tally) -> dict[str, Any]:
        """Return the values of the rows with their counts, and how many rows have none."""
        counts = tally.keywords(self.path)
        return self.answer(self.mine(counts), len(tally.rows) - self.present(counts))

    def answer(self, counts: Mapping[str, int], missing: int) -> dict[str, Any]:
        """Return the facet of keywords that were counted already."""
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return {
            "values": [{"value": self._value(keyword), "count": count} for keyword, count in ordered],
            "missing": missing,
        }

    def mine(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Return, of the keywords at the path, those of this field."""
        return {keyword: count for keyword, count in counts.items() if keyword.startswith(self.prefix)}

    def present(self, counts: Mapping[str, int]) -> int:
        """Return how many products have a value at all, from the count of every keyword at the path."""
        if self.prefix:
            return counts.get(self.prefix.removesuffix("="), 0)
        roots = (
            count for keyword, count in counts.items() if self.path != CATEGORY or CATEGORY_SEPARATOR not in keyword
        )
        return sum(roots)

    def _value(self, keyword: str) -> str | bool:
        return _FLAGS[keyword] if self.path == AVAILABILITY else keyword.removeprefix(self.prefix)


@dataclass(frozen=True, slots=True)
class NumbersFacet:
    """A field of numbers at `path`: its span and its buckets. `attribute` names it where it is one."""

    name: str
    path: str
    attribute: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """What a row must hold to be counted."""
        return (field_path(ATTRIBUTES) if self.attribute is not None else self.path,)

    def count(self, tally: Tally) -> dict[str, Any]:
        """Return the span of the rows' numbers, the buckets that are not empty, and how many rows have none."""
        values = [value for row in tally.rows if (value := self.value(row)) is not None]
        if not values:
            return self.answer([], [], len(tally.rows))
        above_zero = min((value for value in values if value > 0), default=None)
        bounds = buckets.edges(min(values), max(values), above_zero)
        return self.answer(
            bounds, buckets.count(values, bounds), len(tally.rows) - len(values), (min(values), max(values))
        )

    def answer(
        self, bounds: Sequence[float], counts: Sequence[int], missing: int, span: tuple[float, float] | None = None
    ) -> dict[str, Any]:
        """Return the facet of buckets that were counted already."""
        low, high = span or (None, None)
        ranges = zip(bounds[:-1], bounds[1:], counts, strict=True)
        filled = [{"gte": gte, "lt": lt, "count": count} for gte, lt, count in ranges if count]
        return {"min": low, "max": high, "buckets": filled, "missing": missing}

    def value(self, row: Row) -> float | None:
        """Return the number of a row, None where it has none that a range could find."""
        held = row.product.get(self.name) if self.attribute is None else None
        if self.attribute is not None:
            held = row.product.get(ATTRIBUTES, {}).get(self.attribute)
        return float(held) if isinstance(held, int | float) and not isinstance(held, bool) else None


Facet: TypeAlias = ValuesFacet | NumbersFacet


def read_facets(names: Sequence[str], numbers: Sequence[str]) -> tuple[Facet, ...]:
    """Return the facets of these names; `numbers` are the attributes that take ranges.

    Raises `InvalidInput` that names the one for which there is no facet.
    """
    return tuple(_facet(name, f"facets.{place}", numbers) for place, name in enumerate(names))


def _facet(name: str, where: str, numbers: Sequence[str]) -> Facet:
    if name in _KEYWORDS:
        return ValuesFacet(name, _KEYWORDS[name])
    if name in _NUMBERS:
        return NumbersFacet(name, field_path(name))
    attribute = name.removeprefix(ATTRIBUTE_PREFIX)
    if attribute in {name, ""}:
        raise InvalidInput(f"there is no facet {name[:200]!r}; there are {_KNOWN}", field=where)
    if attribute in numbers:
        return NumbersFacet(name, number_path(attribute), attribute)
    return ValuesFacet(name, ATTRIBUTE, f"{attribute_name_keyword(attribute)}=")
