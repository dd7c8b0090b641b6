"""Errors as RFC 9457 problem details: one table from our errors to HTTP status, one JSON shape for all of them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.routing import Match

from catalog.errors import CollectionMismatch, InvalidInput, Misconfigured, Overloaded, Unavailable, VitrineError
from search.answers import FieldProblem, Problem
from search.filter_values import FORMS
from search.tracing import resumed, trace_id
from search.wording import worded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request, Response

MEDIA_TYPE: Final = "application/problem+json"
_MAX_ERRORS: Final = 20
_MAX_FIELD_CHARS: Final = 200
_OUTAGE_RETRY_SECONDS: Final = "2"
_log = structlog.get_logger(__name__)

STATUS: Final[Mapping[type[VitrineError], HTTPStatus]] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    CollectionMismatch: HTTPStatus.SERVICE_UNAVAILABLE,
    Misconfigured: HTTPStatus.SERVICE_UNAVAILABLE,  # a key that the engine does not take any more
    Overloaded: HTTPStatus.TOO_MANY_REQUESTS,
}
"""The status of each kind of error; a subclass has its parent's, anything else is a 500."""


def problem(
    status: HTTPStatus,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem as a response."""
    body = Problem(title=status.phrase, status=status.value, detail=detail, errors=list(errors), trace_id=trace_id())
    return JSONResponse(body.model_dump(exclude_none=True), status.value, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of an app a problem."""
    app.add_exception_handler(VitrineError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(ValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _disconnected)
    app.add_exception_handler(Exception, _unforeseen)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of the problems that a route may answer with."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


async def _ours(_request: Request, error: Exception) -> Response:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = {"Retry-After": _OUTAGE_RETRY_SECONDS} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    if isinstance(error, Overloaded):
        headers = {"Retry-After": str(max(1, round(error.retry_after_seconds)))}
    culprits = [_culprit(error.field, error.message)] if isinstance(error, InvalidInput) and error.field else []
    return problem(status, str(error), culprits, headers)


async def _invalid_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError | ValidationError)
    found: Sequence[Any]
    if isinstance(error, ValidationError):
        found, skipped = error.errors(include_url=False, include_input=False), 0
    else:
        found, skipped = error.errors(), 1  # FastAPI says first whether it stood in the query or in the path
    culprits = [_culprit(_path(one["loc"][skipped:]), worded(one)) for one in found[:_MAX_ERRORS]]
    named = "; ".join(f"{one.field}: {one.message}" if one.field else one.message for one in culprits[:3])
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"the request cannot be used: {named}", culprits)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status, headers, detail = HTTPStatus(error.status_code), error.headers, str(error.detail)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(_allowed(request, dict(headers or {}).get("Allow", "")))
        headers, detail = {"Allow": allowed}, f"this path takes {allowed}"
    elif status == HTTPStatus.NOT_FOUND and detail == status.phrase:
        detail = "there is no such path; /docs shows those that there are"
    return problem(status, detail, headers=headers)


def _allowed(request: Request, of_first_route: str) -> list[str]:
    """Return the methods of all routes of a path: the router itself names only those of the first."""
    methods = set(of_first_route.split(", "))
    for route in request.app.routes:
        if route.matches(request.scope)[0] != Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


async def _disconnected(_request: Request, _error: Exception) -> Response:
    return problem(HTTPStatus.BAD_REQUEST, "the client went away before its request was complete")


async def _unforeseen(request: Request, error: Exception) -> Response:
    with resumed(request.scope):
        _log.error("a request failed for a reason nobody foresaw", path=quote(request.scope["path"]), exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "this should not have happened; it is in the log")


def _culprit(field: str, message: str) -> FieldProblem:
    return FieldProblem(field=field[:_MAX_FIELD_CHARS], message=message)


def _path(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location if part not in FORMS)
