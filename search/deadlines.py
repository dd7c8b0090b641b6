"""Ends to work: a request has a deadline, and a client that went away wants nothing any more."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from search.errors import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_RETRY_SECONDS: Final = "2"


class Deadline:
    """Ends the work for a request that takes longer than `seconds` (503), and that of a client that went away.

    The clock runs from the end of the body: a slow sender costs no work. Ending is cancelling, so whatever the request
    holds or waits for, a place at the door, a turn at the encoder, a download, is given up with it.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and listen to its client from the end of the body on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client, begun = _Client(receive, bodiless=scope["method"] in _BODILESS), False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with asyncio.timeout(None) as end:
                watch = asyncio.create_task(self._watch(client, end))
                try:
                    await self._app(scope, client.receive, noted)
                finally:
                    watch.cancel()
        except TimeoutError:
            if not end.expired():
                raise
            if not (client.gone or begun):
                detail = f"the answer took longer than {self._seconds:g} s; ask for less at once, or again later"
                busy = problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": _RETRY_SECONDS})
                await busy(scope, receive, send)

    async def _watch(self, client: _Client, end: asyncio.Timeout) -> None:
        await client.body_read.wait()
        clock = asyncio.get_running_loop()
        end.reschedule(clock.time() + self._seconds)
        await client.leaves()
        end.reschedule(clock.time())


class _Client:
    """What a client sends: its body goes to the app, and after it that it went away."""

    def __init__(self, receive: Receive, *, bodiless: bool) -> None:
        self._receive = receive
        self._bodiless = bodiless
        self._left = asyncio.Event()
        self.body_read = asyncio.Event()
        self.gone = False
        if bodiless:
            self.body_read.set()

    async def receive(self) -> Message:
        """Return the next message, as the server does."""
        if self._bodiless:
            self._bodiless = False
            return {"type": "http.request", "body": b"", "more_body": False}
        if self.body_read.is_set():
            await self._left.wait()
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            self.body_read.set()
        return message

    async def leaves(self) -> None:
        """Wait for the client to go away; what it sends where no body is expected is not read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self._left.set()
