"""What the page's address asks for, and the addresses of its neighbours: what a link on the page leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from search.query_strings import SimpleSearch
from search.schemas import SearchRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

LISTS: Final = ("category", "brand")
SINGLES: Final = ("q", "similar", "price_min", "price_max", "in_stock", "spelling", "sort", "limit", "page")
FACETS: Final = ("category", "brand", "price")
SHOWN_FIELDS: Final = (
    "title", "brand", "category", "price", "currency", "stock", "in_stock", "url", "language", "images",
)  # fmt: skip
PAGE_SIZE: Final = 60  # full rows of two to six cards
_SIMPLE: Final = set(SINGLES) - {"similar", "sort"}
_TRUE: Final = {"true", "1", "on", "yes", "t", "y"}


@dataclass(frozen=True, slots=True)
class Address:
    """The parameters as they were typed, so that the form shows them again even where they cannot be used.

    They are those of `GET /v1/search` and `similar`, a product id. Empty ones, as a form sends them, are absent;
    names that mean nothing here, as mail campaigns add them, are left behind.
    """

    parameters: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, parameters: Iterable[tuple[str, str]]) -> Address:
        """Return the address of a query string's pairs; where a single value comes twice, the last one counts."""
        given = [(name, value) for name, value in parameters if value.strip()]
        lasting = {name: (name, value) for name, value in given if name in SINGLES}
        listed = dict.fromkeys(pair for pair in given if pair[0] in LISTS)
        return cls((*(lasting[name] for name in SINGLES if name in lasting), *listed))

    def value(self, name: str) -> str:
        """Return a single value, empty where it is not given."""
        return next((value for known, value in self.parameters if known == name), "")

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values of a list."""
        return tuple(value for known, value in self.parameters if known == name)

    @property
    def similar(self) -> str:
        """The id of the product whose like is looked for, or empty."""
        return self.value("similar")

    @property
    def in_stock_only(self) -> bool:
        """Whether the box for what is in stock is ticked."""
        return self.value("in_stock").lower() in _TRUE

    @property
    def shows_everything(self) -> bool:
        """Whether nothing narrows what is shown."""
        return not {name for name, _ in self.parameters} - {"spelling", "sort", "limit", "page"}

    @property
    def url(self) -> str:
        """The address itself."""
        return f"/?{urlencode(self.parameters)}" if self.parameters else "/"

    def without(self, *names: str, value: str | None = None) -> Address:
        """Return the first page without these parameters, or without one of their values."""
        kept = (pair for pair in self.parameters if pair[0] not in names or (value is not None and pair[1] != value))
        return Address(tuple(pair for pair in kept if pair[0] != "page"))

    def like(self, product_id: str) -> Address:
        """Return the address of what is like a product, within the same filters."""
        return Address.read([("similar", product_id), *self.without("q", "similar").parameters])

    def as_typed(self) -> Address:
        """Return the address of the same words without corrections."""
        return Address.read([*self.without("spelling").parameters, ("spelling", "off")])

    def at_page(self, number: int) -> Address:
        """Return another page of the same."""
        later = (("page", str(number)),) if number > 1 else ()
        return Address.read([*self.without("page").parameters, *later])

    def request(self) -> SearchRequest:
        """Return what to search for; raises pydantic's `ValidationError` that names the parameter."""
        fields: dict[str, object] = {"limit": str(PAGE_SIZE)}
        fields |= {name: self.value(name) for name in SINGLES if self.value(name) and name in _SIMPLE}
        fields |= {name: list(self.values(name)) for name in LISTS}
        simple = SimpleSearch.model_validate(fields)
        terms = [{"product": self.similar}] if self.similar else []
        given = simple.request().model_dump(exclude_unset=True)
        order = {"sort": self.value("sort")} if self.value("sort") else {}
        shown = {"terms": terms, "fields": list(SHOWN_FIELDS), "facets": list(FACETS)}
        return SearchRequest.model_validate(given | shown | order)
