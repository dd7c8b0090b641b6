"""The routes: what each takes, who may ask, and the one call that answers it."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

import pydantic_core
from fastapi import Depends, FastAPI, Form, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from catalog.errors import InvalidInput
from search import errors
from search.access import ADMIN, ANYBODY, EVERYTHING, SEARCH, Caller, Scope, refuse_remote
from search.answers import ExplainAnswer, ProductAnswer, SearchAnswer, SuggestAnswer
from search.body import FORM, JSON, ApiLimits, Door, read_events, read_explain, read_upload
from search.events import ACCEPTED, MAX_WAITING, MEDIA_TYPES, EventIntake, EventsAnswer
from search.locks.credentials import COOKIE
from search.locks.guard import CALLER, REFUSAL
from search.query_strings import SimpleSearch, SuggestRequest, parameter_of

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping, Sequence

    from catalog.ports import EventSink
    from search.encoding.query import QueryEncoder
    from search.locks.key_file import KeyFile
    from search.metrics import SearchMetrics
    from search.page import Page, Rendered
    from search.pictures import ProductPictures
    from search.readiness import Readiness
    from search.service import Answer, SearchService
    from search.words.words import Words


MAX_KEY_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class SearchParts:
    """Everything the routes stand on, wired by a process."""

    service: SearchService
    encoder: QueryEncoder
    readiness: Readiness
    metrics: SearchMetrics
    pictures: ProductPictures
    page: Page
    words: Words
    limits: ApiLimits = field(default_factory=ApiLimits)
    events: EventSink | None = None
    keys: KeyFile | None = None
    origins: Sequence[str] = ()


async def scope_of(request: Request) -> Scope:
    """Return what the caller may see; raises `HTTPException` (403) for a key that does not permit to search.

    A coroutine although it awaits nothing: FastAPI sends plain functions to another thread and back.
    """
    return _permitted(request, SEARCH).scope


async def sender_of(request: Request) -> Caller:
    """Return who sends events; raises `HTTPException` (403) for a key that does not permit it."""
    return _permitted(request, ADMIN)


def _permitted(request: Request, permission: str) -> Caller:
    caller: Caller | None = request.scope[CALLER]
    if caller is None or permission not in caller.permissions:
        raise HTTPException(HTTPStatus.FORBIDDEN, f"this API key lacks the scope {permission!r}")
    return caller


CallerScope = Annotated[Scope, Depends(scope_of)]
Sender = Annotated[Caller, Depends(sender_of)]


def add_routes(app: FastAPI, parts: SearchParts, intake: EventIntake | None) -> None:
    """Give the app every route; `intake` takes events where the process has a log for them."""
    door = Door(parts.limits.max_concurrent)
    _add_search(app, parts, door)
    _add_explain(app, parts, door)
    _add_suggest(app, parts)
    _add_products(app, parts)
    _add_events(app, intake, parts.metrics)
    _add_operations(app, parts)
    _add_page(app, parts, door)


def _add_search(app: FastAPI, parts: SearchParts, door: Door) -> None:
    documented = errors.responses(400, 413, 422, 429, 503) | {200: {"model": SearchAnswer}}

    @app.post("/v1/search", responses=documented | errors.responses(415), openapi_extra=_search_body(), tags=["search"])
    async def search(request: Request, scope: CallerScope) -> Response:
        """Search by text, pictures, products and any weighted mix of them, within filters."""
        door.check()
        upload = await read_upload(request, parts.limits)  # outside: who sends slowly must not hold a place
        async with door.entered():
            return _answer(await parts.service.search(upload.request, scope, upload.pictures))

    @app.get("/v1/search", responses=documented, tags=["search"])
    async def simple_search(query: Annotated[SimpleSearch, Query()], scope: CallerScope) -> Response:
        """Search by words in the query string as `POST /v1/search` does; a parameter without a value was not given."""
        async with door.entered():
            with _parameters_named():
                return _answer(await parts.service.search(query.request(), scope))


@contextmanager
def _parameters_named() -> Iterator[None]:
    """Have an error name the parameter that was sent, and not the field of a body that nobody sent."""
    try:
        yield
    except InvalidInput as error:
        of_words = error.field.partition(".")[0] == "terms"  # its only term is `q`
        raise InvalidInput(error.message, field="q" if of_words else parameter_of(error.field)) from error


def _add_explain(app: FastAPI, parts: SearchParts, door: Door) -> None:
    documented = errors.responses(400, 413, 415, 422, 429, 503) | {200: {"model": ExplainAnswer}}
    body = {"content": {JSON: {"schema": {"$ref": "#/components/schemas/ExplainRequest"}}}, "required": True}

    @app.post("/v1/explain", responses=documented, openapi_extra={"requestBody": body}, tags=["search"])
    async def explain(request: Request, scope: CallerScope) -> Response:
        """Say where a product is in the answer to a search, or why it is not there."""
        door.check()
        asked = await read_explain(request)
        async with door.entered():
            answer = await parts.service.explain(asked.request, asked.product, scope)
        return Response(answer.model_dump_json(), media_type=JSON)


def _add_suggest(app: FastAPI, parts: SearchParts) -> None:
    documented = errors.responses(422) | {200: {"model": SuggestAnswer}}

    @app.get("/v1/suggest", responses=documented, tags=["search"])
    async def suggest(query: Annotated[SuggestRequest, Query()], scope: CallerScope) -> Response:
        """Complete what is being typed by the catalogue's own titles, brands and categories, slips allowed."""
        found = await parts.words.suggest(query.q, query.limit, scope)
        told = [{"text": one.text, "kind": one.kind, "count": one.count} for one in found]
        return Response(pydantic_core.to_json({"suggestions": told}), media_type=JSON)


