"""The HTTP layer: one app of the routes, with documentation and what stands before every route."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from search import errors
from search.access import EVERYTHING
from search.answers import Problem
from search.deadlines import Deadline
from search.events import EventIntake
from search.lateness import watched
from search.locks.guard import OPEN, Guard
from search.middleware import BodyLimit, Farewell, HeadAsGet, Measured, SecurityHeaders
from search.routes import add_routes
from search.schemas import ExplainRequest, SearchRequest
from search.tracing import Traced

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from search.routes import SearchParts


def create_app(parts: SearchParts) -> FastAPI:
    """Return the app; encoders are warmed up before it takes requests."""
    intake = EventIntake(parts.events) if parts.events is not None else None

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await parts.encoder.warm_up()
        parts.readiness.warmed_up()
        parts.words.begin(EVERYTHING)
        async with watched(parts.metrics):
            yield
        if intake is not None:
            intake.close()
        parts.encoder.close()
        await parts.words.close()
        await parts.service.close()

    app = FastAPI(
        title="Vitrine",
        version="1",
        summary="Filtered hybrid product search by text, picture and product.",
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,  # ours needs no scripts of others, nor a way to them: search/page/reference.py
        redoc_url=None,
        responses=errors.responses(500),
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},  # see search/tracing.py
    )
    errors.install(app)
    add_routes(app, parts, intake)
    _describe(app)
    app.add_middleware(BodyLimit, max_bytes=parts.limits.max_body_bytes, seconds=parts.limits.body_seconds)
    app.add_middleware(Guard, keys=parts.keys, metrics=parts.metrics)
    app.add_middleware(Deadline, seconds=parts.limits.timeout_seconds)
    app.add_middleware(Measured, metrics=parts.metrics)
    app.add_middleware(Traced)
    app.add_middleware(HeadAsGet)
    if parts.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(parts.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key"],
            expose_headers=["Retry-After", "Server-Timing"],
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Farewell, readiness=parts.readiness)
    app.state.readiness = parts.readiness  # for the process, which knows when it ends
    return app


def _describe(app: FastAPI) -> None:
    """Add to the schema what no route declares by its signature: a search's body, a problem's form, the keys."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schemas = generate().setdefault("components", {}).setdefault("schemas", {})
            for model in (SearchRequest, ExplainRequest, Problem):
                described = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="validation")
                schemas |= described.pop("$defs", {}) | {model.__name__: described}
            _describe_keys(app.openapi_schema or {})
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend the schema


def _describe_keys(schema: dict[str, Any]) -> None:
    """Add how keys are sent, and to each route that takes one what it may answer then."""
    schema["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "an API key, where the process has keys"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "the same"},
    }
    refusals = {str(status): said for status, said in errors.responses(400, 401, 403, 429).items()}
    for path, methods in schema["paths"].items():
        for operation in methods.values() if path not in OPEN else ():
            operation["security"] = [{}, {"bearer": []}, {"header": []}]  # {}: where there are no keys, none is needed
            operation["responses"] = refusals | operation["responses"]
