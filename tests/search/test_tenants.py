"""Two tenants in one collection: with one's key nothing tells whether the other is there at all.

The same request goes to two shops. In one the tenant is alone; in the other somebody else's products, tombstones and
waiting patches lie beside its own. Whatever is asked, by whichever route, the two answers must be the same.
"""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.settings import QdrantSettings
from tests.builders import JsonObject, deleted, patched, product, upserted
from tests.index import embedded_engine
from tests.search.keyed import TENANT, bearer, entry, locked, write_keys
from tests.search.shop import BLUE, GREEN, RED, Shop, data_url, encoded, open_shop, png, shop_settings
from tests.search.shop import ids as ids_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2 as httpx
    from fastapi.testclient import TestClient

Arms: TypeAlias = tuple[dict[str, float], ...]

OURS: Final = [
    product(id="our-1", brand="Alder", title="Red canvas shoe", price=20, group_id="g", images=[data_url(RED)]),
    product(id="our-2", brand="Alder", title="Green hat", price=30, stock=0, category="Hats", images=[data_url(GREEN)]),
    product(id="our-3", brand="Alder", title="Wool scarf", price=40, popularity=2, attributes={"size": 3}),
]
THEIRS: Final = [
    product(id="their-1", brand="Zircon", title="Red canvas shoe", price=1, popularity=9, group_id="g"),
    product(id="their-2", brand="Zircon", title="Zirconium ring", category="Jewels > Rings", images=[data_url(BLUE)]),
    product(
        id="their-3", brand="zircon", title="Scarfzz", price=99, images=[data_url(RED)], attributes={"gem": "opal"}
    ),
]
LATER: Final = "2026-09-09T09:09:09Z"
IDS: Final = ("our-1", "our-2", "our-3", "their-1", "their-2", "their-3", "gone", "waiting", "never", "a/b")
TIMING: Final = re.compile(r"\d+ ms")
SECRETS: Final = ("their-", "zircon", "Zircon", "opal", "Jewels", "2026-09-09", "gone", "waiting")


@dataclass(frozen=True)
class Worlds:
    """The tenant's shop without anybody else in it, and with."""

    alone: Shop
    shared: Shop

    def ask(self, request: Request) -> tuple[httpx.Response, httpx.Response]:
        """Return the answers to one request in both."""
        return request.send(self.alone), request.send(self.shared)


@dataclass(frozen=True)
class Request:
    """A request with the tenant's key."""

    method: str
    path: str
    body: JsonObject | None = None

    def send(self, shop: Shop) -> httpx.Response:
        """Send it."""
        content = None if self.body is None else json.dumps(self.body)
        headers = bearer(TENANT) | {"content-type": "application/json"}
        return shop.http.request(self.method, self.path, content=content, headers=headers, follow_redirects=False)

    @property
    def named(self) -> str:
        """What the request itself says, and an answer may say again."""
        return self.path + json.dumps(self.body)


@contextmanager
def opened(folder: Path) -> Iterator[Worlds]:
    """Open both."""
    keys = write_keys(folder / "keys.yaml", entry(TENANT, filter={"brand": "Alder"}))
    ours = [upserted(one, occurred_at="2026-05-01T10:00:00Z") for one in OURS]
    theirs = [
        *(upserted(one, occurred_at=LATER) for one in THEIRS),
        upserted(product(id="gone", brand="Alder", title="Gone")),
        deleted("gone", version=2) | {"occurred_at": LATER},
        patched("waiting", brand="Alder", title="Waiting") | {"occurred_at": LATER},
    ]
    with ExitStack() as stack:
        engine = stack.enter_context(embedded_engine())
        worlds = []
        for events in (ours, ours + theirs):
            shop = stack.enter_context(open_shop(engine, shop_settings(QdrantSettings())))
            shop.hear(*events)
            worlds.append(stack.enter_context(locked(shop, keys)))
            worlds[-1].http.get("/v1/suggest?q=a", headers=bearer(TENANT))  # waits until the tenant's words are read
        yield Worlds(*worlds)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """Open both, once: nothing here changes them."""
    with opened(tmp_path_factory.mktemp("keys")) as both:
        yield both


