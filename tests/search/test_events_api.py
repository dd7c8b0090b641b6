"""`POST /v1/events`: who may send, what a body is, and the answer to each line."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from deploy.processes.parts import search_app
from encoders.fakes import fake_encoders
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from ingest.accepting import JudgedEvents
from search.access import refuse_remote
from search.events import MAX_LINES, MAX_WAITING
from tests.builders import as_bytes, bare, deleted, patched, upserted
from tests.search.shop import MemoryLog, problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx2 as httpx

    from catalog.ports import EventSink, Refusal
    from tests.search.shop import Shop

NDJSON = "application/x-ndjson"
CLOUD_EVENT = {
    "specversion": "1.0", "id": "1", "source": "/shop", "type": "com.example.product.patched", "subject": "c",
    "version": 4, "data": {"price": 3},
}  # fmt: skip
WAIT_SECONDS = 20


@contextmanager
def client(shop: Shop, sink: EventSink | None, address: str = "127.0.0.1") -> Iterator[TestClient]:
    """Open the API with this way in for events, as who comes from `address` sees it."""
    with PictureFetcher(FetchSettings()) as fetcher:
        app = search_app(shop.settings, shop.index.engine, fake_encoders(), fetcher, sink)
        with TestClient(
            app, base_url="http://localhost", client=(address, 50_000), raise_server_exceptions=False
        ) as http:
            yield http


def over(log: MemoryLog) -> JudgedEvents:
    """Return the way onto a log."""
    return JudgedEvents(log.deliver, log.messages.clear)


def send(http: TestClient, body: bytes, **headers: str) -> httpx.Response:
    """Send a body of events."""
    return http.post("/v1/events", content=body, headers={"content-type": NDJSON} | headers)


def test_each_line_is_answered_and_the_good_ones_are_on_the_log(shop: Shop) -> None:
    """In their order, native or CloudEvents, with the line's own number where blank ones lie between."""
    log = MemoryLog(max_bytes=500)
    good = [as_bytes(upserted(bare("a"))), as_bytes(patched("b", price=1)), as_bytes(CLOUD_EVENT), as_bytes(deleted())]
    bad = [b"{", as_bytes({"type": "product.deleted", "product_id": "x"}), as_bytes(upserted(bare("l" * 600)))]
    large = as_bytes(upserted(bare("big", description="x" * 600)))
    body = b"\r\n".join([good[0], b"", bad[0], good[1], bad[1], good[2], bad[2], large, good[3]])

    with client(shop, over(log)) as http:
        answer = send(http, b"\xef\xbb\xbf" + body + b"\n")
        counted = http.get("/metrics").text

    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["accepted"], said["rejected"]) == (4, 4)
    assert [line["line"] for line in said["lines"]] == [1, 3, 4, 5, 6, 7, 8, 9]
    assert said["lines"][0] == {"line": 1, "accepted": True}
    reasons = [line.get("reason") for line in said["lines"]]
    assert reasons == [None, "malformed_json", None, "missing_version", None, "invalid_field", "too_large", None]
    assert all(line["accepted"] != bool(line.get("detail")) for line in said["lines"])
    assert [(message.key, message.value) for message in log.messages] == [
        (b"a", good[0]), (b"b", good[1]), (b"c", good[2]), (b"sku-1", good[3])
    ]  # fmt: skip
    assert 'vitrine_search_events_total{outcome="accepted"} 4.0' in counted


def test_where_every_line_is_refused_the_status_says_that_they_were_judged(shop: Shop) -> None:
    """One rule for one bad line and for nothing but bad lines: the answer to each line tells."""
    log = MemoryLog(away=True)

    with client(shop, over(log)) as http:
        answer = send(http, b"null\n[]")

    assert answer.status_code == 200
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (0, 2)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"content-type": "application/json"}, 415),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {"content-type": ""}, 415),
        (b"{}", {"content-encoding": "gzip"}, 415),
        (b"", {}, 422),
        (b"\n \n", {}, 422),
        (b"1\n" * (MAX_LINES + 1), {}, 422),
        (b" " * (10 * 2**20 + 1), {}, 413),
    ],
)
def test_what_is_no_body_of_events_is_refused(shop: Shop, body: bytes, headers: dict[str, str], status: int) -> None:
    """Whole, with nothing on the log."""
    log = MemoryLog()

    with client(shop, over(log)) as http:
        answer = send(http, body, **headers)

    problem(answer, status)
    assert log.messages == []


