"""What every request passes through: limits on its body, the clock, HEAD, headers for browsers, the end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from search.errors import problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from search.metrics import SearchMetrics
    from search.readiness import Readiness


_MAX_DIGITS: Final = 18  # of a number that is worth reading
_LARGEST_AT_ONCE: Final = 16
_CLIENT_GONE: Final = 499
"""The status that is counted where nobody was left to answer, as nginx has it."""
_FOR_DATA: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
)


class _Refused(Exception):  # noqa: N818 - control flow between the two ends of one middleware
    """Why a body is read no further."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.answer = problem(status, detail, headers=headers)


class BodyLimit:
    """Limits what bodies may cost, counted as they come: nobody's header is believed.

    One of more than `max_bytes` is answered 413; one that is not complete after `seconds`, 408; and while all those in
    memory are as large as 16 of the largest together, 429.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it says or shows that it is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and (len(declared) > _MAX_DIGITS or int(declared) > self._max_bytes):
            await self._too_large().answer(scope, receive, send)
            return
        body = _Body(asyncio.get_running_loop().time() + self._seconds)

        async def counted() -> Message:
            message = await self._in_time(receive, body)
            arrived = len(message.get("body", b""))
            body.received += arrived
            self._held_bytes += arrived
            body.complete = not message.get("more_body", False)
            self._check(body)
            return message

        try:
            await self._app(scope, counted, send)
        except _Refused as refused:
            await refused.answer(scope, receive, send)
        finally:
            self._held_bytes -= body.received

    async def _in_time(self, receive: Receive, body: _Body) -> Message:
        if body.complete:
            return await receive()  # what comes now is that the client goes away
        try:
            async with asyncio.timeout_at(body.deadline):
                return await receive()
        except TimeoutError as error:
            detail = f"the body was not complete after {self._seconds:g} seconds"
            raise _Refused(HTTPStatus.REQUEST_TIMEOUT, detail, {"Connection": "close"}) from error

    def _check(self, body: _Body) -> None:
        if body.received > self._max_bytes:
            raise self._too_large()
        if self._held_bytes > _LARGEST_AT_ONCE * self._max_bytes:
            raise _Refused(HTTPStatus.TOO_MANY_REQUESTS, "too many large bodies at once", {"Retry-After": "1"})

    def _too_large(self) -> _Refused:
        detail = f"the body is larger than the limit of {self._max_bytes:,} bytes"
        return _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)


@dataclass(slots=True)
class _Body:
    """How much of a body has come, and when it must be complete, by the loop's clock."""

    deadline: float
    received: int = 0
    complete: bool = False


class SecurityHeaders:
    """Adds to each answer what browsers obey; what an answer says itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; its answer is data, to be run and framed nowhere, unless it says otherwise."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message.get("headers", [])}
                more = [(name, value) for name, value in _FOR_DATA if name not in said]
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        await self._app(scope, receive, sent if scope["type"] == "http" else send)


class HeadAsGet:
    """Answers HEAD as GET without the body, as HTTP asks of every resource that can be read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; from the answer to a HEAD the body is left out."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


class Measured:
    """Counts answers and their time by route, and adds `total` to a `Server-Timing`: less its stages, it is waiting."""

    def __init__(self, app: ASGIApp, metrics: SearchMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note its status and how long it took."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": _with_total(message.get("headers", ()), time.perf_counter() - start)}
            await send(message)

        try:
            with self._metrics.in_flight():
                await self._app(scope, receive, noted)
            status = status or _CLIENT_GONE
        finally:
            route = getattr(scope.get("route"), "path", "none")
            status = status or HTTPStatus.INTERNAL_SERVER_ERROR.value
            self._metrics.answered(route, status, time.perf_counter() - start)


def _with_total(headers: Iterable[tuple[bytes, bytes]], seconds: float) -> list[tuple[bytes, bytes]]:
    total = b", total;dur=%.2f" % (1000 * seconds)
    return [(name, value + total if name == b"server-timing" else value) for name, value in headers]


class Farewell:
    """Ends each connection with its answer once the process is leaving: a kept one would break with a request on it."""

    def __init__(self, app: ASGIApp, readiness: Readiness) -> None:
        self._app = app
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; the answer says whether it is the connection's last."""

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and self._readiness.is_leaving:
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receive, closing)
