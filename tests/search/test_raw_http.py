"""What comes over a bare socket: requests that two readers would read apart, heads and bodies that never end."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from deploy.processes.patience import MAX_HEAD_BYTES
from deploy.processes.search import server
from deploy.settings import QdrantSettings
from tests.builders import bare
from tests.index import embedded_engine
from tests.search.keyed import SEARCHER, bearer, entry, locked, write_keys
from tests.search.shop import open_shop, shop_settings
from tests.search.test_http_socket import PATIENCE_SECONDS, port_of, read_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.search.shop import Shop

SOON_SECONDS = 0.3
POST = b"POST /v1/search HTTP/1.1\r\nHost: shop\r\nX-API-Key: searcher\r\nContent-Type: application/json\r\n"
GET = b"GET /v1/products/sku-1 HTTP/1.1\r\nHost: shop\r\n"
HIDDEN = b"GET /livez HTTP/1.1\r\nHost: shop\r\n\r\n"


@contextmanager
def serving(shop: Shop) -> Iterator[int]:
    """Serve a shop that is started already, by the very server that `vitrine search serve` runs."""
    http = server(shop.http.app, shop.settings)  # type: ignore[arg-type]
    http.config.lifespan = "off"
    thread = threading.Thread(target=http.run)
    thread.start()
    try:
        while not http.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield port_of(http)
    finally:
        http.should_exit = True
        thread.join(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve a locked shop that soon loses its patience: one for all, for nothing here changes it."""
    keys = write_keys(tmp_path_factory.mktemp("keys") / "keys.yaml", entry(SEARCHER))
    with embedded_engine() as engine, open_shop(engine, shop_settings(QdrantSettings())) as shop:
        shop.sell(bare())
        patience = {"head_seconds": SOON_SECONDS, "body_seconds": SOON_SECONDS, "keep_alive_seconds": 1}
        settings = {"port": 0, "max_body_bytes": 200_000, **patience}
        with locked(shop, keys, settings) as opened, serving(opened) as free_port:
            yield free_port


def dialogue(port: int, *pieces: bytes) -> bytes:
    """Send a request and return all that comes until the server closes, which it always does in the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return read_all(connection)


def trickle(connection: socket.socket, text: bytes) -> None:
    """Send a text byte by byte."""
    for letter in text:
        connection.sendall(bytes([letter]))
        time.sleep(SOON_SECONDS / 10)


def statuses(answer: bytes) -> list[int]:
    """Return the status of each answer that came over one connection."""
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        POST + b"Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}",
        POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        POST + b"Content-Length: 2, 2\r\n\r\n{}",
        POST + b"Content-Length: +2\r\n\r\n{}",
        POST + b"Content-Length: -2\r\n\r\n{}",
        POST + b"Content-Length: 0x2\r\n\r\n{}",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff2\r\n{}\r\n0\r\n\r\n",
        GET + b"X-A: b\r\n X-API-Key: searcher\r\n\r\n",
        GET + b"X-A: b\rX-API-Key: searcher\r\n\r\n",
        GET + b"X-A: b\x00c\r\n\r\n",
        GET + b"X-\x01A: b\r\n\r\n",
        GET.replace(b"\r\n", b"\n") + b"\n",
        b"GET /v1/products/sku-1 HTTP/3.7\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: shop\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_two_readers_would_read_apart_is_refused(port: int, request_: bytes) -> None:
    """And the connection with it: what stands behind is no request."""
    answer = dialogue(port, request_ + HIDDEN)

    assert statuses(answer) == [400]
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "spelt", ["X_API_Key: searcher", "X-Api-Key-: searcher", "Proxy-Authorization: Bearer searcher"]
)
def test_a_header_of_a_name_that_is_like_ours_is_another(port: int, spelt: str) -> None:
    """No gateway's idea of a name opens the door."""
    assert statuses(dialogue(port, GET + spelt.encode() + b"\r\n\r\n")) == [401]


def test_a_key_behind_the_body_is_none(port: int) -> None:
    """The headers that count are those in front."""
    chunked = (
        POST.replace(b"X-API-Key: searcher\r\n", b"") + b"Transfer-Encoding: chunked\r\nTrailer: X-API-Key\r\n\r\n"
    )

    assert statuses(dialogue(port, chunked + b"2\r\n{}\r\n0\r\nX-API-Key: searcher\r\n\r\n")) == [401]


def test_two_hosts_are_one_too_many(port: int) -> None:
    """Whoever stands between may have gone by the other."""
    assert statuses(dialogue(port, GET + b"Host: evil.example\r\nX-API-Key: searcher\r\n\r\n")) == [400]


def test_a_refused_body_is_no_request(port: int) -> None:
    """What a body holds stays a body, also where nobody wants it."""
    answer = dialogue(port, POST + b"Content-Length: 90000000\r\n\r\n" + HIDDEN * 3)
    unknown = dialogue(port, POST.replace(b"searcher", b"nobody") + b"Content-Length: 180\r\n\r\n" + HIDDEN * 3)

    assert statuses(answer) == [413]
    assert statuses(unknown) == [401]


