"""A Qdrant server behind TLS, with a certificate of one's own authority: no server, but real handshakes."""

from __future__ import annotations

import json
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import grpc
import pytest

from catalog.engine import Server, connect, connect_async, outages_named
from catalog.errors import EngineUnavailable
from tests.certificates import Certificate, self_signed

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_ALIASES = json.dumps({"result": {"aliases": []}, "status": "ok", "time": 0.0}).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers that there are no aliases to whoever has the key."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200 if self.headers["api-key"] == "right" else 401)
        self.send_header("Content-Length", str(len(NO_ALIASES)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(NO_ALIASES)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class QuietServer(HTTPServer):
    """Says nothing of handshakes that fail."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make a certificate."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@contextmanager
def rest_server(made: Certificate) -> Iterator[int]:
    """Serve REST behind TLS; give the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    with QuietServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def grpc_server(made: Certificate) -> Iterator[int]:
    """Serve gRPC without a single method behind TLS; give the port."""
    credentials = grpc.ssl_server_credentials([(made.key.read_bytes(), made.certificate.read_bytes())])
    with ThreadPoolExecutor(1) as workers:
        server = grpc.server(workers)
        port: int = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        try:
            yield port
        finally:
            server.stop(None).wait()


async def test_a_server_whose_authority_is_named_is_trusted(made: Certificate) -> None:
    """Over REST, by either client, and the key goes with it."""
    with rest_server(made) as port:
        server = Server(f"https://127.0.0.1:{port}", api_key="right", ca_file=made.certificate)
        client, other = connect(server), connect_async(server)
        try:
            assert client.get_aliases().aliases == []
            assert (await other.get_aliases()).aliases == []
        finally:
            client.close()
            await other.close()


def test_a_server_that_nobody_vouches_for_is_not(made: Certificate) -> None:
    """It never hears the key."""
    with rest_server(made) as port:
        client = connect(Server(f"https://127.0.0.1:{port}", api_key="right"))
        try:
            with pytest.raises(EngineUnavailable, match="CERTIFICATE_VERIFY_FAILED"), outages_named():
                client.get_aliases()
        finally:
            client.close()


def test_over_grpc_it_is_the_same(made: Certificate) -> None:
    """A server that is trusted says which method it lacks; one that is not says nothing."""
    with grpc_server(made) as port:
        for ca_file, code in ((made.certificate, grpc.StatusCode.UNIMPLEMENTED), (None, grpc.StatusCode.UNAVAILABLE)):
            client = connect(
                Server("https://127.0.0.1:6333", api_key="right", grpc_port=port, timeout_seconds=2, ca_file=ca_file)
            )
            try:
                with pytest.raises(grpc.RpcError) as refused:
                    client.get_aliases()
                assert refused.value.code() == code
            finally:
                client.close()
