"""One picture over HTTP: hop by hop through redirects, each checked like the first, within caps on bytes and time."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import httpx

from catalog.errors import InvalidPicture, PictureUnavailable
from encoders.pictures.answers import DelayedPicture, Fetched, NotModified, Validators, due_at, refusal
from encoders.pictures.connect import CheckedTransport
from encoders.pictures.politeness import HostPaused, Hosts

if TYPE_CHECKING:
    from collections.abc import Callable

    from encoders.pictures.addresses import AddressRules
    from encoders.pictures.connect import Resolver
    from encoders.pictures.politeness import Clock, HostLimits

_HEADERS: Final = {"user-agent": "vitrine", "accept": "image/*", "accept-encoding": "identity"}
_PORTS: Final = {"http": 80, "https": 443}
_SUCCESS: Final = frozenset({200, 203})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED: Final = 304
_HOST_IS_BUSY: Final = frozenset({429, 503})
_MAX_LABEL_CHARS: Final = 63
_MAX_VALIDATOR_CHARS: Final = 256
_CREDENTIALS: Final = re.compile(r"//[^/?#]*@")


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """What one download may cost; the time is that of all its hops together, without waiting for a turn."""

    max_bytes: int
    timeout_seconds: float
    connect_timeout_seconds: float
    max_redirects: int


class Downloads:
    """Downloads pictures over one pool of connections; used in one event loop."""

    def __init__(  # noqa: PLR0913 - rules, and what tests hand in
        self,
        limits: DownloadLimits,
        rules: AddressRules,
        per_host: HostLimits,
        *,
        resolve: Resolver,
        clock: Clock = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._limits = limits
        self._rules = rules
        self._now = now
        self._hosts = Hosts(per_host, patience_seconds=limits.timeout_seconds, clock=clock)
        self._transport = CheckedTransport(rules, resolve, httpx.create_ssl_context(trust_env=False))
        self._waits: Final = {
            "connect": limits.connect_timeout_seconds,
            "read": limits.timeout_seconds,
            "write": limits.timeout_seconds,
            "pool": limits.timeout_seconds,
        }

    async def get(self, url: str, held: Validators | None) -> Fetched | NotModified:
        """Return the picture, or the word that it is what `held` was given for.

        Raises `InvalidPicture` (`GonePicture` where the host says so) or `PictureUnavailable` (`DelayedPicture`).
        """
        shown = _shown(url)
        try:
            return await self._follow(httpx.URL(url), held)
        except HostPaused as error:
            due = self._now() + timedelta(seconds=error.seconds)
            raise DelayedPicture(f"the host of {shown} is left alone {error}", due_at=due) from error
        except TimeoutError as error:
            raise PictureUnavailable(f"{shown} took longer than {self._limits.timeout_seconds:g} s to come") from error
        except (httpx.HTTPError, OSError) as error:
            raise PictureUnavailable(f"{shown} could not be fetched: {error or type(error).__name__}") from error
        except (httpx.InvalidURL, ValueError) as error:
            raise InvalidPicture(f"{shown} is not a URL that can be fetched: {error}") from error

    async def close(self) -> None:
        """Close the connections that were kept open."""
        await self._transport.aclose()

    async def _follow(self, url: httpx.URL, held: Validators | None) -> Fetched | NotModified:
        loop, left_seconds = asyncio.get_running_loop(), self._limits.timeout_seconds
        for _ in range(self._limits.max_redirects + 1):
            self._check(url)
            async with self._hosts.turn(_host(url)):
                start_seconds = loop.time()
                answer = await self._heard(url, held, left_seconds)
                left_seconds -= loop.time() - start_seconds
            if not isinstance(answer, httpx.URL):
                return answer
            if url.scheme == "https" and answer.scheme == "http":
                raise InvalidPicture(f"{_shown(str(url))} redirects from https to http")
            url = answer
        raise InvalidPicture(
            f"it redirects more than {self._limits.max_redirects} times, at last to {_shown(str(url))}"
        )

    async def _heard(
        self, url: httpx.URL, held: Validators | None, seconds: float
    ) -> Fetched | NotModified | httpx.URL:
        """Return what one URL answers in time, and note whether its host did."""
        try:
            async with asyncio.timeout(seconds):
                answer = await self._ask(url, held)
        except (TimeoutError, httpx.TimeoutException):
            self._hosts.silent(_host(url))
            raise
        except (InvalidPicture, PictureUnavailable):
            self._hosts.answered(_host(url))
            raise
        self._hosts.answered(_host(url))
        return answer

    async def _ask(self, url: httpx.URL, held: Validators | None) -> Fetched | NotModified | httpx.URL:
        """Return what one URL answers; another URL is where it redirects to."""
        asked = held if held is not None and held.url == str(url) else None
        headers = _HEADERS | (_conditions(asked) if asked else {})
        request = httpx.Request("GET", url, headers=headers, extensions={"timeout": self._waits})
        response = await self._transport.handle_async_request(request)
        try:
            if response.status_code in _SUCCESS:
                return Fetched(await self._read(response), _validators(url, response))
            if response.status_code == _NOT_MODIFIED and asked:
                return NotModified(_validators(url, response) or asked)
            location = response.headers.get("location")
            if response.status_code in _REDIRECTS and location:
                return url.join(location)
            raise self._refusal(url, response)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> bytes:
        packed = response.headers.get("content-encoding", "").strip().lower()
        if packed not in {"", "identity"}:  # unpacked, a small answer could be any size
            raise InvalidPicture(f"the picture comes packed ({packed:.20}), though it was asked for as it is")
        if int(response.headers.get("content-length", "0")) > self._limits.max_bytes:
            raise self._too_large()
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > self._limits.max_bytes:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> InvalidPicture:
        return InvalidPicture(f"the picture has more than {self._limits.max_bytes:,} bytes")

    def _refusal(self, url: httpx.URL, response: httpx.Response) -> InvalidPicture | PictureUnavailable:
        now = self._now()
        due = due_at(response.headers.get("retry-after"), now)
        if due is not None and response.status_code in _HOST_IS_BUSY:
            self._hosts.pause(_host(url), (due - now).total_seconds())
        return refusal(_shown(str(url)), response.status_code, due)

    def _check(self, url: httpx.URL) -> None:
        """Raise for a URL that is not to be asked for: ValueError says what is wrong with it.

        What a host leads to is judged where it is connected to.
        """
        if url.userinfo:
            raise InvalidPicture("the picture's URL has a user name or a password in it: such are not fetched")
        if url.scheme not in _PORTS:
            raise ValueError(f"{url.scheme:.20}: is neither http nor https")
        labels = url.raw_host.decode("ascii").removesuffix(".").split(".")
        if not all(0 < len(label) <= _MAX_LABEL_CHARS for label in labels):
            raise ValueError("a part of its host is empty or too long")
        port = _PORTS[url.scheme] if url.port is None else url.port
        if port not in self._rules.allowed_ports:
            raise ValueError(f"port {port} is not among VITRINE_IMAGES__ALLOWED_PORTS")


def _conditions(asked: Validators) -> dict[str, str]:
    conditions = {"if-none-match": asked.etag, "if-modified-since": asked.last_modified}
    return {name: value for name, value in conditions.items() if value is not None}


def _validators(url: httpx.URL, response: httpx.Response) -> Validators | None:
    etag, last_modified = (_plain(response.headers.get(name)) for name in ("etag", "last-modified"))
    return Validators(str(url), etag, last_modified) if etag or last_modified else None


def _plain(header: str | None) -> str | None:
    """Return a header that may be kept and sent back; None for a long or odd one."""
    fits = header is not None and header.isascii() and header.isprintable() and len(header) <= _MAX_VALIDATOR_CHARS
    return header if fits else None


def _host(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii").removesuffix(".")


def _shown(url: str) -> str:
    """Return a URL for a message: not all of a long one, and no password."""
    return _CREDENTIALS.sub("//…@", url[:1000])[:200]