def test_requests_in_one_go_are_answered_each_by_its_own_key(port: int) -> None:
    """Nothing of the first is left for the second."""
    first = GET + b"X-API-Key: searcher\r\n\r\n"

    assert statuses(dialogue(port, first + GET + b"\r\n" + first)) == [200, 401, 200]


def test_nothing_is_upgraded(port: int) -> None:
    """There is no other protocol behind this door."""
    asked = (
        GET
        + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n"
    )

    assert statuses(dialogue(port, asked)) == [401]


@pytest.mark.parametrize("start", [b"", b"G", b"GET /livez HTTP/1.1\r\nHost: sh", b"\r\n" * 5])
def test_a_head_that_does_not_end_ends_the_connection(port: int, start: bytes) -> None:
    """After the deadline, with however much of it there is; and again behind a request that was answered."""
    for before, expected in ((b"", []), (HIDDEN, [200])):
        began = time.monotonic()
        answer = dialogue(port, before + start)

        assert statuses(answer) == expected
        assert time.monotonic() - began < 10 * SOON_SECONDS


def test_a_connection_may_be_silent_between_two_requests(shop: Shop, tmp_path: Path) -> None:
    """For much longer than the next head may take once it has begun: a proxy uses its connections again."""
    keys = write_keys(tmp_path / "keys.yaml", entry(SEARCHER))
    last = HIDDEN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with (
        locked(shop, keys, {"port": 0, "head_seconds": SOON_SECONDS}) as opened,
        serving(opened) as port,
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection,
    ):
        connection.sendall(HIDDEN)
        first = connection.recv(65_536)
        time.sleep(3 * SOON_SECONDS)
        connection.sendall(last)
        second = read_all(connection)
        began = time.monotonic()
        unfinished = dialogue(port, HIDDEN + last[:9])

    assert (statuses(first), statuses(second)) == ([200], [200])
    assert statuses(unfinished) == [200]
    assert time.monotonic() - began < PATIENCE_SECONDS / 2


def test_a_head_that_trickles_is_not_waited_for(port: int) -> None:
    """A byte now and then buys no time."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        began = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011 - broken pipe or reset, as the system has it
            trickle(connection, GET * 100)

    assert time.monotonic() - began < 10 * SOON_SECONDS


def test_a_body_that_trickles_is_answered_408(port: int) -> None:
    """At the deadline for the whole of it, and the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        began = time.monotonic()
        connection.sendall(POST + b"Content-Length: 100000\r\n\r\n")
        trickle(connection, b" " * 5)
        answer = read_all(connection)

    assert statuses(answer) == [408]
    assert b"connection: close" in answer.lower()
    assert SOON_SECONDS / 2 < time.monotonic() - began < 10 * SOON_SECONDS


@pytest.mark.parametrize("line", [b"X-A: " + b"b" * MAX_HEAD_BYTES * 4, b"X-A: b\r\n" * (MAX_HEAD_BYTES // 2)])
def test_a_head_without_end_is_refused(port: int, line: bytes) -> None:
    """In one header or in thousands."""
    assert statuses(dialogue(port, GET + line)) in ([431], [])  # where more is on its way, a reset may eat the answer


def test_trailers_without_end_are_refused(port: int) -> None:
    """They are kept in memory like a head."""
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"

    assert 200 not in statuses(dialogue(port, chunked, b"X-A: b\r\n" * MAX_HEAD_BYTES))


def test_many_slow_clients_hold_up_nobody(port: int) -> None:
    """A hundred heads and bodies that do not end, and a search answered beside them; then all are gone."""
    slow = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) for _ in range(100)]
    for number, connection in enumerate(slow):
        connection.sendall(POST + b"Content-Length: 9\r\n\r\n{" if number % 2 else POST)
    began = time.monotonic()
    answer = dialogue(port, POST + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
    took = time.monotonic() - began
    left = [statuses(read_all(connection)) for connection in slow]
    for connection in slow:
        connection.close()

    assert statuses(answer) == [200]
    assert took < PATIENCE_SECONDS / 4
    assert left == [[], [408]] * 50


def test_bodies_in_memory_have_a_limit_together(shop: Shop, tmp_path: Path) -> None:
    """Sixteen of the largest; the next is told to come back, and may when they are gone."""
    keys = write_keys(tmp_path / "keys.yaml", entry(SEARCHER))
    with (
        locked(shop, keys, {"port": 0, "head_seconds": 0.8, "body_seconds": 0.8, "max_body_bytes": 100_000}) as opened,
        serving(opened) as port,
    ):
        begun = POST + b"Content-Length: 90000\r\n\r\n" + b" " * 89_000
        slow = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) for _ in range(30)]
        for connection in slow:
            connection.sendall(begun)
        left = [statuses(read_all(connection)) for connection in slow]
        for connection in slow:
            connection.close()
        again = opened.http.post("/v1/search", content=b"{}".ljust(90_000), headers=bearer(SEARCHER))

    assert {408, 429} == {status for found in left for status in found}
    assert left.count([429]) >= 10
    assert again.status_code == 200
