"""The whole chain on real parts: a real broker, the real command in a process of its own, real HTTP, real photos."""

from __future__ import annotations

import base64
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from ingest.kafka import KafkaSource
from ingest.kafka_connection import KafkaConnection
from ingest.kafka_producer import KafkaEvents
from tests.broker import create_topic
from tests.builders import as_bytes, deleted, id_of, patched, upserted
from tests.demo import Demo
from tests.forks import executed, forked
from tests.index import MEMORY
from tests.logs import read
from tests.photos import photographed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.source import Record
    from tests.builders import JsonObject
    from tests.photos import Photographed

COUNT = 200
BROKEN = b'{"type": "product.patched", "version": 9, "product_id": "broken", "changes": {"price": "a lot"}}'

pytestmark = [pytest.mark.kafka, pytest.mark.long]


@dataclass(frozen=True, slots=True)
class Shop:
    """A topic, the products on it, and the demo that reads it."""

    bootstrap: str
    topic: str
    products: list[Photographed]
    demo: Demo

    def send(self, *events: JsonObject) -> None:
        """Put events onto the topic."""
        self.send_raw(*((id_of(event).encode(), as_bytes(event)) for event in events))

    def send_raw(self, *pairs: tuple[bytes, bytes]) -> None:
        """Put whatever it is onto the topic."""
        events = KafkaEvents(KafkaConnection(self.bootstrap), topic=self.topic)
        try:
            assert events.append(pairs) == len(pairs)
        finally:
            events.close()

    def dead_letters(self, count: int) -> list[Record]:
        """Return the first dead letters, and whatever came with them."""
        source = KafkaSource(
            KafkaConnection(self.bootstrap), topic=f"{self.topic}.dead-letters", group=f"{self.topic}-reader"
        )
        try:
            return read(source, count)
        finally:
            source.close()

    def fields(self, product: Photographed) -> dict[str, Any]:
        """Return a product as the API shows it, empty where there is none."""
        answer = self.demo.get(f"/v1/products/{product.id}")
        return dict(answer["product"]) if answer else {}


@pytest.fixture
def shop(kafka_bootstrap: str) -> Iterator[Shop]:
    """Open a shop of two hundred products, none of them indexed yet."""
    with ExitStack() as stack:
        memory = MEMORY if MEMORY.is_dir() else None
        data = Path(stack.enter_context(TemporaryDirectory(prefix="vitrine-", dir=memory)))
        (data / "photos").mkdir()
        topic = create_topic(kafka_bootstrap, partitions=3)
        settings = {
            "VITRINE_IMAGES__ROOT": str(data / "photos"),
            "VITRINE_KAFKA__GROUP": topic,
            "VITRINE_INGEST__BATCH_RECORDS": "20",
        }
        demo = Demo(data, ["--kafka", kafka_bootstrap, "--topic", topic], settings, launch=executed)
        yield Shop(kafka_bootstrap, topic, photographed(COUNT, data / "photos"), stack.enter_context(demo))


def picture(photo: bytes) -> dict[str, Any]:
    """Return a search for a picture alone."""
    return {"terms": [{"image": {"data": base64.b64encode(photo).decode()}}]}


def test_from_kafka_to_answers(shop: Shop) -> None:
    """Two hundred products come through a kill in the middle and are found; what then happens to them shows."""
    index_through_a_kill(shop)
    every_query_finds_the_right_products(shop)
    changes_show(shop)


def index_through_a_kill(shop: Shop) -> None:
    """Nothing is lost and nothing is there twice."""
    shop.send(*(upserted(product.fields) for product in shop.products))
    shop.demo.wait(lambda: shop.demo.total() > 0, "the first products")
    before = shop.demo.total()
    shop.demo.kill()

    shop.demo.launch = forked
    shop.demo.start()
    shop.demo.wait(lambda: shop.demo.total() == COUNT, "all products")

    assert before < COUNT
    assert sorted(shop.demo.browsed()) == sorted(product.id for product in shop.products)


def every_query_finds_the_right_products(shop: Shop) -> None:
    """By title, by its own photo, by both, within filters, and by another product."""
    for product in shop.products[::20]:
        title = str(product.fields["title"])
        assert shop.demo.found(text=title)[0] == product.id
        assert shop.demo.found(**picture(product.photo))[0] == product.id
        assert shop.demo.found(text=title, **picture(product.photo))[0] == product.id
        assert product.id not in shop.demo.found(terms=[{"product": product.id}])
        assert product.id not in shop.demo.found(text=title, filter={"price": {"gt": product.fields["price"]}})
    top = str(shop.products[0].fields["category"]).split(" > ")[0]
    wanted = {"category": [top], "price": {"gte": 20, "lt": 120}, "in_stock": True}
    fitting = {
        product.id
        for product in shop.products
        if str(product.fields["category"]).startswith(f"{top} > ") and 20 <= product.fields["price"] < 120
    }
    assert set(shop.demo.browsed(filter=wanted)) == fitting
    assert set(shop.demo.found(text="shirt", filter=wanted, limit=100)) <= fitting
    colour = shop.products[0].fields["attributes"]["colour"]
    assert set(shop.demo.browsed(filter={"attributes.colour": [colour]})) == {
        product.id for product in shop.products if product.fields["attributes"]["colour"] == colour
    }


def changes_show(shop: Shop) -> None:
    """A price, an end of stock and a delete are seen at once; a broken event goes to the dead letters."""
    cheaper, sold_out, gone = shop.products[3], shop.products[5], shop.products[7]
    shop.send_raw((b"broken", BROKEN))
    shop.send(patched(cheaper.id, version=2, price=1.5))
    shop.send(patched(sold_out.id, version=2, stock=0))
    shop.send(deleted(gone.id, version=2))

    shop.demo.wait(lambda: shop.fields(cheaper).get("price") == 1.5, "the price")
    shop.demo.wait(lambda: shop.fields(sold_out).get("stock") == 0, "the end of stock")
    shop.demo.wait(lambda: shop.fields(gone) == {}, "the delete")

    assert shop.demo.browsed(filter={"price": {"lt": 2}}) == [cheaper.id]
    assert shop.demo.found(text=cheaper.fields["title"])[0] == cheaper.id
    assert shop.demo.browsed(filter={"in_stock": False}) == [sold_out.id]
    assert sold_out.id not in shop.demo.found(text=sold_out.fields["title"], filter={"in_stock": True})
    assert gone.id not in shop.demo.found(text=gone.fields["title"], limit=100)
    assert gone.id not in shop.demo.found(**picture(gone.photo), limit=100)
    assert shop.demo.total() == COUNT - 1
    letters = shop.dead_letters(1)
    assert [(letter.key, letter.value) for letter in letters] == [(b"broken", BROKEN)]
    headers = dict(letters[0].headers)
    assert headers["vitrine-reason"] == b"invalid_field"
    assert (headers["vitrine-error"] or b"").startswith(b"changes.price: ")
    assert headers["vitrine-topic"] == shop.topic.encode()
    assert headers.keys() >= {"vitrine-partition", "vitrine-offset"}
    assert shop.demo.stop() == 0
