"""Outages, as both clients of a server really raise them, become one error; what is no outage stays what it is."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from qdrant_client import AsyncQdrantClient, QdrantClient
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from catalog.engine import connect, connect_async, outages_named
from catalog.errors import EngineUnavailable
from tests.broker import free_ports
from tests.index import embedded_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.engine import AsyncEngine, Engine


@contextmanager
def answering(status: int, body: bytes = b'{"status": {"error": "no"}}', **headers: str) -> Iterator[str]:
    """Serve one answer to everything, and yield the URL of it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the name is the library's
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def closing(client: Engine) -> Iterator[Engine]:
    """Close a client in the end."""
    try:
        yield client
    finally:
        client.close()


def ask(engine: Engine) -> None:
    """Ask an engine for anything, its outages named."""
    with outages_named():
        engine.get_aliases()


async def ask_later(engine: AsyncEngine) -> None:
    """Ask an engine for anything, its outages named."""
    with outages_named():
        await engine.get_aliases()


def closed() -> str:
    """Return a URL where nobody listens."""
    return f"http://127.0.0.1:{free_ports(1)[0]}"


def test_a_closed_port_is_an_outage_over_rest() -> None:
    """Nobody listens: wait and try again."""
    with closing(connect(closed())) as engine, pytest.raises(EngineUnavailable, match="does not answer"):
        ask(engine)


def test_a_closed_port_is_an_outage_over_grpc() -> None:
    """The same through the other protocol, whose errors are quite others."""
    port = free_ports(1)[0]
    client = QdrantClient(host="127.0.0.1", grpc_port=port, prefer_grpc=True, timeout=2, check_compatibility=False)
    with closing(client) as engine, pytest.raises(EngineUnavailable, match="does not answer"):
        ask(engine)


async def test_a_closed_port_is_an_outage_for_the_async_clients() -> None:
    """Search sees the same errors, over both protocols."""
    port = free_ports(1)[0]
    grpc = AsyncQdrantClient(host="127.0.0.1", grpc_port=port, prefer_grpc=True, timeout=2, check_compatibility=False)
    for client in (connect_async(closed()), grpc):
        with pytest.raises(EngineUnavailable, match="does not answer"):
            await ask_later(client)
        await client.close()


def test_silence_is_an_outage() -> None:
    """A server that takes the call and says nothing is away as well."""
    with answering(200, b"") as url, closing(connect(url)) as engine, pytest.raises(ResponseHandlingException):
        ask(engine)  # an answer that is none is not an outage but a proxy that should not be there


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_an_outage(status: int) -> None:
    """Too slow, too many, restarting: it will pass."""
    with answering(status) as url, closing(connect(url)) as engine, pytest.raises(EngineUnavailable):
        ask(engine)


def test_a_rate_limit_is_an_outage() -> None:
    """The client has a class of its own for it."""
    with (
        answering(429, Retry_After="3") as url,
        closing(connect(url)) as engine,
        pytest.raises(EngineUnavailable, match="slow down"),
    ):
        ask(engine)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413])
def test_a_refusal_passes_through(status: int) -> None:
    """What would be refused again is no outage: to wait would be to wait for ever."""
    with (
        answering(status) as url,
        closing(connect(url)) as engine,
        pytest.raises(UnexpectedResponse) as caught,
    ):
        ask(engine)
    assert caught.value.status_code == status


def test_the_embedded_engine_refuses_likewise() -> None:
    """A collection that is not there is a 404 on every engine."""
    with embedded_engine() as engine, pytest.raises(UnexpectedResponse) as caught, outages_named():
        engine.count("nowhere")
    assert caught.value.status_code == 404


def test_our_own_errors_pass_through() -> None:
    """A mistake of the caller is not taken for an outage."""
    with pytest.raises(KeyError), outages_named():
        raise KeyError
