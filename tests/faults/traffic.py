"""Events and queries that go on whatever happens, and what came of each."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from catalog.errors import BrokerUnavailable
from ingest.kafka_connection import KafkaConnection
from ingest.kafka_producer import AcknowledgedProducer
from ingest.message import Message
from tests.builders import as_bytes, id_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from tests.builders import JsonObject
    from tests.faults.goods import Goods

TICK_SECONDS = 0.1
LOOK_SECONDS = 0.1
ANSWER_SECONDS = 10.0
CLIENTS = 16


@dataclass(frozen=True, slots=True)
class Rates:
    """Events and queries a second."""

    events: int = 200
    queries: int = 20


@dataclass(slots=True)
class Tally:
    """What came of the queries: `unavailable` are 503 with Retry-After, `away` broke on a process that is not there."""

    events: int = 0
    right: int = 0
    unavailable: int = 0
    away: int = 0
    errors: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Traffic:
    """Sends price changes to a topic and queries to a port until the block ends.

    While `honours_readiness` a client behaves as behind a proxy: it asks /readyz all the time and sends nothing while
    that is not 200.
    """

    def __init__(self, goods: Goods, bootstrap: str, topic: str, port: int, rates: Rates) -> None:
        self.goods = goods
        self.tally = Tally()
        self.honours_readiness = False
        self.is_quiet = False
        self._rates = rates
        self._producer = AcknowledgedProducer(KafkaConnection(bootstrap), topic=topic, partitions=1)
        limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=ANSWER_SECONDS, trust_env=False, limits=limits
        )
        self._over = threading.Event()
        self._is_ready = False
        self._threads = [threading.Thread(target=each) for each in (self._send_all, self._ask_all, self._look_all)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._http.close()
        self._producer.close()

    def send(self, events: Sequence[JsonObject]) -> None:
        """Send events, again and again until the broker has them."""
        messages = [Message(id_of(event).encode(), as_bytes(event)) for event in events]
        while not self._over.is_set():
            try:
                assert self._producer.deliver(messages) == []
            except BrokerUnavailable:
                time.sleep(TICK_SECONDS)
            else:
                return

    def behind(self) -> list[str]:
        """Return the products that are not at the version sent last; all of them where nobody answers."""
        return [one for one in self.goods.ids if self._shown(one) != self.goods.sent(one)]

    def is_fine(self, product_id: str, version: int) -> bool:
        """Whether the process is ready, answers a search, and shows a product at a version."""
        return self._is_ready and (self._shown(product_id) or 0) >= version

    def _shown(self, product_id: str) -> int | None:
        try:
            answer = self._http.get(f"/v1/products/{product_id}")
        except httpx.TransportError:
            return None
        return int(answer.json()["product"]["price"]) if answer.is_success else None

    def _send_all(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            if not self.is_quiet:
                events = self.goods.changes(int(self._rates.events * TICK_SECONDS))
                self.send(events)
                self.tally.events += len(events)
            due = max(due + TICK_SECONDS, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))

    def _ask_all(self) -> None:
        with ThreadPoolExecutor(CLIENTS) as clients:
            number, due = 0, time.monotonic()
            while not self._over.is_set():
                if not self.is_quiet and (self._is_ready or not self.honours_readiness):
                    clients.submit(self._ask, number, self.tally)
                    number += 1
                due += 1 / self._rates.queries
                time.sleep(max(0.0, due - time.monotonic()))

    def _look_all(self) -> None:
        with httpx.Client(base_url=self._http.base_url, timeout=1, trust_env=False) as http:
            while not self._over.is_set():
                try:
                    self._is_ready = http.get("/readyz").is_success
                except httpx.TransportError:
                    self._is_ready = False
                time.sleep(LOOK_SECONDS)

    def _ask(self, number: int, tally: Tally) -> None:
        """Ask for one product, or search within a window of prices, by words or not."""
        seen = self.goods.seen()
        product_id = self.goods.ids[number % len(self.goods.ids)]
        price = {"gte": float(max(1, seen[product_id] - 5)), "lte": float(self.goods.sent(product_id) + 5)}
        search = {"filter": {"price": price}, "limit": 20, "fields": ["id", "price"]}
        try:
            if number % 2:
                answer = self._http.get(f"/v1/products/{product_id}")
            else:
                words = {"text": f"boot {product_id}"} if number % 4 else {}
                answer = self._http.post("/v1/search", json=search | words)
        except (httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            tally.away += 1
        except httpx.TransportError as error:
            tally.errors.append(repr(error))
        else:
            self._judge(answer, tally, seen, price if not number % 2 else {})

    def _judge(self, answer: httpx.Response, tally: Tally, seen: dict[str, int], price: dict[str, float]) -> None:
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and "retry-after" in answer.headers:
            tally.unavailable += 1
        elif answer.is_success:
            wrong = self.goods.wrong(_products(answer.json()), seen, **price)
            tally.wrong += wrong
            tally.right += not wrong
        else:
            tally.errors.append(f"{answer.status_code}: {answer.text[:200]}")


def _products(body: dict[str, Any]) -> list[JsonObject]:
    return [hit["product"] for hit in body["hits"]] if "hits" in body else [body["product"]]
