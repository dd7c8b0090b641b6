"""Ends of work, on a real port: a deadline, a client that goes away, more clients than there is room for."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from deploy.settings import QdrantSettings
from encoders.fakes import HeldTextEncoder, fake_encoders
from tests.index import embedded_engine
from tests.search.shop import RED, open_shop, png, shop_settings
from tests.search.test_http_socket import dialogue, head, listening, read_all

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_SECONDS = 20
CLIENTS = 200
AT_ONCE_SECONDS = 1.0


@contextmanager
def held_shop(encoder: HeldTextEncoder, **api: object) -> Iterator[int]:
    """Serve a shop that is as slow as its encoder."""
    settings = shop_settings(QdrantSettings(), **api)
    with embedded_engine() as engine, open_shop(engine, settings, fake_encoders(text=encoder)) as shop:
        encoder.gate.clear()
        try:
            with listening(shop.http.app) as port:
                yield port
        finally:
            encoder.gate.set()


def search(**request: object) -> bytes:
    """Return a search as JSON."""
    body = json.dumps(request).encode()
    return head("POST", "/v1/search", "Content-Type: application/json", f"Content-Length: {len(body)}") + body


def form(**request: object) -> bytes:
    """Return a search as a form with a picture."""
    parts = [
        b'Content-Disposition: form-data; name="request"\r\n\r\n' + json.dumps(request).encode(),
        b'Content-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n' + png(RED),
    ]
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    kind = "Content-Type: multipart/form-data; boundary=b"
    return head("POST", "/v1/search", kind, f"Content-Length: {len(body)}") + body


def simple(text: str) -> bytes:
    """Return a search as an address."""
    return head("GET", f"/v1/search?q={text}")


def status(answer: bytes) -> int:
    """Return the status of an answer."""
    return int(answer.split(b" ", 2)[1])


def statuses(port: int) -> dict[str, float]:
    """Return how many answers of each status `/v1/search` gave, as the metrics have it."""
    lines = dialogue(port, head("GET", "/metrics")).decode().splitlines()
    of_search = [line for line in lines if line.startswith('vitrine_search_requests_total{route="/v1/search"')]
    return {line.split('status="')[1][:3]: float(line.rpartition(" ")[2]) for line in of_search}


@pytest.mark.parametrize("request_bytes", [search(text="slow"), form(text="slow"), simple("slow")])
def test_work_ends_at_its_deadline(request_bytes: bytes) -> None:
    """A 503 that says when to come back; the place is free again, and the encoder never hears of who gave up."""
    encoder = HeldTextEncoder()
    with held_shop(encoder, timeout_seconds=0.3, max_concurrent=1) as port:
        start = time.monotonic()
        answer = dialogue(port, request_bytes)

        assert status(answer) == 503
        assert b"retry-after: " in answer
        assert b"0.3 s" in answer
        assert time.monotonic() - start < 0.3 + AT_ONCE_SECONDS
        assert status(dialogue(port, search())) == 200


def test_a_slow_sender_has_all_the_time() -> None:
    """The clock is of work, and work begins with the whole body."""
    encoder = HeldTextEncoder()
    with held_shop(encoder, timeout_seconds=0.3) as port:
        encoder.gate.set()
        request_bytes = search(text="a")
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as slow:
            slow.sendall(request_bytes[:-3])
            time.sleep(0.5)
            slow.sendall(request_bytes[-3:])
            assert status(read_all(slow)) == 200


@pytest.mark.parametrize("request_bytes", [search(text="slow"), form(text="slow"), simple("slow")])
def test_who_goes_away_ends_the_work(request_bytes: bytes) -> None:
    """While the encoder still has the one query, the only place is free for another."""
    encoder = HeldTextEncoder()
    with held_shop(encoder, max_concurrent=1) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as leaving:
            leaving.sendall(request_bytes)
            assert encoder.waiting.wait(PATIENCE_SECONDS)
            assert status(dialogue(port, search())) == 429
        deadline = time.monotonic() + PATIENCE_SECONDS
        while status(dialogue(port, search())) != 200:
            assert time.monotonic() < deadline

        assert not encoder.gate.is_set()
        assert statuses(port)["499"] == 1
        assert "500" not in statuses(port)


def test_what_nobody_waits_for_is_not_encoded() -> None:
    """A query whose client left while it stood in line drops out."""
    encoder = HeldTextEncoder()
    with held_shop(encoder) as port, ThreadPoolExecutor(1) as other:
        first = other.submit(dialogue, port, search(text="first"))
        assert encoder.waiting.wait(PATIENCE_SECONDS)
        before = encoder.encoded
        for number in range(5):
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as leaving:
                leaving.sendall(search(text=f"leaving {number}"))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while statuses(port).get("499") != 5:
            assert time.monotonic() < deadline
        encoder.gate.set()

        assert status(first.result(PATIENCE_SECONDS)) == 200
        assert status(dialogue(port, search(text="last"))) == 200
        assert encoder.encoded == before + 2


def test_two_hundred_clients_find_room_or_hear_so_at_once() -> None:
    """As many as there are places are served, the others are told when to come back before the first is."""
    encoder = HeldTextEncoder()
    with held_shop(encoder, max_concurrent=8) as port, ThreadPoolExecutor(CLIENTS) as clients:
        start = time.monotonic()
        asked = [clients.submit(dialogue, port, search(text=f"query {number}")) for number in range(CLIENTS)]
        deadline = start + PATIENCE_SECONDS
        while sum(one.done() for one in asked) < CLIENTS - 8:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        encoder.gate.set()
        answers = [one.result(PATIENCE_SECONDS) for one in asked]

    assert [status(answer) for answer in answers].count(200) == 8
    refused = [answer for answer in answers if status(answer) != 200]
    assert all(status(answer) == 429 and b"retry-after: " in answer for answer in refused)
