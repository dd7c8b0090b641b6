"""What HTTP itself may refuse: paths, methods, bodies too large, too many at once, an engine that is away."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from catalog.collection import ensure
from deploy.processes.parts import declare
from deploy.settings import QdrantSettings
from encoders.fakes import HeldTextEncoder, fake_encoders
from tests.builders import bare
from tests.index import embedded_engine
from tests.search.shop import Shop, culprits, open_shop, problem, shop_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

PATIENCE_SECONDS = 20
TOO_LARGE = b'{"text": "%s"}' % (b"x" * 30_000)
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "path",
    ["/nope", "/v1", "/v1/", "/v1/search/", "/v1/products", "/v1/pictures/0", "/static", "/static/nope.js",
     "/static/%00", "/static/../app.py", "/static/%2e%2e/app.py", "//v1/search", "/v1/SEARCH", "/metrics/",
     "/" + "x" * 5000],
)  # fmt: skip
def test_a_wrong_path_is_a_problem(shop: Shop, path: str) -> None:
    """Nothing is redirected, nothing outside the page's own files is handed out."""
    answer = problem(shop.http.get(path, follow_redirects=False), 404)

    assert answer["detail"] != "Not Found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/search", "GET, HEAD, POST"),
        ("PUT", "/v1/search", "GET, HEAD, POST"),
        ("OPTIONS", "/v1/search", "GET, HEAD, POST"),
        ("POST", "/v1/products/sku-1", "GET, HEAD"),
        ("DELETE", "/v1/products/a/b", "GET, HEAD"),
        ("PATCH", "/livez", "GET, HEAD"),
        ("POST", "/metrics", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
        ("POST", "/static/page.css", "GET, HEAD"),
        ("BREW", "/v1/search", "GET, HEAD, POST"),
    ],
)
def test_a_wrong_method_is_a_problem_that_names_the_right_ones(
    shop: Shop, method: str, path: str, allowed: str
) -> None:
    """All of them, on whichever route they lie."""
    answer = shop.http.request(method, path)

    assert allowed in problem(answer, 405)["detail"]
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/metrics", "/", "/docs", "/openapi.json", "/v1/search?q=red", "/v1/products/sku-1"]
)
def test_head_answers_as_get_without_the_body(shop: Shop, path: str) -> None:
    """Monitors ask so."""
    shop.sell(bare())
    got, head = shop.http.get(path), shop.http.head(path)

    assert head.status_code == got.status_code == 200
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.content == b""
    assert shop.http.head("/v1/products/nobody").status_code == 404


def in_pieces(whole: bytes) -> Iterator[bytes]:
    """Yield a body piece by piece, so that nobody knows its length before."""
    for start in range(0, len(whole), 1000):
        yield whole[start : start + 1000]


def test_a_body_over_the_limit_is_refused(small_shop: Shop) -> None:
    """With its length declared and without, as JSON and as a form; the answer has the limit in it."""
    http = small_shop.http
    for answer in (
        http.post("/v1/search", content=TOO_LARGE, headers=JSON),
        http.post("/v1/search", content=in_pieces(TOO_LARGE), headers=JSON),
        http.post("/v1/search", content=TOO_LARGE, headers=JSON | {"content-length": "9" * 5000}),
        http.post("/v1/search", content=in_pieces(TOO_LARGE), headers=JSON | {"content-length": "7"}),
        http.post("/v1/search", files=[("image", ("a.png", TOO_LARGE))]),
    ):
        assert "20,000 bytes" in problem(answer, 413)["detail"]


def test_a_body_at_the_limit_is_taken(small_shop: Shop) -> None:
    """Twenty thousand bytes, most of them blank."""
    body = b"{}".ljust(20_000)

    assert small_shop.http.post("/v1/search", content=body, headers=JSON).status_code == 200
    assert small_shop.http.post("/v1/search", content=in_pieces(body), headers=JSON).status_code == 200


