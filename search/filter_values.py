"""How a filter is written: by field a value, a list of them, or a range; which fields there are says `filters.py`."""

from __future__ import annotations

import math
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PlainValidator, StrictStr, Tag, model_validator

from catalog.product import ATTRIBUTE_PREFIX, MAX_ID_CHARS

MAX_FILTER_VALUES: Final = 64
MAX_FILTER_FIELDS: Final = 64


FieldName = Annotated[StrictStr, Field(max_length=len(ATTRIBUTE_PREFIX) + MAX_ID_CHARS)]
Scalar: TypeAlias = bool | int | float | str
VALUE, VALUES, RANGE = FORMS = ("<value>", "<values>", "<range>")
"""The forms of a filter's value; pydantic puts them into the path of an error, where they help nobody."""


def _scalar(value: object) -> object:
    if not _is_scalar(value):
        raise ValueError("takes text, a finite number, true or false; a list of these; or a range of gt, gte, lt, lte")
    return value


def _bound(value: object) -> object:
    if isinstance(value, bool) or not _is_scalar(value):
        raise ValueError("takes a finite number, or a time in ISO 8601 such as 2026-05-01T10:00:00Z")
    return value


def _is_scalar(value: object) -> bool:
    return isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))


def _form(value: object) -> str:
    if isinstance(value, dict | RangeFilter):
        return RANGE
    return VALUES if isinstance(value, list) else VALUE


# One function for each: of a union pydantic would report every branch, by its own name for it.
FilterScalar = Annotated[Scalar, PlainValidator(_scalar, json_schema_input_type=Scalar)]
Bound = Annotated[int | float | str, PlainValidator(_bound, json_schema_input_type=float | str)]


class RangeFilter(BaseModel):
    """A range: numbers, or ISO 8601 times for time fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gt: Bound | None = None
    gte: Bound | None = None
    lt: Bound | None = None
    lte: Bound | None = None

    @model_validator(mode="after")
    def _some_bound(self) -> RangeFilter:
        if all(bound is None for bound in (self.gt, self.gte, self.lt, self.lte)):
            raise ValueError("a range has at least one of gt, gte, lt, lte")
        return self


FilterValue = Annotated[
    Annotated[FilterScalar, Tag(VALUE)]
    | Annotated[list[FilterScalar], Field(min_length=1, max_length=MAX_FILTER_VALUES), Tag(VALUES)]
    | Annotated[RangeFilter, Tag(RANGE)],
    Discriminator(_form),
]
Filters = Annotated[dict[FieldName, FilterValue], Field(max_length=MAX_FILTER_FIELDS)]
