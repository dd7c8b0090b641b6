"""From an earlier payload layout to this version's: no process poses as one that could search or feed the old one."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from qdrant_client import models
from structlog.testing import capture_logs

from catalog.collection import MODELS, SPECS, point_alias, require_layout
from catalog.errors import CollectionMismatch
from catalog.layout import creation
from catalog.options import IndexOptions
from catalog.points import decode, point_id
from catalog.vectors import LAYOUT
from deploy.processes import embedded
from deploy.processes.logs import FolderLog
from deploy.processes.migration import migrator, verifying
from deploy.processes.migration.feeding import UntilCaughtUp, feed
from deploy.processes.migration.migrator import Migrator
from deploy.processes.migration.site import Site
from deploy.processes.parts import declare, picture_fetcher
from deploy.processes.search import following_app, server
from deploy.processes.snapshots import restore, snapshot
from ingest.eventlog import EventLog
from ingest.store import Store
from tests.broker import free_ports
from tests.builders import as_bytes, bare, patched, upserted
from tests.deploy.migration.test_verifying import write
from tests.deploy.migration.twins import twin_settings, twin_shelf
from tests.index import embedded_engine, memory_folder
from tests.layouts import in_layout_3
from tests.logs import wait_until
from tests.pipeline import new_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import uvicorn

    from catalog.embedded import EmbeddedClient
    from deploy.settings import Settings

PRODUCTS = 12


@dataclass
class Upgraded:
    """A collection of layout 3, with price and stock in a part of their own, and this version's commands over it."""

    engine: EmbeddedClient
    settings: Settings
    site: Site
    source: str

    def perform(self, name: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - the answer is JSON
        """Do what a command says."""
        return Migrator(self.site).perform(name, arguments)

    def fill(self, target: str) -> None:
        """Be the new collection's worker until all is copied and read."""
        stopping = threading.Event()
        feed(self.site.filled_of(target), stopping, around=lambda source: UntilCaughtUp(source, stopping))


@contextmanager
def upgraded(folder: Path, engine: EmbeddedClient) -> Iterator[Upgraded]:
    """Make one, with a log that has two events which it does not know yet."""
    (port,) = free_ports(1)
    settings = twin_settings(folder, port=port)
    shelf = twin_shelf(settings)
    declaration = declare(settings, shelf.own())
    source = f"{declaration.alias}-{declaration.specs.fingerprint_in(LAYOUT - 1)}"
    described = {SPECS: asdict(declaration.specs), MODELS: dict(declaration.models)}
    engine.create_collection(source, **creation(declaration.specs, IndexOptions()), metadata=described)
    point_alias(engine, declaration.alias, source)
    with new_encoding(folder) as parts, picture_fetcher(settings) as fetcher:
        products = (bare(f"p{n}", title=f"alpha{n}", price=float(n), stock=n) for n in range(PRODUCTS))
        write(parts, Store(engine, source), *map(upserted, products))
        lay_out_as_before(engine, source)
        log = EventLog(folder / "log")
        late = upserted(bare("late", title="late"))
        log.append([(b"p7", as_bytes(patched("p7", version=2, price=70.0))), (b"late", as_bytes(late))])
        log.close()
        found = FolderLog(settings, folder / "log", batch_records=64)
        yield Upgraded(engine, settings, Site(settings, engine, shelf, fetcher, found), source)


def lay_out_as_before(engine: EmbeddedClient, collection: str) -> None:
    """Write the points as layout 3 had them."""
    records, _ = engine.scroll(collection_name=collection, limit=1_000, with_payload=True, with_vectors=True)
    points = [
        models.PointStruct(id=record.id, payload=in_layout_3(decode(record.payload or {})), vector=record.vector or {})
        for record in records
    ]
    upsert = models.UpsertOperation(upsert=models.PointsList(points=points))
    engine.batch_update_points(collection_name=collection, update_operations=[upsert])


def test_products_go_over_with_price_and_stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Field by field, the event on the log included; answers of the earlier one are not asked, and that is said."""
    monkeypatch.setattr(verifying, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(migrator, "FED_SECONDS", 0.1)
    with memory_folder() as folder, embedded_engine() as engine, upgraded(folder, engine) as shop:
        target = shop.perform("begin", models={})["target"]
        shop.fill(target)
        verified = shop.perform("verify")
        stored = Store(engine, target).read([f"p{n}" for n in range(PRODUCTS)])

    assert verified["ok"], verified["why"]
    assert verified["comparison"]["counts"] == {"missing": 0, "different": 0, "ahead": 1, "surplus": 1}
    assert verified["comparison"]["shown"]["ahead"] == ["p7 (latest, price)"]
    assert verified["unread"] == 2, "the old version's worker is away"
    assert verified["quality"] is None
    assert "only that version can search it" in verified["unasked"]
    prices = {name: one.state.product()["price"] for name, one in stored.items()}
    assert prices == {f"p{n}": 70.0 if n == 7 else float(n) for n in range(PRODUCTS)}
    assert [stored[f"p{n}"].state.product()["stock"] for n in range(PRODUCTS)] == list(range(PRODUCTS))


def test_what_opens_an_index_without_its_encoders_knows_its_layout() -> None:
    """Expiry and reconciling go by the alias alone: before the cutover they say why not, and then they go on."""
    with memory_folder() as folder, embedded_engine() as engine, upgraded(folder, engine) as shop:
        alias = shop.settings.collection
        with pytest.raises(CollectionMismatch, match=r"layout of an earlier version.*: go over with"):
            require_layout(engine, alias)
        shop.fill(shop.perform("begin", models={})["target"])
        shop.perform("cutover", although=True)
        require_layout(engine, alias)


def test_search_is_not_ready_before_the_cutover() -> None:
    """Neither while the new collection fills nor while it waits; with the cutover it is, without a restart."""
    with memory_folder() as folder, embedded_engine() as engine, upgraded(folder, engine) as shop:
        target = shop.perform("begin", models={})["target"]
        app = following_app(shop.site.shelf, engine, shop.site.fetcher, None)
        with running(server(app, shop.settings)):
            said = readiness(shop.settings)
            assert said.status_code == 503
            assert f"leads to {shop.source}, which this process cannot search" in said.text
            shop.fill(target)
            assert readiness(shop.settings).status_code == 503
            shop.perform("cutover", although=True)
            wait_until(lambda: readiness(shop.settings).is_success, "readiness")
            assert readiness(shop.settings).json()["collection"] == target


def test_a_demo_does_not_feed_what_it_cannot_lay_out() -> None:
    """Before the cutover it ends and says why; the old collection is as the old version left it."""
    with memory_folder() as folder, embedded_engine() as engine, upgraded(folder, engine) as shop:
        shop.perform("begin", models={})
        log = FolderLog(shop.settings, folder / "log", batch_records=64)
        with embedded.assembled(twin_shelf(shop.settings), log, engine, linger_seconds=0.0) as process:
            wait_until(lambda: process.http.should_exit, "the end of the demo")
            failure = process.workers.failure(shop.source)
        (before,) = engine.retrieve(shop.source, ids=[point_id("p7")])

    assert isinstance(failure, CollectionMismatch)
    assert "layout of another version" in str(failure)
    assert decode(before.payload or {}).state.product()["price"] == 7.0


def test_after_the_cutover_what_it_cannot_lay_out_is_no_error() -> None:
    """The demo goes on with the new collection alone, and says so; the old one waits for `finish` as it was."""
    with memory_folder() as folder, embedded_engine() as engine, upgraded(folder, engine) as shop:
        target = shop.perform("begin", models={})["target"]
        shop.fill(target)
        shop.perform("cutover", although=True)
        log = FolderLog(shop.settings, folder / "log", batch_records=64)
        with (
            capture_logs() as lines,
            embedded.assembled(twin_shelf(shop.settings), log, engine, linger_seconds=0.0) as process,
        ):
            wait_until(lambda: process.workers.lag(target) == 0, "the new collection's worker")

    assert [line["collection"] for line in lines if line["event"].startswith("kept as it is")] == [shop.source]
    assert [line for line in lines if line["log_level"] == "error"] == []


def test_a_snapshot_of_another_layout_is_told_as_one(tmp_path: Path) -> None:
    """When it is restored, not only when it is verified."""
    with memory_folder() as folder, embedded_engine() as engine, upgraded(folder, engine) as shop:
        snapshot(shop.settings, engine, tmp_path / "kept")
        with embedded_engine() as empty:
            assert restore(shop.settings, empty, tmp_path / "kept")["other_layout"]


@contextmanager
def running(http: uvicorn.Server) -> Iterator[None]:
    """Run a server for as long as the block lasts."""
    thread = threading.Thread(target=http.run)
    thread.start()
    wait_until(lambda: http.started, "the server")
    try:
        yield
    finally:
        http.should_exit = True
        thread.join()


def readiness(settings: Settings) -> httpx.Response:
    """Ask whether the process is ready."""
    return httpx.get(f"http://127.0.0.1:{settings.api.port}/readyz", trust_env=False)