@contextlib.contextmanager
def shop_with_room_for_one(encoder: HeldTextEncoder) -> Iterator[Shop]:
    """Open a shop that answers one search at a time, as slowly as its encoder."""
    settings = shop_settings(QdrantSettings(), max_concurrent=1)
    with embedded_engine() as engine, open_shop(engine, settings, fake_encoders(text=encoder)) as shop:
        yield shop


def test_overload_is_refused_at_once() -> None:
    """While the only place is taken, others hear when to come back; then it is free again."""
    encoder = HeldTextEncoder()
    with shop_with_room_for_one(encoder) as shop, ThreadPoolExecutor(1) as other:
        encoder.gate.clear()
        slow = other.submit(shop.found, text="red")
        assert encoder.waiting.wait(PATIENCE_SECONDS)
        posted, got = shop.http.post("/v1/search", json={}), shop.http.get("/v1/search")
        alive = shop.http.get("/livez")
        encoder.gate.set()

        assert slow.result(PATIENCE_SECONDS) == []
        for refused in (posted, got):
            problem(refused, 429)
            assert int(refused.headers["retry-after"]) >= 1
        assert alive.status_code == 200
        assert shop.search()["hits"] == []


async def test_a_client_that_goes_away_is_no_failure(shop: Shop) -> None:
    """Whoever hangs up in the middle of a request gets no 500, and no traceback is logged."""
    sent: list[MutableMapping[str, object]] = []

    async def receive() -> MutableMapping[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, object]) -> None:
        sent.append(message)

    for kind in (b"application/json", b"multipart/form-data; boundary=x"):
        sent.clear()
        scope = {
            "type": "http", "method": "POST", "path": "/v1/search", "raw_path": b"/v1/search", "query_string": b"",
            "headers": [(b"content-type", kind)], "http_version": "1.1", "scheme": "http", "server": ("shop", 80),
            "client": ("shopper", 1), "root_path": "",
        }  # fmt: skip
        await shop.http.app(scope, receive, send)
        assert sent[0]["status"] == 400


def assert_out_of_service(shop: Shop) -> None:
    """Whatever is asked, the answer must be 503 and when to try again; being alive is another matter."""
    answers = [
        shop.http.post("/v1/search", json={}),
        shop.http.post("/v1/search", json={"text": "red"}),
        shop.http.post("/v1/search", json={"terms": [{"product": "sku-1"}]}),
        shop.http.get("/v1/search?q=red"),
        shop.product("sku-1"),
        shop.picture("sku-1"),
        shop.http.get("/readyz"),
    ]
    for answer in answers:
        problem(answer, 503)
        assert int(answer.headers["retry-after"]) >= 1
    assert shop.http.get("/livez").status_code == 200


def test_an_engine_that_is_away_is_not_the_clients_fault() -> None:
    """It may come back."""
    settings = shop_settings(QdrantSettings())
    with embedded_engine() as engine:
        ensure(engine, declare(settings, fake_encoders()))
        with open_shop(engine, settings) as shop:
            engine.close()

            assert_out_of_service(shop)


def test_a_missing_collection_is_not_the_clients_fault() -> None:
    """Nothing was ingested yet; once it is, the same process serves it."""
    settings = shop_settings(QdrantSettings())
    with embedded_engine() as engine, open_shop(engine, settings) as shop:
        engine.delete_collection(shop.index.collection)
        assert_out_of_service(shop)

        ensure(engine, declare(settings, fake_encoders()))
        assert shop.search()["hits"] == []
        assert shop.http.get("/readyz").status_code == 200


def test_an_error_names_its_field_once(shop: Shop) -> None:
    """The field stands in `errors`, and in the detail for whoever reads only that."""
    answer = shop.refused(filter={"colour": "red"})

    assert culprits(answer) == ["filter.colour"]
    assert answer["detail"].count("filter.colour") == 1
    assert answer["type"] == "about:blank"
