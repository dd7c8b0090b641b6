"""A product as the outside describes it: the fields, what each may hold, and how they are read.

Reading is strict about types and forgiving about the rest: blank text counts as not given, unknown fields are named
and left behind. One wrong field refuses the whole description.
"""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr

Json: TypeAlias = Any
"""A JSON value: text, number, bool, null, list or map of these."""

MAX_ID_CHARS: Final = 128
MAX_IMAGES: Final = 8
MAX_CATEGORY_PARTS: Final = 8
CATEGORY_SEPARATOR: Final = " > "
INT64: Final = (-(2**63), 2**63 - 1)


def parse_category(path: str) -> tuple[str, ...]:
    """Split a category path at `>`; raises ValueError unless it has one to eight non-empty parts."""
    parts = tuple(part.strip() for part in path.split(">"))
    if not all(parts) or len(parts) > MAX_CATEGORY_PARTS:
        raise ValueError(
            f"a category is a path of 1 to {MAX_CATEGORY_PARTS} non-empty parts, such as 'Women > Shoes > Sandals'"
        )
    return parts


def _category(path: str) -> str:
    return CATEGORY_SEPARATOR.join(parse_category(path))


def _reject_bool(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("Input should be a number")  # noqa: TRY004 - pydantic turns a ValueError into a field error
    return value


def _as_stored(value: float) -> float:
    """Round to the 15 significant digits that engines give back exactly, and make zero positive: it sorts last else."""
    rounded = float(f"{value:.15g}") + 0.0
    return rounded if math.isfinite(rounded) else value


def _attribute_value(value: object) -> object:
    texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    number = isinstance(value, int | float) and abs(value) <= sys.float_info.max
    if not texts and not number and not isinstance(value, str | None):
        raise ValueError("an attribute is text, a finite number, true, false or a list of text")
    return value


def _blank_is_absent(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _image(reference: str) -> str:
    scheme = reference.split(":", 1)[0].lower() if ":" in reference.split("/", 1)[0] else ""
    if not reference.strip() or scheme not in {"", "http", "https", "data"}:
        raise ValueError("an image is an http(s) URL, a data: URL or a path below the images folder")
    return reference


def _time(value: object) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("a time is ISO 8601 text, such as 2026-05-01T10:00:00Z")  # noqa: TRY004
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:  # whose text repeats the value, however long
        raise ValueError(f"{value!r:.60} is no ISO 8601 time, such as 2026-05-01T10:00:00Z") from error
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time between the years 1 and 9999, in UTC") from error


Text = Annotated[StrictStr | None, AfterValidator(_blank_is_absent)]
Number = Annotated[float, BeforeValidator(_reject_bool), Field(ge=0, allow_inf_nan=False), AfterValidator(_as_stored)]
Whole = Annotated[int, Field(strict=True, ge=INT64[0], le=INT64[1])]
Time = Annotated[datetime, BeforeValidator(_time)]
ProductId = Annotated[StrictStr, Field(min_length=1, max_length=MAX_ID_CHARS)]
Image = Annotated[StrictStr, AfterValidator(_image)]
NonBlank = Annotated[StrictStr, Field(min_length=1, pattern=r"\S")]
AttributeName = Annotated[StrictStr, Field(min_length=1, max_length=MAX_ID_CHARS)]
AttributeNumber = Annotated[
    float, BeforeValidator(_reject_bool), Field(allow_inf_nan=False), AfterValidator(_as_stored)
]
AttributeValue = Annotated[
    StrictBool | Whole | AttributeNumber | StrictStr | list[StrictStr], BeforeValidator(_attribute_value)
]
Attributes = dict[AttributeName, AttributeValue | None]


class ProductFields(BaseModel):
    """The fields a product may have; which of them were named is `model_fields_set`, and null means none."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: Text = None
    description: Text = None
    brand: Text = None
    category: Annotated[StrictStr, AfterValidator(_category)] | None = None
    price: Number | None = None
    currency: Text = None
    stock: Whole | None = None
    in_stock: StrictBool | None = None
    images: Annotated[list[Image], Field(max_length=MAX_IMAGES)] | None = None
    attributes: Attributes | None = None
    codes: list[NonBlank] | None = None
    group_id: Text = None
    url: Text = None
    language: Text = None
    popularity: Number | None = None
    created_at: Time | None = None
    updated_at: Time | None = None

    def registers(self) -> dict[str, Json]:
        """Return what was named, by register: each field, and each attribute as `attributes.KEY`; null removes.

        Times come as ISO 8601 text in UTC. `attributes: null` stays one register, `attributes`.
        """
        named: dict[str, Json] = {}
        given = self.model_fields_set
        for name, value in self.__dict__.items():  # which holds the fields, and costs less than asking for each
            if name not in given:
                continue
            if name == "attributes" and value is not None:
                named |= {attribute_register(key): _attribute(item) for key, item in value.items()}
            elif isinstance(value, datetime):
                named[name] = iso(value)
            else:
                named[name] = value or None if isinstance(value, list) else value
        return named


def _attribute(value: Json) -> Json:
    return None if value == [] or value is None else _blank_is_absent(value)


FIELDS: Final = tuple(ProductFields.model_fields)
ATTRIBUTES: Final = "attributes"
ATTRIBUTE_PREFIX: Final = "attributes."


def attribute_register(name: str) -> str:
    """Return the register of one attribute."""
    return ATTRIBUTE_PREFIX + name


def iso(moment: datetime) -> str:
    """Return a time as ISO 8601 text in UTC with `Z`, so that equal times are equal texts."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
