"""What stands between the socket and a request: limits on size and number, and a body read as JSON or as a form."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidInput, Overloaded
from search.schemas import SearchRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """What one request may cost, and how many are worked on at once."""

    max_body_bytes: int = 10 * MIB
    max_picture_pixels: int = 25_000_000
    max_concurrent: int = 64
    depth: int = 1_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A search as it came: the request, and the pictures that were uploaded with it."""

    request: SearchRequest
    pictures: Sequence[bytes] = field(default=())


def with_uploads(request: SearchRequest, pictures: Sequence[bytes]) -> Upload:
    """Return the request with a term of weight 1 for each picture that no term names."""
    named = {term.image.part for term in request.terms if term.image is not None}
    unnamed = [{"image": {"part": number}} for number in range(len(pictures)) if number not in named]
    if not unnamed:
        return Upload(request, pictures)
    fields = request.model_dump(exclude_unset=True)
    fields["terms"] = [*fields.get("terms", []), *unnamed]
    return Upload(SearchRequest.model_validate(fields), pictures)


def parse_json(body: bytes) -> SearchRequest:
    """Read a request; raises pydantic's `ValidationError`, also for what is no JSON."""
    if not body.strip():
        raise InvalidInput("the body is empty; `{}` browses everything")
    return SearchRequest.model_validate_json(body)


class Door:
    """Lets so many in at once and no more: overload fails here, at once, and not deep inside after a long wait."""

    def __init__(self, max_concurrent: int) -> None:
        self._free = asyncio.Semaphore(max_concurrent)

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Hold a place; raises `Overloaded` where there is none."""
        if self._free.locked():
            raise Overloaded("too many searches at once", retry_after_seconds=1)
        async with self._free:
            yield
