"""The API on a real port: what only a server of its own does to requests and answers."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import uvicorn

from tests.builders import bare
from tests.search.shop import on_the_embedded_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from tests.search.shop import Shop

PATIENCE_SECONDS = 20
pytestmark = on_the_embedded_engine


@contextmanager
def listening(app: ASGIApp) -> Iterator[int]:
    """Serve an app that is started already on a free port."""
    http = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="warning"))
    thread = threading.Thread(target=http.run)
    thread.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not http.started and time.monotonic() < deadline:
        time.sleep(0.005)
    try:
        yield port_of(http)
    finally:
        http.should_exit = True
        thread.join(PATIENCE_SECONDS)


def port_of(http: uvicorn.Server) -> int:
    """Return the port that a server was given."""
    port: int = http.servers[0].sockets[0].getsockname()[1]
    return port


@pytest.fixture
def port(small_shop: Shop) -> Iterator[int]:
    """Serve a shop that takes small bodies, one search at a time."""
    small_shop.sell(
        bare(), bare("loc", images=["https://127.0.0.1:9/红 鞋.jpg?a=b", "https://127.0.0.1:9/a\r\nX-Evil: 1"])
    )
    with listening(small_shop.http.app) as free_port:
        yield free_port


def dialogue(port: int, *pieces: bytes) -> bytes:
    """Send a request piece by piece and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the server closes."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except ConnectionResetError:  # it closed before it had read all that we sent
        pass
    return received


def head(method: str, target: str, *lines: str) -> bytes:
    """Return the head of a request that asks for the connection to be closed after the answer."""
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: shop", "Connection: close", *lines, "", ""]).encode()


def test_a_body_of_no_declared_length_is_counted(port: int) -> None:
    """A chunked body over the limit ends in 413 as soon as it is."""
    chunk = b"2710\r\n" + b" " * 10_000 + b"\r\n"

    answer = dialogue(
        port, head("POST", "/v1/search", "Content-Type: application/json", "Transfer-Encoding: chunked"), chunk * 3
    )

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"20,000 bytes" in answer


def test_a_declared_length_over_the_limit_is_refused_unread(port: int) -> None:
    """Not a byte of the body need be sent."""
    answer = dialogue(port, head("POST", "/v1/search", "Content-Length: 20001"))

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_head_has_no_body(port: int) -> None:
    """And the length that the body would have."""
    top, _, body = dialogue(port, head("HEAD", "/v1/products/sku-1")).partition(b"\r\n\r\n")

    assert top.startswith(b"HTTP/1.1 200 ")
    assert b"content-length: " in top
    assert body == b""


@pytest.mark.parametrize("number", [0, 1])
def test_the_address_of_a_picture_is_only_an_address(port: int, number: int) -> None:
    """Whatever characters a shop's URL has, a redirect is one well-formed line and brings no header of its own."""
    answer = dialogue(port, head("GET", f"/v1/pictures/{number}/loc"))
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")

    assert lines[0].startswith(b"HTTP/1.1 307 ")
    assert [line for line in lines if line.startswith(b"location: https://") and line.isascii()]
    assert not [line for line in lines if line.lower().startswith(b"x-evil")]


@pytest.mark.parametrize(
    "target", ["/v1/products/%FF%FE", "/v1/products/%00", "/%zz", "/v1/search?q=%FF&price_min=%00"]
)
def test_broken_escapes_are_no_failure(port: int, target: str) -> None:
    """A path is whatever a client writes."""
    status = int(dialogue(port, head("GET", target)).split(b" ", 2)[1])

    assert 400 <= status < 500


@pytest.mark.parametrize("product_id", ["100%", "%2F", "a%20b", "..%2f..", "a/b c?d#e", "红鞋"])
def test_an_id_is_unescaped_once(port: int, small_shop: Shop, product_id: str) -> None:
    """An id may look like an escape itself; the test client would undo that one too."""
    small_shop.sell(bare(product_id))

    answer = dialogue(port, head("GET", f"/v1/products/{quote(product_id, safe='')}"))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert f'"id":"{product_id}"'.encode() in answer


def test_who_sends_slowly_holds_no_place(port: int) -> None:
    """While one client takes its time over a body, the only place stays free for others."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as slow:
        slow.sendall(head("POST", "/v1/search", "Content-Length: 12") + b'{"limit":')
        quick = dialogue(port, head("POST", "/v1/search", "Content-Length: 2"), b"{}")
        slow.sendall(b" 3}")
        answer = read_all(slow)

    assert quick.startswith(b"HTTP/1.1 200 ")
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_who_hangs_up_is_forgotten(port: int) -> None:
    """A request that never ends leaves the server as it was."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(head("POST", "/v1/search", "Content-Length: 100") + b"{")

    assert dialogue(port, head("GET", "/v1/search")).startswith(b"HTTP/1.1 200 ")
