"""Connections to addresses that were checked: a name is resolved once, judged whole, and its address connected to.

The guard sits where httpcore opens sockets, in a network backend (its public way in for this: encode/httpcore#699).
So there is no second look-up for a name server to answer otherwise (DNS rebinding), no spelling of a host to
misread, and TLS still asks for and checks the certificate of the name. Like gradio-app/safehttpx it pins the address;
unlike it, it refuses a name as soon as one of its addresses may not be, and keeps one pool of connections for all.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

import httpcore
import httpx

from catalog.errors import InvalidPicture
from encoders.pictures.addresses import parsed

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from encoders.pictures.addresses import AddressRules, IPAddress

_CONNECTIONS: Final = 32  # each may hold a picture of the largest size in memory
_IDLE_CONNECTIONS: Final = 16
_IDLE_SECONDS: Final = 4.0  # below the five after which common servers hang up, perhaps as we ask
_ADDRESSES_TRIED: Final = 4


class Resolver(Protocol):
    """Names to addresses."""

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, the best first; raises OSError where there are none."""


async def system_addresses(host: str, port: int) -> list[str]:
    """Return what the machine's resolver says: of odd spellings of IPv4 too, read as `connect` would read them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedTransport(httpx.AsyncBaseTransport):
    """Sends requests over one pool of checked connections; knows no proxy, no cookie and no redirect."""

    def __init__(self, rules: AddressRules, resolve: Resolver, tls: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_IDLE_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=_CheckedBackend(rules, resolve),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, its body unread; raises `InvalidPicture` for an address, httpx's errors for the rest."""
        asked = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            extensions=request.extensions,
        )
        with _httpx_errors():
            answer = await self._pool.handle_async_request(asked)
        assert not isinstance(answer.stream, bytes), "a pool's answers are streams"
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """An answer's bytes as they come."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors():
            async for piece in self._answer.aiter_stream():
                yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that the rules let through."""

    def __init__(self, rules: AddressRules, resolve: Resolver) -> None:
        self._rules = rules
        self._resolve = resolve
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore has it so
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to one of the host's addresses, all of which must be allowed; look-up and connection in time each."""
        addresses = (await self._checked(host, port, timeout))[:_ADDRESSES_TRIED]
        share_seconds = None if timeout is None else timeout / len(addresses)
        refused: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                return await self._sockets.connect_tcp(str(address), port, share_seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                refused = error
        assert refused is not None, "there is at least one address"
        raise refused

    async def _checked(self, host: str, port: int, patience_seconds: float | None) -> list[IPAddress]:
        try:
            async with asyncio.timeout(patience_seconds):
                addresses = [parsed(text) for text in await self._resolve(host, port)]
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"the addresses of {host:.100} did not come in time") from error
        except OSError as error:
            raise httpcore.ConnectError(f"{host:.100} has no address: {error.strerror or error}") from error
        if not addresses:
            raise httpcore.ConnectError(f"{host:.100} has no address")
        for address in addresses:
            if (objection := self._rules.objection(address)) is not None:
                raise InvalidPicture(
                    f"{host:.100} leads to {objection}; a private network that may be asked is named in "
                    "VITRINE_IMAGES__ALLOWED_NETWORKS"
                )
        return addresses


@contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.TimeoutException,
        httpcore.UnsupportedProtocol,
    ) as error:
        raise httpx.TransportError(str(error) or type(error).__name__) from error
