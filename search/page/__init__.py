"""The search page: rendered here from the same service as the API, made lively by plain ES modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from search.access import Scope
    from search.service import SearchService


class Page:
    """Renders the page."""

    def __init__(self, service: SearchService) -> None:
        self._service = service

    async def render(self, parameters: Mapping[str, str], scope: Scope) -> str:
        """Return the page's HTML."""
        return "<!doctype html>"
