"""Filters as shoppers write them, to conditions on the index: pure, and where an unknown field is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from catalog.errors import InvalidInput
from catalog.keywords import attribute_keyword
from catalog.points import (
    ATTRIBUTE,
    AVAILABILITY,
    CATEGORY,
    FLOATS,
    GROUP,
    KEYWORDS,
    NO,
    TIMES,
    YES,
    field_path,
    number_path,
)
from catalog.product import ATTRIBUTE_PREFIX, CATEGORY_SEPARATOR, INT64, iso, parse_category
from search.filter_values import RangeFilter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from search.filter_values import FilterValue

    Scalar: TypeAlias = bool | int | float | str

BOUNDS: Final = ("gt", "gte", "lt", "lte")
RANGED: Final = ("stock", *FLOATS, *TIMES)
MATCHED: Final = ("id", "category", "group_id", "in_stock", *KEYWORDS)
_KNOWN: Final = ", ".join([*MATCHED, *RANGED, "attributes.NAME"])


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field at `path` has one of these values."""

    path: str
    values: tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """The number at `path` lies between the bounds that are given."""

    path: str
    gt: float | None = None
    gte: float | None = None
    lt: float | None = None
    lte: float | None = None


@dataclass(frozen=True, slots=True)
class During:
    """The time at `path` lies between the bounds that are given, each ISO 8601 in UTC."""

    path: str
    gt: str | None = None
    gte: str | None = None
    lt: str | None = None
    lte: str | None = None


@dataclass(frozen=True, slots=True)
class Products:
    """The product is one of these."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """The product has a vector in this arm."""

    arm: str


@dataclass(frozen=True, slots=True)
class Points:
    """The product's point is one of these."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of the conditions holds."""

    conditions: tuple[Condition, ...]


Condition: TypeAlias = AnyOf | Within | During | Products | Points | Has | Either


@dataclass(frozen=True, slots=True)
class Filter:
    """All of `must` hold and none of `must_not`."""

    must: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()

    def __and__(self, other: Filter) -> Filter:
        return Filter(self.must + other.must, self.must_not + other.must_not)


def build_filter(
    wanted: Mapping[str, FilterValue], excluded: Mapping[str, FilterValue], numbers: Sequence[str]
) -> Filter:
    """Return the conditions of a request; `numbers` are the attributes that take ranges.

    Raises `InvalidInput` that names the field for an unknown one or a value that it cannot have.
    """
    return Filter(
        must=tuple(_condition(name, value, f"filter.{name}", numbers) for name, value in wanted.items()),
        must_not=tuple(_condition(name, value, f"exclude.{name}", numbers) for name, value in excluded.items()),
    )


def _condition(name: str, value: FilterValue, where: str, numbers: Sequence[str]) -> Condition:
    values: list[Scalar] = value if isinstance(value, list) else [] if isinstance(value, RangeFilter) else [value]
    bounds = value if isinstance(value, RangeFilter) else None
    if name.startswith(ATTRIBUTE_PREFIX) and len(name) > len(ATTRIBUTE_PREFIX):
        return _attribute(name.removeprefix(ATTRIBUTE_PREFIX), values, bounds, where, numbers)
    if name in RANGED:
        return _times(name, values, bounds, where) if name in TIMES else _numbers(name, values, bounds, where)
    if name not in MATCHED:
        raise InvalidInput(f"is no field that can be filtered; known are {_KNOWN}", field=where[:200])
    if bounds is not None:
        raise InvalidInput("takes values, not a range", field=where)
    return _matched(name, values, where)


def _matched(name: str, values: list[Scalar], where: str) -> Condition:
    if name == "in_stock":
        return AnyOf(AVAILABILITY, tuple(YES if _flag(item, where) else NO for item in values))
    texts = tuple(_text(item, where) for item in values)
    if name == "id":
        return Products(texts)
    if name == "category":
        return AnyOf(CATEGORY, tuple(_category(text, where) for text in texts))
    return AnyOf(GROUP if name == "group_id" else field_path(name), texts)


def _attribute(
    name: str, values: list[Scalar], bounds: RangeFilter | None, where: str, numbers: Sequence[str]
) -> Condition:
    if bounds is None:
        return AnyOf(ATTRIBUTE, tuple(attribute_keyword(name, item) for item in values))
    if name not in numbers:
        raise InvalidInput(
            "takes values, not a range: declare the attribute as a number in VITRINE_CATALOGUE__NUMBERS", field=where
        )
    return _within(number_path(name), bounds, where)


def _numbers(name: str, values: list[Scalar], bounds: RangeFilter | None, where: str) -> Condition:
    path = field_path(name)
    if bounds is not None:
        return _within(path, bounds, where)
    exact = [_number(item, where) for item in values]
    return Either(tuple(Within(path, gte=number, lte=number) for number in exact))


def _within(path: str, bounds: RangeFilter, where: str) -> Within:
    given = {name: getattr(bounds, name) for name in BOUNDS if getattr(bounds, name) is not None}
    return Within(path, **{name: _number(bound, f"{where}.{name}") for name, bound in given.items()})


def _times(name: str, values: list[Scalar], bounds: RangeFilter | None, where: str) -> Condition:
    path = field_path(name)
    if bounds is not None:
        given = {name: getattr(bounds, name) for name in BOUNDS if getattr(bounds, name) is not None}
        return During(path, **{name: _time(bound, f"{where}.{name}") for name, bound in given.items()})
    moments = [_time(item, where) for item in values]
    return Either(tuple(During(path, gte=moment, lte=moment) for moment in moments))


def _text(value: Scalar, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput("takes text", field=where)
    return value


def _flag(value: Scalar, where: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput("takes true or false", field=where)
    return value


def _number(value: Scalar, where: str) -> float:
    if isinstance(value, bool | str):
        raise InvalidInput("takes numbers", field=where)
    if not INT64[0] <= value <= INT64[1]:
        raise InvalidInput("is beyond 64 bits", field=where)
    return float(value)


def _time(value: Scalar, where: str) -> str:
    try:
        moment = datetime.fromisoformat(_text(value, where))
        return iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise InvalidInput("takes times in ISO 8601, such as 2026-05-01T10:00:00Z", field=where) from error


def _category(path: str, where: str) -> str:
    try:
        return CATEGORY_SEPARATOR.join(parse_category(path))
    except ValueError as error:
        raise InvalidInput(str(error), field=where) from error