def _add_products(app: FastAPI, parts: SearchParts) -> None:
    documented = errors.responses(404, 422, 503)

    @app.get(
        "/v1/products/{product_id:path}", responses=documented | {200: {"model": ProductAnswer}}, tags=["products"]
    )
    async def product(product_id: str, scope: CallerScope) -> Response:
        """Return one product as the index has it."""
        stored = await parts.service.product(product_id, scope)
        if stored is None or stored.state.latest is None:
            return errors.problem(HTTPStatus.NOT_FOUND, "there is no such product")
        return JSONResponse(
            {
                "product": {"id": stored.product_id, **stored.state.product()},
                "version": stored.state.version,
                "occurred_at": stored.state.latest.occurred_at,
                "indexed_at": stored.derived.indexed_at,
                "pictures": [
                    {"status": one.status, "error": one.error, "due_at": one.due_at} for one in stored.derived.pictures
                ],
            }
        )

    @app.get(
        "/v1/pictures/{number}/{product_id:path}",
        responses=documented | {200: {"content": {"image/*": {}}}, 307: {"description": "the picture lies elsewhere"}},
        response_class=Response,
        tags=["products"],
    )
    async def picture(number: int, product_id: str, scope: CallerScope) -> Response:
        """Return picture `number` (from 0) of a product, for a page that shows it."""
        found = await parts.pictures.find(product_id, number, scope)
        if found is None:
            return errors.problem(HTTPStatus.NOT_FOUND, "there is no such picture")
        if found.location is not None:
            return RedirectResponse(found.location)
        safe = {"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff"}
        return Response(found.data, media_type=found.media_type, headers=safe)


