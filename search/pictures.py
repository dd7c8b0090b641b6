"""A product's picture for a page to show: what lies on this side is handed out, a URL is pointed to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.errors import InvalidPicture, PictureUnavailable
from encoders.pictures.decode import media_type

if TYPE_CHECKING:
    from encoders.pictures.fetch import PictureFetcher
    from search.access import Scope
    from search.retriever import Retriever


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """A picture's bytes and media type, or the location where a browser finds it."""

    data: bytes = b""
    media_type: str = ""
    location: str | None = None


class ProductPictures:
    """Finds pictures through the products that show them: no product in scope, no picture."""

    def __init__(self, retriever: Retriever, fetcher: PictureFetcher) -> None:
        self._retriever = retriever
        self._fetcher = fetcher

    async def find(self, product_id: str, number: int, scope: Scope) -> FoundPicture | None:
        """Return picture `number` of a product, None where there is none that a browser could show."""
        stored = await self._retriever.product(product_id, scope)
        images: list[str] = stored.state.product().get("images", []) if stored else []
        if not 0 <= number < len(images):
            return None
        reference = images[number]
        if reference.split(":", 1)[0].lower() in {"http", "https"}:
            return FoundPicture(location=reference)
        return await asyncio.to_thread(self._read, reference)

    def _read(self, reference: str) -> FoundPicture | None:
        try:
            data = self._fetcher.fetch(reference)
            return FoundPicture(data, media_type(data))
        except (InvalidPicture, PictureUnavailable):
            return None
