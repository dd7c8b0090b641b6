"""The page as it comes from the server: it works without JavaScript, and nothing a shop writes can run on it."""

from __future__ import annotations

from contextlib import contextmanager
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from qdrant_client.http.exceptions import ResponseHandlingException

from catalog.collection import ensure
from catalog.embedded import EmbeddedClient
from catalog.points import Stored
from deploy.processes.parts import declare, search_app
from deploy.settings import Settings
from encoders.fakes import fake_encoders
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from tests.builders import JsonObject, product, upserted
from tests.index import Index, embedded_engine
from tests.pipeline import change, new_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'


class AwayEngine(EmbeddedClient):
    """An engine that does not answer."""

    def scroll(self, *_arguments: Any, **_keywords: Any) -> NoReturn:  # noqa: ANN401 - whatever it is asked
        """Be away."""
        raise ResponseHandlingException(httpx.ConnectError("Connection refused"))


class Elements(HTMLParser):
    """The elements of a page, each a tag and its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """Return the attributes of all elements of a tag that have these."""
        return [having for name, having in self.found if name == tag and wanted.items() <= having.items()]

    @property
    def cards(self) -> list[str]:
        """The ids of the products shown; the last card is the template for those to come."""
        return [having["data-id"] for having in self.all("li", **{"class": "card"})][:-1]


class Shop:
    """A search page, and products to put on it."""

    def __init__(self, http: TestClient, index: Index) -> None:
        self.http = http
        self.index = index

    def sell(self, *products: JsonObject) -> None:
        """Put products into the index."""
        with new_encoding() as parts:
            changes = [change(Stored(str(one["id"])), upserted(one)) for one in products]
            self.index.store.write(parts.encoding.points(changes))

    def page(self, address: str = "/") -> Elements:
        """Return a page that is there."""
        answer = self.http.get(address)
        assert answer.status_code == 200, answer.text
        return Elements(answer.text)


@contextmanager
def serving(engine: EmbeddedClient) -> Iterator[Shop]:
    """Serve whatever the engine has."""
    settings, encoders = Settings(), fake_encoders()
    with PictureFetcher(FetchSettings()) as fetcher:
        app = search_app(settings, engine, encoders, fetcher)
        with TestClient(app, raise_server_exceptions=False) as http:
            yield Shop(http, Index(engine, declare(settings, encoders).physical_name))


@pytest.fixture(scope="module")
def open_shop() -> Iterator[Shop]:
    """Serve one index for all these tests."""
    with embedded_engine() as engine:
        ensure(engine, declare(Settings(), fake_encoders()))
        with serving(engine) as shop:
            yield shop


@pytest.fixture
def shop(open_shop: Shop) -> Shop:
    """Return the page of an empty index."""
    open_shop.index.clear()
    return open_shop


def numbered(count: int) -> list[JsonObject]:
    """Return so many products, the first the most popular."""
    return [product(id=f"sku-{n}", title=f"Shoe {n}", popularity=float(count - n)) for n in range(count)]


def test_browsing_shows_cards_with_picture_title_and_price(shop: Shop) -> None:
    """Without a query the page shows the products themselves."""
    shop.sell(product(currency="EUR", language="en", images=["data:,"]), product(id="sku-2", title="Blue hat", stock=0))

    text = shop.http.get("/").text

    assert Elements(text).cards == ["sku-1", "sku-2"]
    assert "Red canvas shoe" in text
    assert "€19.90" in text
    assert Elements(text).all("img", src="/v1/pictures/0/sku-1", loading="lazy")
    assert not Elements(text).all("img", src="/v1/pictures/0/sku-2")
    assert '<h3 class="title" lang="en">' in text
    assert "2 products" in text


def test_words_find_the_product_they_describe_first(shop: Shop) -> None:
    """A query is answered on the server, and stands in the field again."""
    shop.sell(product(), product(id="sku-2", title="Blue woollen hat"))

    page = shop.page("/?q=woollen+hat")

    assert page.cards[0] == "sku-2"
    assert page.all("input", name="q", value="woollen hat")


def test_filters_of_one_name_may_be_given_twice(shop: Shop) -> None:
    """Two brands are one or the other; both are ticked, and each can be taken away by a link."""
    shop.sell(*(product(id=brand, brand=brand) for brand in ("Alder", "Birch", "Cedar")))

    page = shop.page("/?brand=Alder&brand=Birch")

    assert sorted(page.cards) == ["Alder", "Birch"]
    ticked = {one["value"] for one in page.all("input", name="brand") if "checked" in one}
    assert ticked == {"Alder", "Birch"}
    chips = {one["href"] for one in page.all("a", **{"class": "chip"})}
    assert {"/?brand=Alder", "/?brand=Birch"} <= chips


def test_empty_fields_of_the_form_and_foreign_parameters_mean_nothing(shop: Shop) -> None:
    """A form sends all its fields, and links from mails bring parameters of their own."""
    shop.sell(product())

    page = shop.page("/?q=&price_min=&price_max=&similar=&limit=&utm_source=mail")

    assert page.cards == ["sku-1"]


def test_pages_are_links(shop: Shop) -> None:
    """Without JavaScript one gets to the second page, and back, with the filter kept."""
    shop.sell(*numbered(5))

    first = shop.page("/?limit=2&brand=Alder")
    (forward,) = first.all("a", rel="next")
    second = shop.page(forward["href"])

    assert first.cards == ["sku-0", "sku-1"]
    assert second.cards == ["sku-2", "sku-3"]
    assert parse_qs(urlsplit(forward["href"]).query) == {"limit": ["2"], "page": ["2"], "brand": ["Alder"]}
    assert second.all("a", rel="prev")[0]["href"] == "/?limit=2&brand=Alder"
    assert second.all("a", **{"aria-current": "page"})[0]["href"] == forward["href"]


def test_a_page_past_the_last_is_empty_and_leads_back(shop: Shop) -> None:
    """Whoever follows an old link is not stuck."""
    shop.sell(product())

    page = shop.page("/?page=3&q=shoe")

    assert page.cards == []
    assert page.all("a", href="/?q=shoe")


def test_similar_is_a_link_and_a_chip(shop: Shop) -> None:
    """What is like a product is found without JavaScript; the product itself is left out."""
    shop.sell(product(), product(id="sku-2", title="Red canvas boot"))

    (link, *_) = shop.page().all("a", **{"class": "similar", "aria-label": "Similar to Red canvas shoe"})
    answer = shop.http.get(link["href"])

    assert link["href"] == "/?similar=sku-1"
    assert Elements(answer.text).cards == ["sku-2"]
    assert "Like Red canvas shoe" in answer.text


def test_hostile_text_stays_text(shop: Shop) -> None:
    """Markup in any field is shown, never run; nor is it in what the address says."""
    fields = {
        "title": HOSTILE,
        "brand": '"><script>alert(3)</script>',
        "category": '"<script',
        "language": '"><script>',
    }
    shop.sell(product(id='"><script>', **fields, currency="<script>"))

    page = shop.page('/?q="><script>alert(4)</script>&category="<script')

    assert [having.get("src") for having in page.all("script")] == ["/static/main.js"]
    assert not [having for _, having in page.found if any(name.startswith("on") for name in having)]
    assert page.cards == ['"><script>']


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "//evil.example"],
)
def test_only_the_web_is_linked_to(shop: Shop, url: str) -> None:
    """A link that a shop gives is followed to the web or nowhere."""
    shop.sell(product(url=url), product(id="sku-2", url="https://shop.example/2?a=1&b=2"))

    links = [having["href"] for having in shop.page().all("a") if "href" in having]

    assert "https://shop.example/2?a=1&b=2" in links
    assert all(link.startswith(("/", "#", "https://shop.example/")) for link in links)
    assert not any(link.startswith("//") for link in links)


@pytest.mark.parametrize(
    ("address", "name", "label"),
    [
        ("/?price_min=abc", "price_min", "Price from"),
        ("/?price_max=nan", "price_max", "Price to"),
        ("/?in_stock=perhaps", "in_stock", "In stock"),
        ("/?page=0", "page", "Page"),
        ("/?page=9999", "page", "Page"),
        ("/?limit=1000", "limit", "Products on a page"),
        ("/?category=>", "category", "Category"),
        ("/?similar=nobody", "similar", "Similar to"),
        (f"/?q={'x' * 1001}", "q", "Search words"),
    ],
)
def test_a_wrong_parameter_is_named_on_the_page(shop: Shop, address: str, name: str, label: str) -> None:
    """It is answered as the API would, 422, but in words and with a way out."""
    answer = shop.http.get(address)

    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert f"<strong>{label}</strong> <code>{name}</code>" in answer.text
    assert "Traceback" not in answer.text


def test_a_missing_index_is_said_calmly() -> None:
    """Before the first ingest there is no collection: the page says so, and tries again by itself."""
    with embedded_engine() as engine, serving(engine) as shop:
        answer = shop.http.get("/?q=shoe")

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "The products are not available just now" in answer.text
    assert Elements(answer.text).all("meta", **{"http-equiv": "refresh"})
    assert Elements(answer.text).all("input", name="q", value="shoe")


def test_an_engine_that_is_away_is_said_calmly(tmp_path: Path) -> None:
    """An outage is no stack trace."""
    engine = AwayEngine(tmp_path)
    with serving(engine) as shop:
        answer = shop.http.get("/")
    engine.close()

    assert answer.status_code == 503
    assert "This page tries again by itself" in answer.text
    assert "Traceback" not in answer.text


def test_the_page_lets_nothing_foreign_run(shop: Shop) -> None:
    """Scripts and styles come from here alone, whatever slips past the escaping."""
    headers = shop.http.get("/").headers

    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'self'", "img-src 'self' data: https: http:", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"


def test_the_page_keeps_its_own_policy(shop: Shop) -> None:
    """It has no inline style or script, and everything it loads is there."""
    page = shop.page()

    assert not page.all("style")
    assert not [having for _, having in page.found if "style" in having]
    loaded = [having["href"] for having in page.all("link")] + [having["src"] for having in page.all("script")]
    assert all(shop.http.get(path).status_code == 200 for path in loaded)
    assert shop.http.get("/static/main.js").headers["cache-control"] == "no-cache"
