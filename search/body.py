"""What stands between the socket and a request: limits on size and number, and a body read as JSON or as a form."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import pydantic_core
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from catalog.errors import InvalidInput, Overloaded
from search.events import MEDIA_TYPES as EVENT_TYPES
from search.events import split_lines
from search.filter_values import MAX_FILTER_VALUES
from search.schemas import ExplainRequest, ImageSource, SearchRequest, Term

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.datastructures import FormData
    from starlette.requests import Request

    from search.events import Line

MIB: Final = 2**20
JSON: Final = "application/json"
FORM: Final = "multipart/form-data"
MAX_PARTS: Final = 20
_NAME_CHARS: Final = 200
_BYTES_A_VALUE: Final = 2  # at least: itself and a comma
MAX_VALUES: Final = 10_000
"""More than any request needs; each wrong value costs an error of its own, and a body has room for a million."""


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """What one request may cost, and how many are worked on at once."""

    max_body_bytes: int = 10 * MIB
    timeout_seconds: float = 10.0
    max_concurrent: int = 64
    body_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Upload:
    """A search as it came: the request, and the pictures that were uploaded with it."""

    request: SearchRequest
    pictures: Sequence[bytes] = field(default=())


async def read_upload(request: Request, limits: ApiLimits) -> Upload:
    """Read the body of a search, JSON or a form with pictures.

    Raises `HTTPException` (400, 415) for a form that is broken and for another media type or encoding, `InvalidInput`
    and pydantic's `ValidationError` for what a request cannot be.
    """
    _check_encoding(request)
    declared, options = parse_options_header(request.headers.get("content-type") or JSON)
    kind = declared.decode("latin-1")
    if kind == FORM:
        if options.get(b"charset", b"utf-8").lower() not in {b"utf-8", b"utf8"}:
            raise InvalidInput("forms are read as UTF-8; leave the charset out", field="content-type")
        async with request.form(max_files=MAX_PARTS, max_fields=MAX_PARTS, max_part_size=limits.max_body_bytes) as form:
            return await _from_form(form)
    if kind != JSON and not kind.endswith("+json"):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body is {JSON} or {FORM}")
    return Upload(parse_json(await request.body()))


async def read_events(request: Request) -> list[Line]:
    """Read the lines of events; raises `HTTPException` (415) for another media type, `InvalidInput` for no lines.

    A body without a media type is refused too: a page in a browser may send one anywhere without asking first.
    """
    declared, _ = parse_options_header(request.headers.get("content-type", ""))
    if declared.decode("latin-1") not in EVENT_TYPES:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body is {EVENT_TYPES[0]}: one event a line")
    _check_encoding(request)
    return split_lines(await request.body())


async def _from_form(form: FormData) -> Upload:
    if not form:
        raise InvalidInput("the form has no parts; perhaps its last boundary is missing")
    unknown = sorted(set(form) - {"image", "request"})
    files = [part for part in form.getlist("image") if isinstance(part, UploadFile)]
    if unknown or len(files) < len(form.getlist("image")):
        where = ",".join(unknown)[:200] or "image"
        raise InvalidInput("a form has the part `request` (JSON) and files named `image`", field=where)
    if len(form.getlist("request")) > 1:
        raise InvalidInput("a form has one part of this name", field="request")
    text = form.get("request", "{}")
    body = await text.read() if isinstance(text, UploadFile) else text.encode()
    return with_uploads(parse_json(body), [await part.read() for part in files])


def with_uploads(request: SearchRequest, pictures: Sequence[bytes]) -> Upload:
    """Return the request with a term of weight 1 for each picture that no term names."""
    named = {term.image.part for term in request.terms if term.image is not None}
    unnamed = [Term(image=ImageSource(part=number)) for number in range(len(pictures)) if number not in named]
    return Upload(request.model_copy(update={"terms": [*request.terms, *unnamed]}), pictures)


def parse_json(body: bytes) -> SearchRequest:
    """Read a request; raises `InvalidInput`, or pydantic's `ValidationError`, also for what is no JSON."""
    if not body.strip():
        raise InvalidInput("the body is empty; `{}` browses everything")
    _check_size(body)
    return SearchRequest.model_validate_json(body)


async def read_explain(request: Request) -> ExplainRequest:
    """Read the body of a request to explain; raises what `parse_json` raises, and `HTTPException` (415)."""
    _check_encoding(request)
    body = await request.body()
    _check_size(body)
    asked = ExplainRequest.model_validate_json(body)
    for number, term in enumerate(asked.request.terms):
        if term.image is not None and term.image.part is not None:
            where = f"request.terms.{number}.image.part"
            raise InvalidInput("there are no uploads here: send the picture as data", field=where)
    return asked


def _check_encoding(request: Request) -> None:
    if request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body is sent as it is, without content-encoding")


def _check_size(body: bytes) -> None:
    """Refuse a body of too many values before they are validated: that would take minutes and gigabytes."""
    if len(body) <= _BYTES_A_VALUE * MAX_VALUES:
        return
    try:
        pending = [("", pydantic_core.from_json(body))]
    except ValueError:
        return  # validation says what is wrong with it
    sizes: dict[str, int] = {}
    count = 0
    while pending:
        where, value = pending.pop()
        if not isinstance(value, dict | list):
            continue
        sizes[where] = len(value)
        count += len(value)
        if count > MAX_VALUES:
            at_most = f"a request has at most {MAX_VALUES:,} values, a field of its filter {MAX_FILTER_VALUES}"
            raise InvalidInput(at_most, field=max(sizes, key=sizes.__getitem__))
        named = value.items() if isinstance(value, dict) else enumerate(value)
        pending += [(f"{where}.{name}".removeprefix(".")[:_NAME_CHARS], part) for name, part in named]


class Door:
    """Lets so many in at once and no more: overload fails here, at once, and not deep inside after a long wait."""

    def __init__(self, max_concurrent: int, what: str = "searches") -> None:
        self._free = asyncio.Semaphore(max_concurrent)
        self._what = what

    def check(self) -> None:
        """Raise `Overloaded` where there is no place; without taking one."""
        if self._free.locked():
            raise Overloaded(f"too many {self._what} at once", retry_after_seconds=1)

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Hold a place; raises `Overloaded` where there is none."""
        self.check()
        async with self._free:
            yield
