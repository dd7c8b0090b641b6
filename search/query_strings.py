"""What stands in a query string: the simple search, and what is being typed; strings that are read as what they say."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from search.filter_values import MAX_FILTER_VALUES, FilterValue, RangeFilter
from search.schemas import DEFAULT_LIMIT, MAX_LIMIT, MAX_TEXT_CHARS, SearchRequest

MAX_SUGGESTIONS: Final = 20
DEFAULT_SUGGESTIONS: Final = 8


class _QueryString(BaseModel):
    """A query string. A parameter without a value was not given: a form sends each of its fields, filled in or not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, sent: dict[str, Any]) -> dict[str, Any]:
        filled = {name: _filled(value) for name, value in sent.items()}
        return {name: value for name, value in filled.items() if value not in ("", []) or name not in cls.model_fields}


def _filled(value: object) -> object:
    return [one for one in value if one != ""] if isinstance(value, list) else value


class SimpleSearch(_QueryString):
    """The query string of `GET /v1/search`."""

    q: Annotated[str, Field(max_length=MAX_TEXT_CHARS)] = ""
    category: Annotated[list[str], Field(max_length=MAX_FILTER_VALUES)] = []
    brand: Annotated[list[str], Field(max_length=MAX_FILTER_VALUES)] = []
    price_min: FiniteFloat | None = None
    price_max: FiniteFloat | None = None
    in_stock: bool | None = None
    spelling: Literal["auto", "off"] = "auto"
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1

    def request(self) -> SearchRequest:
        """Return the same query as `POST /v1/search` takes it; a blank `q` is absent."""
        filters: dict[str, FilterValue] = {}
        for name, values in (("category", self.category), ("brand", self.brand)):
            if values:
                filters[name] = list(values)
        bounds = {"gte": self.price_min, "lte": self.price_max}
        given = {name: bound for name, bound in bounds.items() if bound is not None}
        if given:
            filters["price"] = RangeFilter(**given)
        if self.in_stock is not None:
            filters["in_stock"] = self.in_stock
        return SearchRequest(
            text=self.q if self.q.strip() else None,
            filter=filters,
            spelling=self.spelling,
            limit=self.limit,
            page=self.page,
        )


_PARAMETERS: Final = {
    "text": "q",
    "filter.category": "category",
    "filter.brand": "brand",
    "filter.price.gte": "price_min",
    "filter.price.lte": "price_max",
    "filter.in_stock": "in_stock",
}


def parameter_of(path: str) -> str:
    """Return the parameter of a query string that is behind a path into a request; the path itself where none is."""
    return next((name for field, name in _PARAMETERS.items() if f"{path}.".startswith(f"{field}.")), path)


class SuggestRequest(_QueryString):
    """The query string of `GET /v1/suggest`."""

    q: Annotated[str, Field(max_length=MAX_TEXT_CHARS)] = ""
    limit: Annotated[int, Field(ge=1, le=MAX_SUGGESTIONS)] = DEFAULT_SUGGESTIONS
