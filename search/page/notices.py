"""What the page says when it has no products to show, in words for the person in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from search.page.address import LISTS, SINGLES
from search.query_strings import parameter_of
from search.wording import worded

if TYPE_CHECKING:
    from catalog.errors import CollectionMismatch, InvalidInput, Misconfigured, Overloaded, Unavailable

_RETRY_SECONDS: Final = 3
_LABELS: Final = {
    "q": "Search words",
    "similar": "Similar to",
    "category": "Category",
    "brand": "Brand",
    "price_min": "Price from",
    "price_max": "Price to",
    "in_stock": "In stock",
    "spelling": "Spelling",
    "limit": "Products on a page",
    "page": "Page",
}


@dataclass(frozen=True, slots=True)
class Culprit:
    """A parameter that cannot be used: its label, its name in the address, and why."""

    label: str
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A title, an explanation, the culprits if there are any, and when to try again (0: never)."""

    status: HTTPStatus
    title: str
    detail: str
    culprits: tuple[Culprit, ...] = ()
    retry_seconds: int = 0


def refusal(error: ValidationError | InvalidInput) -> Notice:
    """Return the notice for parameters that cannot be used."""
    if isinstance(error, ValidationError):
        found = [_culprit([str(part) for part in one["loc"]], worded(one)) for one in error.errors(include_url=False)]
    else:
        found = [_culprit(error.field.split("."), error.message)]
    detail = "Something in the address of this page cannot be used. Change it here or start again."
    return Notice(HTTPStatus.UNPROCESSABLE_ENTITY, "That did not work", detail, tuple(found))


def overload(error: Overloaded) -> Notice:
    """Return the notice for a moment with too many searches at once."""
    seconds = max(1, round(error.retry_after_seconds))
    detail = "Many people are searching right now. This page tries again by itself."
    return Notice(HTTPStatus.TOO_MANY_REQUESTS, "One moment, please", detail, retry_seconds=seconds)


def outage(error: Unavailable | CollectionMismatch | Misconfigured) -> Notice:
    """Return the notice for an index that is away or not there yet."""
    detail = f"This page tries again by itself. The reason given: {error}."
    title = "The products are not available just now"
    return Notice(HTTPStatus.SERVICE_UNAVAILABLE, title, detail, retry_seconds=_RETRY_SECONDS)


def _culprit(path: list[str], message: str) -> Culprit:
    name = _parameter(path)
    return Culprit(_LABELS.get(name, name), name, message)


def _parameter(path: list[str]) -> str:
    """Return the parameter behind a path into a request, which is what the service names."""
    if path[0] in {*SINGLES, *LISTS}:
        return path[0]
    return "similar" if path[0] == "terms" else parameter_of(".".join(path))
