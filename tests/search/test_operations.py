"""What operators look at: alive, ready, metrics, and the description of the API."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from deploy.processes.parts import search_app
from encoders.fakes import ColourPictureEncoder, HashingTextEncoder, fake_encoders
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from tests.builders import bare
from tests.search.shop import problem

if TYPE_CHECKING:
    from encoders.interface import Encoders
    from tests.search.shop import Shop


def test_a_process_that_answers_is_alive(shop: Shop) -> None:
    """It takes nothing else to be alive."""
    assert shop.http.get("/livez").json() == {"status": "alive"}


def test_a_verified_index_and_warm_encoders_are_ready(shop: Shop) -> None:
    """The answer says what is served and how much of it."""
    shop.sell(bare("a"), bare("b"))

    assert shop.http.get("/readyz").json() == {"status": "ready", "collection": shop.index.collection, "points": 2}


def test_cold_encoders_are_not_ready(shop: Shop) -> None:
    """Before the app is started, it sends nobody here."""
    with PictureFetcher(FetchSettings()) as fetcher:
        app = search_app(shop.settings, shop.index.engine, fake_encoders(), fetcher)
        cold = TestClient(app, raise_server_exceptions=False)  # outside of `with`, so the lifespan does not run

        answer = cold.get("/readyz")

    assert "not warm" in problem(answer, 503)["detail"]
    assert answer.headers["retry-after"]


def test_a_process_that_leaves_is_not_ready_and_answers(shop: Shop) -> None:
    """Who asks for readiness is sent away; who comes all the same is answered, on a connection that ends with it."""
    with PictureFetcher(FetchSettings()) as fetcher:
        app = search_app(shop.settings, shop.index.engine, fake_encoders(), fetcher)
        with TestClient(app, raise_server_exceptions=False) as http:
            before = http.get("/v1/search")
            app.state.readiness.leave()
            answer, after = http.get("/readyz"), http.get("/v1/search")

    assert "shutting down" in problem(answer, 503)["detail"]
    assert answer.headers["retry-after"]
    assert (before.status_code, "connection" in before.headers) == (200, False)
    assert (after.status_code, after.headers["connection"]) == (200, "close")


@pytest.mark.parametrize(
    "others",
    [
        replace(fake_encoders(), text=HashingTextEncoder(32)),
        replace(fake_encoders(), picture=ColourPictureEncoder(32)),
    ],
    ids=["text", "picture"],
)
def test_an_index_of_other_encoders_is_not_ready(shop: Shop, others: Encoders) -> None:
    """The answer says which collection was found and which belongs to these encoders."""
    with PictureFetcher(FetchSettings()) as fetcher:
        app = search_app(shop.settings, shop.index.engine, others, fetcher)
        with TestClient(app, raise_server_exceptions=False) as http:
            detail = problem(http.get("/readyz"), 503)["detail"]
            searched = http.post("/v1/search", json={"text": "red"})

    assert shop.index.collection in detail
    assert "VITRINE_ENCODERS__TEXT" in detail
    problem(searched, 503)


def test_metrics_count_answers_by_route_and_status(small_shop: Shop) -> None:
    """In Prometheus' text format; what has no route is counted together, whatever it was."""
    small_shop.search(text="red")
    small_shop.refused(text="")
    small_shop.http.get("/nope")
    small_shop.http.get("/v1/products/a/b")

    answer = small_shop.http.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'vitrine_search_requests_total{route="/v1/search",status="200"} 1.0',
        'vitrine_search_requests_total{route="/v1/search",status="422"} 1.0',
        'vitrine_search_requests_total{route="none",status="404"} 1.0',
        'vitrine_search_requests_total{route="/v1/products/{product_id:path}",status="404"} 1.0',
        'vitrine_search_stage_seconds_count{stage="encode"} 1.0',
        'vitrine_search_encoded_contents_sum{kind="words"} 6.0',
    ):
        assert line in answer.text
    assert not re.search(r'route="/nope"', answer.text)


def test_the_description_of_the_api_is_complete(shop: Shop) -> None:
    """Each route says what it may answer, and every reference leads somewhere."""
    schema = shop.http.get("/openapi.json").json()

    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (path, method)
            assert "200" in operation["responses"], (path, method)
    assert set(schema["paths"]["/v1/search"]["post"]["responses"]) == {
        "200", "400", "401", "403", "413", "415", "422", "429", "500", "503",
    }  # fmt: skip
    named = set(re.findall(r"#/components/schemas/(\w+)", shop.http.get("/openapi.json").text))
    assert named <= schema["components"]["schemas"].keys()
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_the_description_can_be_read_in_a_browser(shop: Shop) -> None:
    """`/docs` shows what `/openapi.json` has, each link leads somewhere, and nothing comes from elsewhere."""
    answer, schema = shop.http.get("/docs"), shop.http.get("/openapi.json").json()

    assert answer.headers["content-type"].startswith("text/html")
    assert "/openapi.json" in answer.text
    places = set(re.findall(r'id="([^"]+)"', answer.text))
    assert {f"{method.upper()}-{path}" for path, found in schema["paths"].items() for method in found} <= places
    assert schema["components"]["schemas"].keys() <= places
    assert set(re.findall(r'href="#([^"]+)"', answer.text)) <= places
    assert not re.search(r'(src|href)="(https?:)?//', answer.text)
    assert "<script" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")


def test_the_description_says_every_limit(shop: Shop) -> None:
    """In the words of JSON Schema: those of the validation would be passed over by whoever reads it."""
    schemas = shop.http.get("/openapi.json").json()["components"]["schemas"]

    weight, crop = (schemas["Term"]["properties"][name] for name in ("weight", "crop"))
    assert (weight["minimum"], weight["maximum"]) == (-1000, 1000)
    assert (crop["anyOf"][0]["items"]["minimum"], crop["anyOf"][0]["items"]["maximum"]) == (0, 1)
    assert not re.search(r'"(ge|le|gt|lt)": ?-?\d', shop.http.get("/openapi.json").text)
