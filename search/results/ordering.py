"""The orders that are not relevance: by a field, and the one of browsing. Pure.

A key is a list of numbers with the product's id at its end, and less is earlier; what lacks the value comes last either
way. It is all that a cursor needs: what follows is what has a greater key, whatever was written meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from catalog.points import BROWSE, field_path
from catalog.product import iso
from search.filters import During, Filter, Within
from search.rows import PRODUCT_ID

if TYPE_CHECKING:
    from search.rows import Row

Key: TypeAlias = "list[int | float | str]"

RELEVANCE: Final = "relevance"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_PRESENT, _MISSING = 0, 1
_COARSE: Final = 2**11
_FIELD_KEY, _BROWSING_KEY = 3, 6
_LARGEST: Final = 2.0**64
_LATEST_FIRST: Final = (-253_402_300_799_999_999, 62_135_596_800_000_000)
"""The years 9999 to 1 as a descending key has them: microseconds before 1970."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order that the engine knows too: by the field at `path`, greater first where `descending`."""

    name: str
    path: str
    descending: bool

    @property
    def paths(self) -> tuple[str, ...]:
        """What a row must hold to have a key."""
        own = (PRODUCT_ID, self.path)
        return (*own, _POPULARITY, _CREATED_AT) if self.path == BROWSE else own

    @property
    def always_there(self) -> bool:
        """Whether every product has a value."""
        return self.path == BROWSE

    def value(self, row: Row) -> int | float | None:
        """Return what the row is ordered by, a time in microseconds since 1970; None where it has none.

        The browsing key is coarse: ranges are of floats, which hold no more of an integer that large.
        """
        if self.path == BROWSE:
            browse: int = row.derived["browse"]
            return browse // _COARSE * _COARSE
        held = row.product.get(self.path.rpartition(".")[2])
        return _microseconds(held) if self.path == _CREATED_AT and held is not None else held

    def key(self, row: Row) -> Key:
        """Return the row's place in the order."""
        value = self.value(row)
        if value is None:
            return [_MISSING, 0, row.product_id]
        signed = -value if self.descending else value
        return [_PRESENT, signed, *(_finer(row) if self.path == BROWSE else ()), row.product_id]

    def value_of(self, key: Key) -> int | float | None:
        """Return the value that a key begins with, None for one of the products that have none."""
        present, signed = key[0], key[1]
        assert not isinstance(signed, str)
        return None if present == _MISSING else -signed if self.descending else signed

    def fits(self, key: Key) -> bool:
        """Whether a list can be a key of this order: what a cursor holds may be anything."""
        length = _BROWSING_KEY if self.path == BROWSE else _FIELD_KEY
        if len(key) != length or key[0] not in {_PRESENT, _MISSING} or not isinstance(key[-1], str):
            return False
        least, largest = _LATEST_FIRST if self.path == _CREATED_AT else (-_LARGEST, _LARGEST)
        return all(isinstance(part, int | float) and least <= part <= largest for part in key[:-1])

    def equal_to(self, value: float | None) -> Filter:
        """Return the filter of what has this very value, or none at all."""
        if value is None:
            return Filter(must_not=(self._anything,))
        if self.path == BROWSE:
            return Filter(must=(Within(self.path, gte=value, lt=value + _COARSE),))
        return Filter(must=(self._range(gte=value, lte=value),))

    def beyond(self, value: float) -> Filter:
        """Return the filter of what has a value that comes later."""
        return Filter(must=(self._range(lt=value) if self.descending else self._range(gt=value),))

    @property
    def _anything(self) -> Within | During:
        return During(self.path, gte=_FIRST_TIME) if self.path == _CREATED_AT else Within(self.path, gte=0)

    def _range(self, **bounds: float) -> Within | During:
        if self.path != _CREATED_AT:
            return Within(self.path, **bounds)
        times = {name: iso(_EPOCH + int(value) * _MICROSECOND) for name, value in bounds.items()}
        return During(self.path, **times)


_CREATED_AT: Final = field_path("created_at")
_POPULARITY: Final = field_path("popularity")
_FIRST_TIME: Final = "0001-01-01T00:00:00Z"

BROWSING: Final = Order("browsing", BROWSE, descending=True)
"""By -popularity, -created_at, id: one number in the engine, which rounds both; the key sets right what it rounded."""

ORDERS: Final = {
    "price": Order("price", field_path("price"), descending=False),
    "-price": Order("-price", field_path("price"), descending=True),
    "-created_at": Order("-created_at", _CREATED_AT, descending=True),
    "-popularity": Order("-popularity", _POPULARITY, descending=True),
}


def _finer(row: Row) -> Key:
    created = row.product.get("created_at")
    dated = [_PRESENT, -_microseconds(created)] if created else [_MISSING, 0]
    return [-row.product.get("popularity", 0.0), *dated]


def _microseconds(moment: str) -> int:
    return (datetime.fromisoformat(moment) - _EPOCH) // _MICROSECOND