def _add_events(app: FastAPI, intake: EventIntake | None, metrics: SearchMetrics) -> None:
    documented = errors.responses(400, 403, 404, 413, 415, 422, 429, 503) | {
        200: {"model": EventsAnswer, "description": "every line was judged, also where all were rejected: read `lines`"}
    }
    door = Door(MAX_WAITING, "requests with events")

    @app.post("/v1/events", responses=documented, openapi_extra=_events_body(), tags=["events"])
    async def events(request: Request, sender: Sender) -> Response:
        """Append events to the log, one a line, never straight to the index; each line is answered.

        An accepted event is on the log durably, and searchable once the worker has taken it. After a 503 send all of
        them again: they carry versions, so that twice is as once.
        """
        refusal = None
        if sender is ANYBODY:
            refusal = refuse_remote(request.client.host if request.client else None, request.headers)
        if refusal is not None:
            return errors.problem(HTTPStatus.FORBIDDEN, refusal)
        if intake is None:
            nowhere = "this process has no log to append events to: set VITRINE_KAFKA__BOOTSTRAP_SERVERS"
            return errors.problem(HTTPStatus.NOT_FOUND, nowhere)
        door.check()
        lines = await read_events(request)
        async with door.entered():
            answer = await intake.take(lines)
        metrics.events(Counter(line.reason or ACCEPTED for line in answer.lines))
        return Response(answer.model_dump_json(exclude_none=True), media_type=JSON)


def _add_operations(app: FastAPI, parts: SearchParts) -> None:
    @app.get("/livez", tags=["operations"])
    async def alive() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "alive"}

    @app.get("/readyz", responses=errors.responses(503), tags=["operations"])
    async def ready(request: Request) -> dict[str, Any]:
        """Say that the index is verified and the encoders are warm, or why not; to who sees all, what it holds."""
        said = await parts.readiness.check()
        caller: Caller | None = request.scope[CALLER]
        return said if caller is not None and caller.scope == EVERYTHING else {"status": said["status"]}

    @app.get("/metrics", response_class=Response, tags=["operations"])
    async def metrics() -> Response:
        """Return the metrics in Prometheus' text format."""
        return Response(parts.metrics.exposition(), media_type="text/plain; version=0.0.4")


class _Assets(StaticFiles):
    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        """Return a file to be asked for anew each time (mostly a 304): a module must never meet one of another day."""
        response = await super().get_response(path, scope)
        response.headers.update({"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})
        return response


def _add_page(app: FastAPI, parts: SearchParts, door: Door) -> None:
    app.mount("/static", _Assets(packages=[("search.page", "static")]), name="static")

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page(request: Request) -> Response:
        """Show the search page, or ask for a key that may search."""
        caller: Caller | None = request.scope[CALLER]
        if caller is None or SEARCH not in caller.permissions:
            shown = parts.page.ask_for_key(request.scope.get(REFUSAL))
        else:
            shown = await parts.page.render(request.query_params.multi_items(), caller.scope, door)
        return HTMLResponse(shown.html, shown.status, dict(shown.headers))

    @cache
    def described() -> Rendered:
        return parts.page.describe(app.openapi())

    @app.get("/docs", response_class=HTMLResponse, include_in_schema=False)
    async def reference() -> Response:
        """Show the schema to people; it stays as it is while the process lives."""
        shown = described()
        return HTMLResponse(shown.html, shown.status, dict(shown.headers))

    @app.post("/session", include_in_schema=False)
    async def session(request: Request, key: Annotated[str, Form(max_length=MAX_KEY_CHARS)] = "") -> Response:
        """Keep a key for the page in a cookie that no script reads, or with none forget it."""
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return errors.problem(HTTPStatus.FORBIDDEN, "another site's page may not do this")
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
        if key.strip():
            answer.set_cookie(COOKIE, key.strip(), httponly=True, samesite="lax", secure=secure)
        else:
            answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=secure)
        return answer


def _answer(answer: Answer) -> Response:
    headers = {"Server-Timing": answer.stages.header()}
    return Response(pydantic_core.to_json(answer.body), media_type=JSON, headers=headers)


def _search_body() -> dict[str, Any]:
    request = {"$ref": "#/components/schemas/SearchRequest"}
    form = {
        "type": "object",
        "properties": {"request": request, "image": {"type": "array", "items": {"type": "string", "format": "binary"}}},
    }
    return {"requestBody": {"required": True, "content": {JSON: {"schema": request}, FORM: {"schema": form}}}}


def _events_body() -> dict[str, Any]:
    lines = {"type": "string", "description": "one event a line, as docs/events.md has them"}
    return {"requestBody": {"required": True, "content": {name: {"schema": lines} for name in MEDIA_TYPES}}}
