"""The door with the keys: whoever has none comes no further than the few open paths. Closed unless opened here."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Final

from search.access import AMBIGUOUS, ANYBODY, GUESSING, NO_KEY, RATE, SEARCH, WRONG_KEY, Caller, Refusal
from search.errors import problem
from search.locks.credentials import credentials
from search.locks.rates import Rates

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from search.locks.key_file import KeyFile
    from search.locks.keys import ApiKey
    from search.metrics import SearchMetrics

OPEN: Final = frozenset({"/", "/session", "/livez", "/readyz", "/metrics", "/openapi.json", "/docs"})
OPEN_BELOW: Final = "/static/"
"""What is answered without a key."""
ASKED: Final = frozenset({"/", "/readyz"})
"""The open paths that say more to whoever has a key: the page asks for one, and readiness is told in one word."""

CALLER: Final = "vitrine.caller"
"""Where a request's `Caller` stands in its ASGI scope; on an open path None, but for a valid key on one of `ASKED`."""
REFUSAL: Final = "vitrine.refusal"
"""Where it says why, on those two: a `Refusal`."""

_CHALLENGE: Final = 'Bearer realm="vitrine"'


class Guard:
    """Finds out who calls, before anything of the request is read: its caller is in its scope, or it ends here."""

    def __init__(self, app: ASGIApp, keys: KeyFile | None, metrics: SearchMetrics) -> None:
        self._app = app
        self._keys = keys
        self._metrics = metrics
        self._rates = Rates()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its caller, or answer 400, 401 or 429."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if (
            sum(name == b"host" for name, _ in scope["headers"]) > 1
        ):  # which one was meant is a guess, and guessed apart
            await problem(HTTPStatus.BAD_REQUEST, "the request names more than one host")(scope, receive, send)
            return
        if self._keys is None:
            scope[CALLER] = ANYBODY
            await self._app(scope, receive, send)
            return
        path, send = scope["path"], _private(send)
        is_open = path in OPEN or path.startswith(OPEN_BELOW)
        found = self._judged(scope, self._keys) if path in ASKED or not is_open else None
        if isinstance(found, Refusal) and (not is_open or found.reason in {WRONG_KEY, GUESSING}):
            self._metrics.refused(found.reason)
        if isinstance(found, Refusal) and not is_open:
            await problem(found.status, found.detail, headers=found.headers)(scope, receive, send)
            return
        scope[CALLER] = found if isinstance(found, Caller) else None
        scope[REFUSAL] = found if isinstance(found, Refusal) else None
        await self._app(scope, receive, send)

    def _judged(self, scope: Scope, keys: KeyFile) -> Caller | Refusal:
        offered = credentials(scope["headers"])
        if not offered.keys:
            return _unknown(NO_KEY, "this needs an API key: send Authorization: Bearer KEY, or X-API-Key: KEY")
        if len(offered.keys) > 1:
            return Refusal(AMBIGUOUS, HTTPStatus.BAD_REQUEST, "the headers name different API keys: send one")
        key = keys.current().find(offered.keys[0], datetime.now(UTC))
        if key is None:
            return self._wrong(scope)
        wait = self._rates.asked(key)
        if wait:
            detail = f"this API key may ask {key.rate}: come back later"
            return Refusal(RATE, HTTPStatus.TOO_MANY_REQUESTS, detail, _after(wait))
        return _caller(key, from_cookie=offered.from_cookie)

    def _wrong(self, scope: Scope) -> Refusal:
        """Count a wrong key against its address. A right one is never refused for those of others beside it.

        Behind a proxy all have one address: whoever guesses would shut everybody out. And 256 bits are not guessed.
        """
        wait = self._rates.guessed(scope["client"][0] if scope.get("client") else "")
        if wait:
            detail = "too many wrong API keys came from your address: come back later"
            return Refusal(GUESSING, HTTPStatus.TOO_MANY_REQUESTS, detail, _after(wait))
        return _unknown(WRONG_KEY, "this API key is unknown or has expired", ', error="invalid_token"')


def _unknown(reason: str, detail: str, challenge: str = "") -> Refusal:
    return Refusal(reason, HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": _CHALLENGE + challenge})


def _after(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(ceil(seconds))}


def _caller(key: ApiKey, *, from_cookie: bool) -> Caller:
    """Return who has this key; by cookie they may only ask, for a browser sends it along wherever it is led."""
    permissions = key.permissions & {SEARCH} if from_cookie else key.permissions
    return Caller(key.name, permissions, key.scope)


def _private(send: Send) -> Send:
    """Return a `send` whose answers no shared cache gives to the next key."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name, value) for name, value in message.get("headers", []) if name.lower() != b"vary"]
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"private"))
            message = {**message, "headers": [*headers, (b"vary", b"Authorization, X-API-Key, Cookie")]}
        await send(message)

    return sent
