"""The search page: rendered here from the same service as the API, made lively by plain ES modules."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import ValidationError

from catalog.errors import CollectionMismatch, InvalidInput, Misconfigured, Overloaded, Unavailable
from search.access import NO_KEY
from search.page.address import Address
from search.page.notices import outage, overload, refusal
from search.page.reference import read_reference
from search.page.view import BLANK_CARD, View, answered, unanswered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from search.access import Refusal, Scope
    from search.body import Door
    from search.page.notices import Notice
    from search.service import SearchService

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'self'; img-src 'self' data: https: http:; object-src 'none'; base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cache-Control": "no-cache",
    }
)
"""What goes out with every page: what a hostile title could slip past the escaping runs nowhere, and frames nothing."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page's HTML, and the status and headers to send it with."""

    html: str
    status: HTTPStatus
    headers: Mapping[str, str]


class Page:
    """Renders the page; whatever goes wrong is said on it, with the status that the API would answer with."""

    def __init__(self, service: SearchService, *, keyed: bool = False) -> None:
        self._service = service
        self._keyed = keyed
        templates = Environment(
            loader=PackageLoader("search.page"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = templates.get_template("page.html")
        self._key_template = templates.get_template("key.html")
        self._reference_template = templates.get_template("reference.html")

    def ask_for_key(self, refusal: Refusal | None) -> Rendered:
        """Return the page that asks for a key, and says what was wrong with the one that came, if one did."""
        wrong = refusal is not None and refusal.reason != NO_KEY
        html = self._key_template.render(wrong=refusal.detail if refusal is not None and wrong else "")
        return Rendered(html, refusal.status if refusal is not None and wrong else HTTPStatus.OK, HEADERS)

    def describe(self, schema: Mapping[str, Any]) -> Rendered:
        """Return the page that shows the API's schema: nothing on it comes from elsewhere."""
        html = self._reference_template.render(reference=read_reference(schema))
        return Rendered(html, HTTPStatus.OK, HEADERS)

    async def render(self, parameters: Iterable[tuple[str, str]], scope: Scope, door: Door) -> Rendered:
        """Return the page for the parameters of its address, names as often as they were given."""
        address = Address.read(parameters)
        try:
            async with door.entered():
                view = await self._found(address, scope)
        except (ValidationError, InvalidInput) as error:
            return self._noticed(address, refusal(error))
        except Overloaded as error:
            return self._noticed(address, overload(error))
        except (Unavailable, CollectionMismatch, Misconfigured) as error:
            return self._noticed(address, outage(error))
        return self._rendered(view, HTTPStatus.OK, HEADERS)

    async def _found(self, address: Address, scope: Scope) -> View:
        answer = await self._service.search(address.request(), scope)
        like = await self._service.product(address.similar, scope) if address.similar else None
        return answered(address, answer, like.state.product() if like else {})

    def _noticed(self, address: Address, notice: Notice) -> Rendered:
        retry = {"Retry-After": str(notice.retry_seconds)} if notice.retry_seconds else {}
        return self._rendered(unanswered(address, notice), notice.status, {**HEADERS, **retry})

    def _rendered(self, view: View, status: HTTPStatus, headers: Mapping[str, str]) -> Rendered:
        return Rendered(self._template.render(view=view, blank=BLANK_CARD, keyed=self._keyed), status, headers)
