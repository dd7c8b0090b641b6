"""A candidate as the engine gives it for ordering and counting: the fields that this looks at, no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from sys import intern
from typing import TYPE_CHECKING, Any, Final

from catalog.points import AVAILABILITY, DERIVED, field_path, product_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qdrant_client.models import Record, ScoredPoint

PRODUCT_ID: Final = field_path("id")


@dataclass(frozen=True, slots=True)
class Row:
    """One point: the parts of its payload that were asked for."""

    point_id: str
    product: Mapping[str, Any]
    derived: Mapping[str, Any] = field(default_factory=dict)

    @property
    def product_id(self) -> str:
        """The product's id: part of every row."""
        product_id: str = self.product["id"]
        return product_id

    @property
    def group(self) -> str:
        """What its variants have in common; `GROUP` is its path."""
        group: str = self.derived["group"]
        return group

    def narrowed(self, paths: Iterable[str]) -> Row:
        """Return what of it lies at these paths; of two fields of one name, both."""
        names = [path.rpartition(".")[2] for path in paths]
        product, derived = (
            {name: part[name] for name in names if name in part} for part in (self.product, self.derived)
        )
        return Row(self.point_id, product, derived)

    def joined(self, other: Row) -> Row:
        """Return all that this row and another of the same point hold."""
        return Row(self.point_id, {**self.product, **other.product}, {**self.derived, **other.derived})


def row_of(point: Record | ScoredPoint) -> Row:
    """Return a point as what orders and counts look at."""
    payload = point.payload or {}
    beside = {AVAILABILITY: payload[AVAILABILITY]} if AVAILABILITY in payload else {}
    derived = {**payload.get(DERIVED, {}), **beside}
    return Row(str(point.id), product_of(payload), {name: _shared(value) for name, value in derived.items()})


def _shared(value: object) -> object:
    """Return keywords as one object where they are equal, lists of them as tuples without repetition.

    Equal ones lie in one place in memory then, which is most of what counting a thousand rows costs.
    """
    if isinstance(value, list):
        return tuple(map(intern, dict.fromkeys(value)))
    return intern(value) if isinstance(value, str) else value
