"""A row of another system as a product of ours: which column is which field, and how its values are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from catalog.product import ATTRIBUTE_PREFIX, ATTRIBUTES, FIELDS
from ingest.coercion import Style, to_attribute, to_field, to_money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.product import Json

ID: Final = "id"
_PRICE: Final = "price"
TARGETS: Final = frozenset({ID, *FIELDS})
_JOINED: Final = frozenset({"images", "codes"})
"""Fields that several columns may add to; of any other the first column that has a value counts."""


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Which field each column fills.

    `columns` goes from a column to a field of ours or to `attributes.NAME`. A column that is not in it fills the field
    of its own name, unless another column does; one whose name begins with `attributes_prefix` is an attribute.
    `currency` holds for rows that name none. With `patches` a row changes only what it has.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    attributes_prefix: str = ATTRIBUTE_PREFIX
    style: Style = field(default_factory=Style)
    currency: str | None = None
    patches: bool = False

    def target(self, column: str) -> str | None:
        """Return the field or `attributes.NAME` that a column fills, None for one that nobody knows."""
        named = self.columns.get(column)
        if named is not None:
            return named
        if self.attributes_prefix and column.startswith(self.attributes_prefix):
            return ATTRIBUTE_PREFIX + column.removeprefix(self.attributes_prefix)
        return column if column in TARGETS and column not in self.columns.values() else None

    def product(self, row: Mapping[str, Json]) -> dict[str, Json]:
        """Return a row as a product; null stays null, empty text is left out, unknown columns keep their names."""
        product: dict[str, Json] = {}
        attributes: dict[str, Json] = {}
        currency = self.currency
        for column, value in row.items():
            target = self.target(column)
            if target is None:
                if column not in TARGETS:
                    product.setdefault(column, value)
            elif isinstance(value, str) and not value.strip():
                continue
            elif target.startswith(ATTRIBUTE_PREFIX):
                name = target.removeprefix(ATTRIBUTE_PREFIX)
                attributes[name] = to_attribute(name, value, self.style)
            elif target == _PRICE:
                money = to_money(value, self.style)
                currency = money.currency or currency
                _place(product, target, money.amount)
            else:
                _place(product, target, to_field(target, value, self.style))
        if currency and product.get(_PRICE) is not None and product.get("currency") is None:
            product["currency"] = currency
        return _with_attributes(product, attributes)


def _place(product: dict[str, Json], target: str, value: Json) -> None:
    held = product.get(target)
    if held is None:
        product[target] = value
    elif target in _JOINED and isinstance(held, list) and isinstance(value, list):
        held.extend(item for item in value if item not in held)


def _with_attributes(product: dict[str, Json], attributes: dict[str, Json]) -> dict[str, Json]:
    held = product.get(ATTRIBUTES)
    if not attributes or not isinstance(held, dict | None):
        return product
    return {**product, ATTRIBUTES: {**(held or {}), **attributes}}
