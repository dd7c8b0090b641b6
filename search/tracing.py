"""Traces of requests: one span a request, joined to the caller's trace, and one a stage; without a caller nothing.

FastAPI's own spans stay off: they hold the query string, and so what customers searched for. Ours hold the route.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping
    from contextlib import AbstractContextManager

    from opentelemetry.trace import Span
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SPAN: Final = "vitrine.span"
_tracer = trace.get_tracer("vitrine.search")


def trace_id() -> str | None:
    """Return the id of the trace that this runs in, as 32 hexadecimal digits, None outside of any."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def stage(name: str) -> AbstractContextManager[None]:
    """Give a block a span of its own; an error is told by its kind only, for its text may say what was asked.

    In a request that nobody records a block is just run: spans that go nowhere cost a search of many stages as well.
    """
    return _recorded(name) if trace.get_current_span().is_recording() else nullcontext()


@contextmanager
def _recorded(name: str) -> Iterator[None]:
    with _tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
        try:
            yield
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


@contextmanager
def resumed(scope: MutableMapping[str, Any]) -> Iterator[None]:
    """Run a block in the span of a request that has left `Traced`: what answers an error nobody foresaw is outside."""
    with trace.use_span(scope.get(_SPAN, trace.INVALID_SPAN), record_exception=False, set_status_on_exception=False):
        yield


class Traced:
    """Gives each request a span within the trace that its `traceparent` header names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on within its span, named by method and route."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        with _tracer.start_as_current_span(
            method,
            context=TraceContextTextMapPropagator().extract(_carrier(scope)),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            scope[_SPAN] = span

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note(span, message["status"])
                await send(message)

            try:
                await self._app(scope, receive, noted)
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                route = getattr(scope.get("route"), "path", None)
                if route is not None:
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)


def _carrier(scope: Scope) -> dict[str, str]:
    named = {b"traceparent", b"tracestate"}
    return {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in named}


def _note(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.set_status(Status(StatusCode.ERROR, str(status)))
