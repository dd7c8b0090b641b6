"""A whole migration with queries and events all along, on the embedded engine and on a server: nobody feels it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from deploy.processes import embedded
from deploy.processes.logs import FolderLog
from deploy.settings import IngestSettings
from ingest.eventlog import EventLog
from tests.broker import free_ports
from tests.builders import as_bytes, patched, upserted
from tests.deploy.migration.twins import NEXT, twin_settings, twin_shelf
from tests.index import memory_folder
from tests.search.shop import ENGINE_KINDS, open_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PRODUCTS = 150
FRESH_SECONDS = 2.0
SWITCH_SECONDS = 1.0
WAIT_SECONDS = 30.0


@dataclass
class Shoppers:
    """Who asks for one product after the other, by its title in the text arm alone, and what was wrong with answers."""

    url: str
    told: list[tuple[float, int, int]] = field(default_factory=list)
    asked: int = 0
    by_collection: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Ask until told to stop."""
        with httpx.Client(trust_env=False, timeout=10.0) as http:
            while not self.stopping.is_set():
                self._ask(http, self.asked % PRODUCTS)
                self.asked += 1

    def _ask(self, http: httpx.Client, number: int) -> None:
        known = self._known(number)
        request = {"text": title(number), "arms": {"text": 1.0}, "limit": 1}
        answer = http.post(f"{self.url}/v1/search", json=request)
        if answer.status_code != 200:
            self.wrong.append(f"error: {answer.status_code} {answer.text[:300]}")
            return
        body = answer.json()
        collection = body["index"]["collection"]
        self.by_collection[collection] = self.by_collection.get(collection, 0) + 1
        hit = body["hits"][0]["product"] if body["hits"] else {}
        if hit.get("id") != f"p{number}":
            self.wrong.append(f"mixed: {number} was answered with {hit} by {collection}")
            return
        version = int(hit["price"])
        if version < max(known, self.seen.get(number, 0)):
            self.wrong.append(f"stale: {number} at {version}, told {known}, seen {self.seen.get(number)}, {collection}")
        self.seen[number] = max(version, self.seen.get(number, 0))

    def _known(self, number: int) -> int:
        """Return the newest version that was told long enough ago."""
        latest = time.monotonic() - FRESH_SECONDS
        return max((version for at, name, version in list(self.told) if name == number and at < latest), default=0)


@dataclass
class Shop:
    """A running process, the shop that sends it events, and who asks it all along."""

    process: embedded.AllInOne
    url: str
    shoppers: Shoppers
    log: EventLog
    worker_port: int
    stopping: threading.Event = field(default_factory=threading.Event)

    def sell(self) -> None:
        """Send a new price every few milliseconds, its whole number the version, until told to stop."""
        version = 1
        while not self.stopping.is_set():
            version += 1
            number = version % PRODUCTS
            event = patched(f"p{number}", version=version, price=float(version))
            self.log.append([(f"p{number}".encode(), as_bytes(event))])
            self.shoppers.told.append((time.monotonic(), number, version))
            self.stopping.wait(0.01)

    def command(self, name: str, **arguments: object) -> dict[str, Any]:
        """Have the process do something."""
        return self.process.commands.perform(name, dict(arguments))

    def served(self, collection: str) -> float:
        """Return how many seconds it takes until answers come from a collection."""
        started = time.monotonic()
        self.wait(lambda: self.answering() == collection)
        return time.monotonic() - started

    def answering(self) -> str:
        """Return which collection answers."""
        answer = httpx.get(f"{self.url}/v1/search", params={"limit": 1}, trust_env=False)
        return str(answer.json()["index"]["collection"])

    def counted(self) -> float:
        """Return how many events the worker says that it has applied."""
        told = httpx.get(f"http://127.0.0.1:{self.worker_port}/metrics", trust_env=False).text
        return sum(float(line.rpartition(" ")[2]) for line in told.splitlines() if 'outcome="applied"' in line)

    def wait(self, holds: Callable[[], bool]) -> None:
        """Return as soon as the condition holds."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < deadline, self.command("status")
            time.sleep(0.02)


def title(number: int) -> str:
    """Return a title that no other product has a word of."""
    return f"alpha{number} beta{number}"


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Shop]:
    """Run the process, the shop and the shoppers."""
    port, worker_port = free_ports(2)
    log = EventLog(folder / "log")
    products = ({"id": f"p{number}", "title": title(number), "price": 1.0} for number in range(PRODUCTS))
    log.append((str(product["id"]).encode(), as_bytes(upserted(product))) for product in products)
    with open_kind(kind) as (engine, qdrant):
        settings = twin_settings(folder, port=port).model_copy(
            update={
                "qdrant": qdrant,
                "collection": f"test-{uuid4().hex[:12]}",
                "ingest": IngestSettings(http_port=worker_port),
            }
        )
        source = FolderLog(settings, folder / "log", batch_records=64)
        try:
            with embedded.assembled(twin_shelf(settings), source, engine, linger_seconds=1.0) as process:
                yield from _run(process, port, worker_port, log)
        finally:
            for each in engine.get_collections().collections:
                if each.name.startswith(f"{settings.collection}-"):
                    engine.delete_collection(each.name)


def _run(process: embedded.AllInOne, port: int, worker_port: int, log: EventLog) -> Iterator[Shop]:
    url = f"http://127.0.0.1:{port}"
    shop = Shop(process, url, Shoppers(url), log, worker_port)
    threads = [threading.Thread(target=process.http.run)]
    threads[0].start()
    shop.wait(lambda: process.http.started and process.workers.lag(process.own) == 0)
    threads += [threading.Thread(target=target) for target in (shop.sell, shop.shoppers.run)]
    for thread in threads[1:]:
        thread.start()
    try:
        yield shop
    finally:
        shop.stopping.set()
        shop.shoppers.stopping.set()
        for thread in reversed(threads):
            process.http.should_exit = thread is threads[0]
            thread.join(WAIT_SECONDS)
        log.close()


@pytest.mark.parametrize("kind", ENGINE_KINDS)
def test_a_migration_is_felt_by_nobody(kind: str) -> None:
    """From start to finish, with a rollback in between: no error, no stale answer, none of two models at once."""
    with memory_folder() as folder, opened(kind, folder) as shop:
        begun = shop.command("begin", models=NEXT)
        source, target = begun["source"], begun["target"]
        shop.wait(lambda: shop.command("status")["phase"] == "filled")
        verified = shop.command("verify")
        assert verified["ok"], verified["why"]
        assert verified["comparison"]["products"] == PRODUCTS
        assert verified["unread"] == 0, "both workers run"

        shop.command("cutover")
        over = shop.served(target)
        back_call = shop.command("rollback")["seconds"]
        back = shop.served(source)
        shop.command("cutover")
        shop.served(target)
        dropped = shop.command("finish")
        counted = shop.counted()
        time.sleep(1.0)
        counted_since = shop.counted() - counted
        shoppers = shop.shoppers

    assert shoppers.wrong == []
    assert over < SWITCH_SECONDS
    assert back_call + back < SWITCH_SECONDS
    assert dropped["dropped"] == source
    assert dropped["phase"] == "none"
    assert counted_since > 10, "the metrics are those of the worker that is left"
    assert set(shoppers.by_collection) == {source, target}
    assert min(shoppers.by_collection.values()) > 20
