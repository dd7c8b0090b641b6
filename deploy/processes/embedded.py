"""The demo: log → ingest → embedded engine ← search ← page, all in one process."""

from __future__ import annotations

import hashlib
import json
import platform
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog

from catalog.collection import ensure, has_other_layout, migration_of, resolve
from catalog.embedded import EmbeddedClient
from deploy.processes.commands import Commands
from deploy.processes.logs import FolderLog, KafkaLog
from deploy.processes.migration.control import listening
from deploy.processes.migration.site import Site
from deploy.processes.migration.steps import LINGER_SECONDS
from deploy.processes.migration.workers import Workers
from deploy.processes.optimizing import optimize_if_due
from deploy.processes.parts import declare, picture_fetcher
from deploy.processes.search import following_app, serve, server
from deploy.processes.shelf import EncoderShelf
from deploy.processes.worker_http import answering
from ingest.eventlog import EventLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import uvicorn
    from prometheus_client import Metric

    from catalog.engine import Engine
    from deploy.settings import Settings
    from encoders.interface import Encoders

Started: TypeAlias = "Callable[[uvicorn.Server, Callable[[], int | None]], None]"
"""Hears of the server once it takes requests, and how to ask for the records that are still to be indexed."""

LIVELY_BATCH_RECORDS: Final = 64
"""Small enough that the page shows products coming in; large batches encode a little faster."""
_log = structlog.get_logger(__name__)


def folder_log(settings: Settings, folder: Path, events: Iterable[dict[str, object]]) -> FolderLog:
    """Return the event log in `folder`, with those of `events` appended that it does not have yet."""
    log = EventLog(folder)
    try:
        pending = list(events)[log.next_offset :]
        log.append((_key(event), json.dumps(event, ensure_ascii=False).encode()) for event in pending)
    finally:
        log.close()
    return FolderLog(settings, folder, batch_records=LIVELY_BATCH_RECORDS)


def topic_log(settings: Settings) -> KafkaLog:
    """Return the topic that the settings name, with a name for the one worker that an index can have."""
    name = settings.kafka.instance or _instance(settings.qdrant.path)
    return KafkaLog(settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"instance": name})}))


def run(settings: Settings, encoders: Encoders, log: FolderLog | KafkaLog, started: Started) -> None:
    """Serve and ingest until told to stop; `started` hears of the server once it takes requests."""
    shelf = EncoderShelf(settings)
    shelf.put(settings.encoders.models(), encoders)
    with wired(shelf, log) as all_in_one:
        http, workers, own = all_in_one.http, all_in_one.workers, all_in_one.own
        _announce(http, lambda: started(http, lambda: workers.lag(own)))
        serve(http)
        failure = workers.failure(all_in_one.searched() or own)
    if failure is not None:  # what ended the loop, if it was not us
        raise failure


@dataclass(frozen=True, slots=True)
class AllInOne:
    """The process: its server, still to be run, its workers, the commands that it takes.

    `own` is the collection of the settings' encoders, `searched` asks which one the alias leads to.
    """

    http: uvicorn.Server
    workers: Workers
    commands: Commands
    own: str
    searched: Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class _Counted:
    """The metrics of the worker whose collection is searched: once a migration is cut over, those of the new one."""

    workers: Workers
    searched: Callable[[], str | None]

    def collect(self) -> Iterable[Metric]:
        """Return what it counts now; of nobody where nothing is searched yet."""
        return self.workers.metrics(self.searched() or "").registry.collect()


@contextmanager
def wired(
    shelf: EncoderShelf, log: FolderLog | KafkaLog, *, linger_seconds: float = LINGER_SECONDS
) -> Iterator[AllInOne]:
    """Give the whole process over an embedded engine, its workers running.

    Whatever `vitrine collection migrate` asks for is done here, for nobody else can open the index.
    """
    settings = shelf.settings
    with ExitStack() as stack:
        engine = EmbeddedClient(settings.qdrant.path)
        stack.callback(engine.close)
        optimize_if_due(engine, settings.collection, above=settings.index.optimize_above)
        process = stack.enter_context(assembled(shelf, log, engine, linger_seconds=linger_seconds))
        stack.enter_context(listening(settings.qdrant.path, process.commands.perform))
        yield process


@contextmanager
def assembled(
    shelf: EncoderShelf, log: FolderLog | KafkaLog, engine: Engine, *, linger_seconds: float
) -> Iterator[AllInOne]:
    """Give the parts of the process over whatever engine, its workers running."""
    settings = shelf.settings
    with ExitStack() as stack:
        events = log.events()
        stack.callback(events.close)
        fetcher = stack.enter_context(picture_fetcher(settings))
        workers, searched = Workers(), partial(resolve, engine, settings.collection)
        ready = stack.enter_context(answering(settings.ingest.http_port, _Counted(workers, searched)))
        own = ensure(engine, declare(settings, shelf.own()))
        http = server(following_app(shelf, engine, fetcher, events), settings)
        stack.callback(workers.close)
        site = Site(settings, engine, shelf, fetcher, log, workers, linger_seconds)
        workers.failed = partial(_stop, site, http)
        _start_workers(site, own)
        ready.set()
        yield AllInOne(http, workers, Commands(site), own, searched)


def _instance(index: Path) -> str:
    """Return the name of the one worker that an index can have: killed, it is known again when it starts anew."""
    place = f"{platform.node()}:{index.resolve()}"
    return f"vitrine-{hashlib.blake2b(place.encode(), digest_size=8).hexdigest()}"


def _start_workers(site: Site, own: str) -> None:
    """Start the worker of our own collection and, where a migration is under way, that of the other one.

    One of another version's layout can have none; where it is the one searched, its worker ends and says so.
    """
    site.workers_here.start(own, partial(site.filled, site.settings.encoders.models()))
    migration, searched = migration_of(site.engine, site.alias), resolve(site.engine, site.alias)
    others = {migration.source, migration.target} - {own} if migration is not None else set()
    for collection in others:
        if collection != searched and has_other_layout(site.engine, collection):
            _log.info("kept as it is, for another version of Vitrine laid it out", collection=collection)
        else:
            site.workers_here.start(collection, partial(site.filled_of, collection))


def _stop(site: Site, http: uvicorn.Server, ended: str) -> None:
    """End the server with the worker of the collection that is searched; another may fail and be started again."""
    http.should_exit = http.should_exit or resolve(site.engine, site.alias) == ended


def _announce(http: uvicorn.Server, started: Callable[[], None]) -> None:
    def wait() -> None:
        while not http.started and not http.should_exit:
            pause.wait(0.05)
        if http.started:
            started()

    pause = threading.Event()
    threading.Thread(target=wait, name="announce", daemon=True).start()


def _key(event: dict[str, object]) -> bytes:
    product = event.get("product")
    product_id = product["id"] if isinstance(product, dict) else event.get("product_id", "")
    return str(product_id).encode()
