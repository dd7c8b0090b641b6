"""A shop to search in: the real app over a real engine, filled through the real ingest loop with the fake encoders."""

from __future__ import annotations

import base64
import io
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from catalog.collection import ensure
from catalog.embedded import EmbeddedClient
from catalog.errors import BrokerUnavailable
from deploy.processes.parts import declare, open_engine, search_app
from deploy.settings import ApiSettings, CatalogueSettings, QdrantSettings, Settings, WordSettings
from encoders.fakes import fake_encoders
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from ingest.accepting import JudgedEvents
from tests.builders import JsonObject, records, upserted
from tests.index import Index, embedded_engine
from tests.pipeline import ListLetters, ListSource, Parts, consumer_of, new_encoding
from tests.server import kinds, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx2 as httpx

    from catalog.engine import Engine
    from catalog.ports import EventSink
    from encoders.interface import Encoders
    from ingest.message import Message

EMBEDDED = "embedded"
ENGINE_KINDS = (EMBEDDED, *kinds())
on_the_embedded_engine = pytest.mark.parametrize("open_engine", [EMBEDDED], indirect=True, scope="session")
"""For tests that serve a shop's app a second time: a server's client belongs to the event loop of the first, and ends
with its app."""
NUMBERS = ("size", "heel height")
PROBLEM = "application/problem+json"
RED, GREEN, BLUE = (220, 40, 40), (40, 160, 60), (40, 80, 200)


@dataclass(frozen=True, slots=True)
class Shop:
    """The API over HTTP, and the way in for products."""

    http: TestClient
    index: Index
    parts: Parts
    settings: Settings

    def sell(self, *products: JsonObject) -> None:
        """Put products into the index as they stand."""
        self.hear(*(upserted(product) for product in products))

    def hear(self, *events: JsonObject) -> None:
        """Let the ingest loop read events; every one must be fit to use."""
        letters = ListLetters()
        source = ListSource([records(*events)])
        consumer_of(self.parts, self.index.store, source, letters).turn()
        assert letters.letters == []

    def search(self, **request: object) -> JsonObject:
        """Return the answer to a search."""
        answer = self.http.post("/v1/search", json=request)
        assert answer.status_code == 200, answer.text
        return cast("JsonObject", answer.json())

    def found(self, **request: object) -> list[str]:
        """Return the ids of the hits, best first."""
        return ids(self.search(**request))

    def selected(self, **filters: object) -> set[str]:
        """Return the ids of what passes a filter."""
        return set(self.found(filter=filters, limit=100))

    def refused(self, **request: object) -> JsonObject:
        """Return the problem that a search is answered with."""
        return problem(self.http.post("/v1/search", json=request), 422)

    def product(self, product_id: str) -> httpx.Response:
        """Ask for one product."""
        return self.http.get(f"/v1/products/{quote(product_id, safe='')}")

    def picture(self, product_id: str, number: object = 0) -> httpx.Response:
        """Ask for one picture."""
        return self.http.get(f"/v1/pictures/{number}/{quote(product_id, safe='')}", follow_redirects=False)


def ids(answer: JsonObject) -> list[str]:
    """Return the ids of the hits of an answer."""
    return [hit["product"]["id"] for hit in answer["hits"]]


def problem(answer: httpx.Response, status: int) -> JsonObject:
    """Return an answer that must be a problem of this status, in the one form that they all have."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == PROBLEM
    body = cast("JsonObject", answer.json())
    assert body.keys() == {"type", "title", "status", "detail", "errors"}
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert len(answer.content) < 20_000
    return body


def culprits(of: JsonObject) -> list[str]:
    """Return the fields that a problem names."""
    return [one["field"] for one in of["errors"]]


def png(colour: tuple[int, ...], *, size: tuple[int, int] = (8, 8), mode: str = "RGB") -> bytes:
    """Return a picture of one colour, exactly."""
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, format="PNG")
    return file.getvalue()


def halves(left: tuple[int, ...], right: tuple[int, ...]) -> bytes:
    """Return a picture of two colours side by side."""
    image, file = Image.new("RGB", (20, 10), left), io.BytesIO()
    image.paste(right, (10, 0, 20, 10))
    image.save(file, format="PNG")
    return file.getvalue()


def encoded(picture: bytes) -> str:
    """Return a picture as base64."""
    return base64.b64encode(picture).decode()


def data_url(colour: tuple[int, ...]) -> str:
    """Return a picture of one colour as a URL."""
    return f"data:image/png;base64,{encoded(png(colour))}"


@dataclass
class MemoryLog:
    """A log of events that holds them; one larger than `max_bytes` is too large for it, and it may be away."""

    max_bytes: int = 10**9
    away: bool = False
    messages: list[Message] = field(default_factory=list)

    def deliver(self, messages: Sequence[Message]) -> list[Message]:
        """Keep the messages and return those that are too large, or be away."""
        if self.away:
            raise BrokerUnavailable("Kafka does not answer")
        too_large = [message for message in messages if len(message.value or b"") > self.max_bytes]
        self.messages += [message for message in messages if message not in too_large]
        return too_large


def _nothing() -> None:
    """Stand in for closing what needs no closing."""


@contextmanager
def open_kind(kind: str) -> Iterator[tuple[Engine, QdrantSettings]]:
    """Open an engine by its kind; the server is the one that `QDRANT_URL` names."""
    if kind == EMBEDDED:
        with embedded_engine() as engine:
            yield engine, QdrantSettings()
        return
    server = settings_of(kind)
    client = open_engine(Settings(qdrant=server))
    try:
        yield client, server
    finally:
        client.close()


def shop_settings(qdrant: QdrantSettings, **api: Any) -> Settings:  # noqa: ANN401 - passed on as they are
    """Return the settings of a shop in a collection of its own."""
    return Settings(
        qdrant=qdrant,
        collection=f"test-{uuid4().hex[:12]}",
        catalogue=CatalogueSettings(numbers=NUMBERS),
        api=ApiSettings(**api),
        words=WordSettings(most_words=0),  # no test hangs on how much of an earlier one was read
    )


@contextmanager
def open_shop(
    engine: Engine,
    settings: Settings,
    encoders: Encoders | None = None,
    events: EventSink | None = None,
    fetching: FetchSettings | None = None,
) -> Iterator[Shop]:
    """Open a shop on an engine; its collection goes with it, unless it was there before."""
    used = encoders or fake_encoders()
    with ExitStack() as stack:
        name = declare(settings, used).physical_name
        if not engine.collection_exists(name):
            ensure(engine, declare(settings, used))
            stack.callback(engine.delete_collection, name)
        fetcher = stack.enter_context(PictureFetcher(fetching or FetchSettings()))
        app = search_app(settings, engine, used, fetcher, events or JudgedEvents(MemoryLog().deliver, _nothing))
        http = stack.enter_context(TestClient(app, raise_server_exceptions=False))
        parts = stack.enter_context(new_encoding())
        yield Shop(http, Index(engine, name), parts, settings)


def is_embedded(shop: Shop) -> bool:
    """Say whether the engine is in this process."""
    return isinstance(shop.index.engine, EmbeddedClient)
