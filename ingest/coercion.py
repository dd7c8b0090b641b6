"""What other systems write in a column, as the field of ours takes it: text to numbers, lists, flags and times.

Only what is clear is turned; anything else is left as it came, for the one reader of products to refuse by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pydantic_core

from catalog.product import INT64, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.product import Json

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_CODE: Final = r"[A-Za-z]{3}|[€$£]"
_SIGNS: Final = {"€": "EUR", "$": "USD", "£": "GBP"}
_LONGEST_NUMBER: Final = 64

_IN_STOCK: Final = frozenset({"true", "yes", "y", "t", "1", "in_stock", "instock", "available", "limitedavailability"})
_NOT_IN_STOCK: Final = frozenset(
    {"false", "no", "n", "f", "0", "out_of_stock", "outofstock", "sold_out", "soldout", "unavailable", "discontinued"}
    | {"preorder", "pre_order", "backorder", "back_order"}  # they can be ordered, but are not there
)
_SCHEMA_ORG: Final = re.compile(r"https?://schema\.org/", re.ASCII)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_UNITS: Final = (
    (10**6, timedelta(days=1)),
    (10**11, timedelta(seconds=1)),
    (10**14, timedelta(milliseconds=1)),
    (10**17, timedelta(microseconds=1)),
)
"""Which unit a count since 1970 must have to be a time of our days: days, seconds, ms, µs; larger ones are ns."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a source writes lists, category paths and decimals."""

    list_separator: str = ","
    category_separator: str = ">"
    decimal_separator: str = "."
    lists: frozenset[str] = field(default_factory=frozenset)
    numbers: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and, where the text names one, its currency (ISO 4217)."""

    amount: Json
    currency: str | None = None


def to_field(name: str, value: Json, style: Style) -> Json:
    """Return a column's value as the field `name` takes it, or as it came; a price is split by `to_money`."""
    convert = _FIELDS.get(name)
    return convert(value, style) if convert and value is not None else value


def to_attribute(name: str, value: Json, style: Style) -> Json:
    """Return a column's value as an attribute: a list or a number where the style says so, else as it came."""
    if name in style.lists:
        return to_list(value, style)
    return to_number(value, style) if name in style.numbers else value


def to_money(value: Json, style: Style) -> Money:
    """Split `19.90 EUR`, `EUR 19.90` or `€19.90`."""
    if not isinstance(value, str):
        return Money(to_number(value, style))
    text = value.strip()
    found = re.fullmatch(rf"(?:({_CODE})\s*)?([^A-Za-z€$£]{{1,{_LONGEST_NUMBER}}}?)\s*({_CODE})?", text)
    if found is None or (found[1] and found[3]):
        return Money(value)
    currency = found[1] or found[3]
    return Money(to_number(found[2], style), _SIGNS.get(currency, currency.upper()) if currency else None)


def to_number(value: Json, style: Style) -> Json:
    """Return the number that a text holds; a group of three digits may be set off, as in `1,234.50`."""
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return value
    point = style.decimal_separator
    group = "." if point == "," else ","
    text = value.strip()
    grouped = rf"[0-9]{{1,3}}(?:[{group} \u00a0\u202f'][0-9]{{3}})+"
    if re.fullmatch(rf"[+-]?(?:[0-9]+|{grouped})(?:{re.escape(point)}[0-9]*)?(?:[eE][+-]?[0-9]{{1,2}})?", text) is None:
        return value
    return float(re.sub(rf"[{group} \u00a0\u202f']", "", text).replace(point, "."))


def to_whole(value: Json, _style: Style) -> Json:
    """Return the whole number that a text or a float holds."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= INT64[1]:
        return int(value)
    if isinstance(value, str):
        text = re.sub(r"\.0+$", "", value.strip())
        return int(text) if _WHOLE.fullmatch(text) else value
    return value


def to_list(value: Json, style: Style) -> Json:
    """Return the texts of a JSON list, or of a text with separators; those inside a URL separate nothing."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            value = _from_json(text)
        elif text.startswith("data:") or not style.list_separator:
            value = [text]
        else:
            value = [part.strip() for part in _split(text, style.list_separator) if part.strip()]
    elif isinstance(value, int):
        value = [value]
    return [_text(item, style) for item in value] if isinstance(value, list) else value


def _split(text: str, separator: str) -> list[str]:
    if "://" in text:
        return re.split(rf"{re.escape(separator)}\s*(?=[a-z]{{1,10}}://)", text)
    return text.split(separator)


def to_moment(value: Json, _style: Style) -> Json:
    """Return ISO 8601 text for a count of days, s, ms, µs or ns since 1970; the size tells which."""
    if not isinstance(value, int) or isinstance(value, bool) or not INT64[0] <= value <= INT64[1]:
        return value
    unit = next((unit for limit, unit in _EPOCH_UNITS if abs(value) < limit), None)
    try:
        return iso(_EPOCH + (value * unit if unit else timedelta(microseconds=value // 1000)))
    except OverflowError:
        return value


def _text(value: Json, _style: Style) -> Json:
    is_number = isinstance(value, int) and not isinstance(value, bool) and INT64[0] <= value <= INT64[1]
    return str(value) if is_number else value


def _flag(value: Json, _style: Style) -> Json:
    word = str(value) if isinstance(value, int) and value in {0, 1} else value
    if not isinstance(word, str):
        return value
    word = _SCHEMA_ORG.sub("", word.strip().lower()).replace(" ", "_").replace("-", "_")
    return True if word in _IN_STOCK else False if word in _NOT_IN_STOCK else value


def _category(value: Json, style: Style) -> Json:
    if not isinstance(value, str) or style.category_separator == ">":
        return value
    return " > ".join(part.strip() for part in value.split(style.category_separator))


def _object(value: Json, _style: Style) -> Json:
    return _from_json(value) if isinstance(value, str) and value.lstrip().startswith("{") else value


def _from_json(text: str) -> Json:
    try:
        return pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError:
        return text


_FIELDS: Final[dict[str, Callable[[Json, Style], Json]]] = {
    "id": _text,
    "group_id": _text,
    "category": _category,
    "stock": to_whole,
    "in_stock": _flag,
    "images": to_list,
    "attributes": _object,
    "codes": to_list,
    "popularity": to_number,
    "created_at": to_moment,
    "updated_at": to_moment,
}