def some(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Return one value or several."""
    return values | st.lists(values, min_size=1, max_size=3)


ids = st.sampled_from(IDS)
brands = some(st.sampled_from(["Alder", "Zircon", "zircon", "Nobody"]))
prices = st.dictionaries(st.sampled_from(["gte", "lt"]), st.integers(0, 100), min_size=1)
filters = st.fixed_dictionaries(
    {},
    optional={
        "brand": brands,
        "id": some(ids),
        "category": some(st.sampled_from(["Jewels", "Hats", "Women > Shoes", "Jewels > Rings"])),
        "group_id": st.just("g"),
        "price": prices,
        "in_stock": st.booleans(),
        "attributes.gem": st.just("opal"),
    },
)
words = st.sampled_from(["red shoe", "zirconium", "Zircon", "scarf", "zzz", "opal"])
terms = st.lists(
    st.one_of(
        st.fixed_dictionaries({"text": words}, optional={"weight": st.sampled_from([1, -1, 0.5])}),
        st.fixed_dictionaries({"product": ids}, optional={"weight": st.sampled_from([1, -1, 0.5])}),
        st.fixed_dictionaries({"image": st.fixed_dictionaries({"data": st.just(encoded(png(BLUE)))})}),
    ),
    max_size=3,
)
DENSE: Final[Arms] = ({"text": 1}, {"image": 1}, {"text": 1, "image": 0.5})
LEXICAL: Final[Arms] = ({"lexical": 1}, {"text": 1, "image": 1, "lexical": 1})


def searches(arms: Arms) -> st.SearchStrategy[JsonObject]:
    """Return requests for what there is and what is not, with everything a request may have."""
    more: dict[str, st.SearchStrategy[Any]] = {
        "fusion": st.sampled_from(["convex", "rrf"]),
        "limit": st.integers(1, 5),
        "page": st.integers(1, 3),
        "fields": st.just(["id", "brand"]),
        "text": words,
        "facets": st.lists(st.sampled_from(["brand", "category", "price", "attributes.gem"]), max_size=3, unique=True),
        "group_by": st.just("group_id"),
        "sort": st.sampled_from(["relevance", "price", "-price", "-popularity", "-created_at"]),
        "cut_off": st.sampled_from(["auto", "off"]),
        "spelling": st.sampled_from(["auto", "off"]),
        "explain": st.booleans(),
        "diversity": st.sampled_from([0.0, 0.5]),
        "limit_per": st.just({"brand": 1}),
    }
    return st.fixed_dictionaries(
        {"terms": terms, "filter": filters, "exclude": filters, "arms": st.sampled_from(arms)},
        optional=more,
    )


def requests(arms: Arms) -> st.SearchStrategy[Request]:
    """Return requests by every route there is, and by those that INTERFACE.md promises."""
    by_path = st.sampled_from(["/v1/products/{}", "/v1/products/{}/similar", "/v1/products/{}/duplicates"])
    by_id = st.one_of(by_path, st.sampled_from(["/v1/pictures/0/{}", "/v1/pictures/1/{}"]))
    simple: dict[str, st.SearchStrategy[object]] = {"brand": st.sampled_from(["Alder", "Zircon"])}
    if arms is LEXICAL:
        simple["q"] = words  # by this way all arms are asked
    listed = st.lists(ids, max_size=3)
    posted: dict[str, st.SearchStrategy[JsonObject]] = {
        "/v1/search": searches(arms),
        "/v1/explain": st.fixed_dictionaries({"request": searches(arms), "product": ids}),
        "/v1/compare": st.fixed_dictionaries({"ids": listed}),
        "/v1/recommendations": st.fixed_dictionaries({"liked": listed, "disliked": listed, "filter": filters}),
        "/v1/classify": st.fixed_dictionaries({"text": words}),
        "/v1/identify": st.fixed_dictionaries({"image": st.just({"data": encoded(png(BLUE))})}),
    }
    return st.one_of(
        *(bodies.map(lambda body, path=path: Request("POST", path, body)) for path, bodies in posted.items()),  # type: ignore[misc]
        posted["/v1/search"].map(lambda body: Request("POST", "/v1/search", body)),
        st.builds(lambda path, one: Request("GET", path.format(quote(one, safe=""))), by_id, ids),
        st.builds(
            lambda query: Request("GET", f"/v1/search?{urlencode(query)}"), st.fixed_dictionaries({}, optional=simple)
        ),
        st.builds(
            lambda word: Request("GET", f"/v1/suggest?q={quote(word)}"), st.sampled_from(["zir", "r", "sca", "opa"])
        ),
    )


def told(answer: httpx.Response) -> object:
    """Return what an answer says, without the name of the collection, which differs for our two worlds."""
    headers = {name: answer.headers[name] for name in ("content-type", "location") if name in answer.headers}
    body: Any = answer.content
    if answer.headers.get("content-type", "").endswith("json"):
        body = answer.json()
        if isinstance(body.get("index"), dict):
            body["index"].pop("collection", None)
        body.pop("indexed_at", None)
    return answer.status_code, headers, body


@settings(max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(request=requests(DENSE))
def test_nothing_tells_whether_others_are_there(worlds: Worlds, request: Request) -> None:
    """No product, picture, count, facet, suggestion, correction, explanation, watermark or error differs."""
    alone, shared = worlds.ask(request)

    assert alone.status_code < 500
    assert told(alone) == told(shared)


@settings(max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(request=requests(LEXICAL))
def test_words_tell_nothing_of_others_but_how_often_they_are_used(worlds: Worlds, request: Request) -> None:
    """A word's weight in the lexical arm is counted over the whole collection (docs/security.md); all else holds."""
    _, shared = worlds.ask(request)

    assert shared.status_code < 500
    assert [secret for secret in SECRETS if secret in shared.text and secret not in request.named] == []


def test_the_page_shows_the_tenants_products_alone(worlds: Worlds) -> None:
    """And what it is narrowed to, and what is similar to others' products."""
    for query in (
        "",
        "?q=red+shoe",
        "?brand=Zircon",
        "?similar=their-1",
        "?similar=our-1",
        "?page=2",
        "?category=Jewels",
    ):
        alone, shared = worlds.ask(Request("GET", f"/{query}"))

        assert TIMING.sub("", alone.text) == TIMING.sub("", shared.text)
        assert alone.status_code == shared.status_code


def test_a_cursor_leads_through_the_tenants_products_alone(worlds: Worlds, tmp_path: Path) -> None:
    """Also one that was made with a key for everything, and stands among others' products."""
    request: JsonObject = {"sort": "price", "limit": 1, "fields": ["id"]}
    alone, shared = (walked(shop.http, bearer(TENANT), request) for shop in (worlds.alone, worlds.shared))
    keys = write_keys(tmp_path / "keys.yaml", entry("all"), entry(TENANT, filter={"brand": "Alder"}))
    with locked(worlds.shared, keys) as shop:
        everything = walked(shop.http, bearer("all"), request)
        from_there = [
            shop.http.post("/v1/search", json=request | {"cursor": cursor}, headers=bearer(TENANT)).json()["hits"]
            for _, cursor in everything
            if cursor is not None
        ]

    assert [found for found, _ in alone] == [found for found, _ in shared] == [["our-1"], ["our-2"], ["our-3"]]
    assert len(everything) == len(OURS) + len(THEIRS)
    assert "their-" not in json.dumps(from_there)


def walked(http: TestClient, headers: dict[str, str], request: JsonObject) -> list[tuple[list[str], str | None]]:
    """Return the ids on each page that cursors lead to, and the cursor to the next."""
    pages: list[tuple[list[str], str | None]] = []
    cursor = None
    while not pages or cursor is not None:
        asked = request if cursor is None else request | {"cursor": cursor}
        answer = http.post("/v1/search", json=asked, headers=headers).json()
        cursor = answer["cursor"]
        if answer["hits"]:
            pages.append((ids_of(answer), cursor))
    return pages


def test_the_shared_shop_does_hold_the_others(worlds: Worlds, tmp_path: Path) -> None:
    """Or all this would show nothing."""
    keys = write_keys(tmp_path / "keys.yaml", entry("all"))
    with locked(worlds.shared, keys) as shop:
        answer = shop.http.post("/v1/search", json={}, headers=bearer("all")).json()

    assert answer["total"]["value"] == len(OURS) + len(THEIRS)
    assert answer["index"]["watermark"] == LATER
