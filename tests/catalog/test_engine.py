"""Outages, as both clients of a server really raise them, become one error; what is no outage stays what it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import grpc
import httpx
import pytest
from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import UnexpectedResponse

from catalog.engine import Server, connect, connect_async, outages_named
from catalog.errors import EngineUnavailable, Misconfigured
from tests.broker import free_ports
from tests.index import embedded_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.engine import AsyncEngine, Engine


@contextmanager
def answering(status: int, body: bytes = b'{"status": {"error": "no"}}', **headers: str) -> Iterator[str]:
    """Serve one answer to everything, and yield the URL of it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def aborting(code: grpc.StatusCode) -> Iterator[Server]:
    """Serve one refusal to every gRPC call."""

    class Refusing(grpc.GenericRpcHandler):  # type: ignore[misc] # no types are published for it
        def service(self, _details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            return grpc.unary_unary_rpc_method_handler(lambda _request, context: context.abort(code, "no"))

    port = free_ports(1)[0]
    server = grpc.server(ThreadPoolExecutor(2), handlers=[Refusing()])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield Server(closed(), grpc_port=port)
    finally:
        server.stop(grace=None).wait()


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
    with closing(connect(Server(closed()))) as engine, pytest.raises(EngineUnavailable, match="does not answer"):
        ask(engine)


def test_a_closed_port_is_an_outage_over_grpc() -> None:
    """The same through the other protocol, whose errors are quite others."""
    server = Server(closed(), grpc_port=free_ports(1)[0])
    with closing(connect(server)) as engine, pytest.raises(EngineUnavailable, match="does not answer"):
        ask(engine)


async def test_a_closed_port_is_an_outage_for_the_async_clients() -> None:
    """Search sees the same errors, over both protocols."""
    for server in (Server(closed()), Server(closed(), grpc_port=free_ports(1)[0])):
        client = connect_async(server)
        with pytest.raises(EngineUnavailable, match="does not answer"):
            await ask_later(client)
        await client.close()


def test_nonsense_is_no_outage() -> None:
    """An answer that is none comes from a proxy that should not be there, and will come again."""
    with (
        answering(200, b"<html>It works!</html>") as url,
        closing(connect(Server(url))) as engine,
        pytest.raises(Misconfigured, match="VITRINE_QDRANT__URL is no Qdrant server"),
    ):
        ask(engine)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_server_in_trouble_is_an_outage(status: int) -> None:
    """Too slow, too many, restarting: it will pass."""
    with answering(status) as url, closing(connect(Server(url))) as engine, pytest.raises(EngineUnavailable):
        ask(engine)


def test_a_rate_limit_is_an_outage() -> None:
    """The client has a class of its own for it."""
    with (
        answering(429, Retry_After="3") as url,
        closing(connect(Server(url))) as engine,
        pytest.raises(EngineUnavailable, match="slow down"),
    ):
        ask(engine)


def test_a_rate_limit_that_names_a_date_is_an_outage() -> None:
    """A proxy may say when in that way, which Qdrant's client takes for an error of its own."""
    with (
        answering(429, Retry_After="Fri, 01 May 2026 10:00:00 GMT") as url,
        closing(connect(Server(url))) as engine,
        pytest.raises(EngineUnavailable, match="slow down"),
    ):
        ask(engine)


@pytest.mark.parametrize("body", [b"Invalid API key or JWT", b'{"status": {"error": "Invalid API key or JWT"}}'])
@pytest.mark.parametrize("status", [401, 403])
def test_whom_a_server_does_not_let_in_is_told_which_setting(status: int, body: bytes) -> None:
    """To wait would not help, and a traceback would help nobody; Qdrant says it as text, or as JSON."""
    with (
        answering(status, body) as url,
        closing(connect(Server(url))) as engine,
        pytest.raises(Misconfigured, match=f"{status}: Invalid API key or JWT.*VITRINE_QDRANT__API_KEY"),
    ):
        ask(engine)


@pytest.mark.parametrize(("code", "status"), [("UNAUTHENTICATED", 401), ("PERMISSION_DENIED", 403)])
def test_over_grpc_as_well(code: str, status: int) -> None:
    """The two that Qdrant's gRPC has for it."""
    with (
        aborting(grpc.StatusCode[code]) as server,
        closing(connect(server)) as engine,
        pytest.raises(Misconfigured, match=f"{status}: no.*VITRINE_QDRANT__API_KEY"),
    ):
        ask(engine)


def test_a_grpc_port_of_something_else_is_named() -> None:
    """It knows none of the calls."""
    with (
        aborting(grpc.StatusCode.UNIMPLEMENTED) as server,
        closing(connect(server)) as engine,
        pytest.raises(Misconfigured, match="VITRINE_QDRANT__GRPC_PORT"),
    ):
        ask(engine)


@pytest.mark.parametrize("url", ["http://qdrant", "http://qdrant:6333/", "http://[::1]:6333", "https://qdrant.example"])
async def test_a_key_goes_along_without_a_warning(url: str) -> None:
    """Tests take warnings for errors, and a process would print it whenever it makes a client; it is logged once."""
    server = Server(url, api_key="secret", grpc_port=6334)
    engine, searching = connect(server), connect_async(server)
    engine.close()
    await searching.close()

    assert server.is_overheard == url.startswith("http://qdrant")
    assert not replace(server, api_key=None).is_overheard


@pytest.mark.parametrize(
    "url", ["http://qdrant", "https://qdrant.example", "https://qdrant.example:443/vectors", "http://[::1]:7000/"]
)
def test_files_go_where_the_calls_go(url: str) -> None:
    """To the client's own port where a URL names none, and below the prefix of a proxy."""
    with closing(connect(Server(url))) as engine, Server(url).files(timeout_seconds=1.0) as rest:
        assert isinstance(engine, QdrantClient)
        where = httpx.URL(f"{engine._client.rest_uri.rstrip('/')}/collections")  # type: ignore[attr-defined]
        assert rest.build_request("GET", "/collections").url == where


@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_refusal_passes_through(status: int) -> None:
    """What would be refused again is no outage: to wait would be to wait for ever."""
    with (
        answering(status) as url,
        closing(connect(Server(url))) as engine,
        pytest.raises(UnexpectedResponse) as caught,
    ):
        ask(engine)
    assert caught.value.status_code == status


@pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "INTERNAL", "CANCELLED"])
def test_a_server_in_trouble_is_an_outage_over_grpc(code: str) -> None:
    """What REST says with 503, 408, 429 and 500."""
    with (
        aborting(grpc.StatusCode[code]) as server,
        closing(connect(server)) as engine,
        pytest.raises(EngineUnavailable),
    ):
        ask(engine)


