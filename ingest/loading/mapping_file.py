"""The mapping file: TOML that says which column is which field and how values are written."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from catalog.errors import Misconfigured
from catalog.product import ATTRIBUTE_PREFIX
from ingest.coercion import Style
from ingest.mapping import TARGETS, FieldMapping

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_Separator = Annotated[str, Field(max_length=3)]


class _MappingFile(BaseModel):
    """The file as it stands; docs/loading.md describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: Literal["upsert", "patch"] = "upsert"
    currency: str | None = None
    attributes_prefix: str = ATTRIBUTE_PREFIX
    list_separator: _Separator = ","
    category_separator: Annotated[str, Field(min_length=1, max_length=3)] = ">"
    decimal_separator: Literal[".", ","] = "."
    lists: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    columns: dict[str, str] = Field(default_factory=dict)

    @field_validator("columns")
    @classmethod
    def _fields_of_ours(cls, columns: dict[str, str]) -> dict[str, str]:
        for column, target in columns.items():
            is_attribute = target.startswith(ATTRIBUTE_PREFIX) and len(target) > len(ATTRIBUTE_PREFIX)
            if target not in TARGETS and not is_attribute:
                raise ValueError(
                    f"{column!r} maps to {target!r}, which is no field; there are {', '.join(sorted(TARGETS))} and "
                    "attributes.NAME"
                )
        return columns


def with_numbers(mapping: FieldMapping, numbers: Iterable[str]) -> FieldMapping:
    """Return the mapping with these attributes read as numbers besides its own."""
    style = replace(mapping.style, numbers=mapping.style.numbers | frozenset(numbers))
    return replace(mapping, style=style)


def read_mapping(path: Path, base: FieldMapping) -> FieldMapping:
    """Return `base` with what the file says in its place; raises `Misconfigured` that names what is wrong."""
    try:
        file = _MappingFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Misconfigured(f"the mapping file {path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Misconfigured(f"the mapping file {path}, {where}: {first['msg']}") from error
    except ValueError as error:
        raise Misconfigured(f"the mapping file {path} is not TOML: {error}") from error
    style = Style(file.list_separator, file.category_separator, file.decimal_separator, file.lists, file.numbers)
    return FieldMapping(
        columns={**base.columns, **file.columns},
        attributes_prefix=file.attributes_prefix,
        style=style,
        currency=file.currency,
        patches=file.event == "patch",
    )