def test_a_log_that_is_away_is_told(shop: Shop) -> None:
    """With the time to come back."""
    log = MemoryLog(away=True)

    with client(shop, over(log)) as http:
        answer = send(http, as_bytes(deleted()))

    problem(answer, 503)
    assert answer.headers["retry-after"]


def test_a_process_without_a_log_says_what_to_set(shop: Shop) -> None:
    """And which setting gives it one."""
    with client(shop, None) as http:
        said = problem(send(http, as_bytes(deleted())), 404)

    assert "VITRINE_KAFKA__BOOTSTRAP_SERVERS" in said["detail"]


def test_nobody_from_elsewhere_may_send(shop: Shop) -> None:
    """Without keys only this machine may, whatever a header says."""
    log = MemoryLog()

    with client(shop, over(log), "192.0.2.7") as http:
        problem(send(http, as_bytes(deleted())), 403)
        problem(send(http, as_bytes(deleted()), **{"x-forwarded-for": "127.0.0.1"}), 403)
    with client(shop, over(log)) as http:
        problem(send(http, as_bytes(deleted()), **{"x-forwarded-for": "192.0.2.7"}), 403)

    assert log.messages == []


@pytest.mark.parametrize(
    ("address", "headers", "allowed"),
    [
        ("127.0.0.1", {"host": "localhost:8000"}, True),
        ("127.8.0.1", {"host": "127.0.0.1"}, True),
        ("::1", {"host": "[::1]:8000"}, True),
        ("::ffff:127.0.0.1", {"host": "LOCALHOST"}, True),
        ("::ffff:192.0.2.7", {"host": "localhost"}, False),
        ("10.0.0.1", {"host": "localhost"}, False),
        ("testclient", {"host": "localhost"}, False),
        (None, {"host": "localhost"}, False),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=127.0.0.1"}, False),
        ("127.0.0.1", {"host": "evil.example:8000"}, False),
        ("127.0.0.1", {"host": "localhost.evil.example"}, False),
        ("127.0.0.1", {}, False),
    ],
)
def test_who_is_on_this_machine(address: str | None, headers: dict[str, str], allowed: bool) -> None:  # noqa: FBT001
    """The other end of the connection decides; a name that merely resolves to it does not."""
    assert (refuse_remote(address, headers) is None) == allowed


@dataclass
class HeldSink:
    """An `EventSink` that holds whoever comes until it is let go."""

    entered: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def append(self, events: Sequence[bytes]) -> list[Refusal | None]:
        """Wait, then take everything."""
        self.entered.set()
        assert self.release.wait(WAIT_SECONDS)
        return [None for _ in events]

    def close(self) -> None:
        """Do nothing."""


def test_too_many_at_once_are_told_to_come_back(shop: Shop) -> None:
    """A log that hangs neither gathers bodies in memory nor stops a search."""
    sink = HeldSink()
    body = as_bytes(deleted())

    with client(shop, sink) as http, ThreadPoolExecutor(MAX_WAITING + 3) as senders:
        sent = [senders.submit(send, http, body) for _ in range(MAX_WAITING + 3)]
        assert sink.entered.wait(WAIT_SECONDS)
        searched = http.post("/v1/search", json={})
        sink.release.set()
        answers = [one.result(WAIT_SECONDS) for one in sent]

    assert searched.status_code == 200
    refused = [answer for answer in answers if answer.status_code != 200]
    assert all(answer.status_code == 429 and answer.headers["retry-after"] for answer in refused)