@pytest.mark.parametrize(("code", "status"), [("INVALID_ARGUMENT", 400), ("NOT_FOUND", 404), ("ALREADY_EXISTS", 409)])
def test_a_refusal_over_grpc_is_that_of_rest(code: str, status: int) -> None:
    """One handling is enough for both protocols."""
    with (
        aborting(grpc.StatusCode[code]) as server,
        closing(connect(server)) as engine,
        pytest.raises(UnexpectedResponse) as caught,
    ):
        ask(engine)
    assert caught.value.status_code == status


def test_any_other_error_of_grpc_passes_through() -> None:
    """It keeps its class, and is not its own cause: some loggers would follow that for ever."""
    with (
        aborting(grpc.StatusCode.DATA_LOSS) as server,
        closing(connect(server)) as engine,
        pytest.raises(grpc.RpcError) as caught,
    ):
        ask(engine)
    assert caught.value.__cause__ is not caught.value


def test_the_embedded_engine_refuses_likewise() -> None:
    """A collection that is not there is a 404 on every engine."""
    with embedded_engine() as engine, pytest.raises(UnexpectedResponse) as caught, outages_named():
        engine.count("nowhere")
    assert caught.value.status_code == 404


def test_our_own_errors_pass_through() -> None:
    """A mistake of the caller is not taken for an outage."""
    with pytest.raises(KeyError), outages_named():
        raise KeyError
