"""The demo: log → ingest → embedded engine ← search ← page, all in one process."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from catalog.embedded import EmbeddedClient
from deploy.processes.events import kafka_events, log_events
from deploy.processes.ingest import Feed, kafka_feed, wired
from deploy.processes.parts import picture_fetcher, search_app
from deploy.processes.refetching import refetched_now_and_then
from deploy.processes.search import serve, server
from deploy.processes.worker_http import answering
from ingest.eventlog import EventLog, EventLogSource
from ingest.eventlog_dead_letters import EventLogDeadLetters
from ingest.metrics import IngestMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future
    from pathlib import Path

    import uvicorn

    from deploy.settings import Settings
    from encoders.interface import Encoders

SWITCH_INTERVAL_SECONDS: Final = 0.0005
"""How soon a busy ingest thread makes way for a query: the default of 5 ms is felt in every answer."""


LIVELY_BATCH_RECORDS: Final = 64
"""Small enough that the page shows products coming in; large batches encode a little faster."""


def log_feed(settings: Settings, folder: Path, events: Iterable[dict[str, object]]) -> Feed:
    """Return the event log in `folder` as a feed, with those of `events` appended that it does not have yet."""
    log = EventLog(folder)
    try:
        pending = list(events)[log.next_offset :]
        log.append((_key(event), json.dumps(event, ensure_ascii=False).encode()) for event in pending)
    finally:
        log.close()
    source = EventLogSource(folder, batch_records=LIVELY_BATCH_RECORDS)
    return Feed(source, EventLogDeadLetters(folder), log_events(settings, folder))


def topic_feed(settings: Settings) -> Feed:
    """Return the topic that the settings name as a feed, with a way in for events sent over HTTP."""
    name = settings.kafka.instance or _instance(settings.qdrant.path)
    named = settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"instance": name})})
    return replace(kafka_feed(named), events=kafka_events(named))


def run(settings: Settings, encoders: Encoders, feed: Feed, started: Callable[[uvicorn.Server], None]) -> None:
    """Serve and ingest until told to stop; `started` hears of the server once it takes requests."""
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    stopping = threading.Event()
    with ExitStack() as stack:
        stack.callback(feed.dead_letters.close)
        stack.callback(feed.source.close)
        if feed.events is not None:
            stack.callback(feed.events.close)
        engine = EmbeddedClient(settings.qdrant.path)
        stack.callback(engine.close)
        fetcher = stack.enter_context(picture_fetcher(settings))
        metrics = IngestMetrics()
        ready = stack.enter_context(answering(settings.ingest.http_port, metrics.registry))
        consumer = stack.enter_context(
            wired(settings, engine, encoders, fetcher, feed.source, feed.dead_letters, metrics, stopping)
        )
        ready.set()
        http = server(search_app(settings, engine, encoders, fetcher, feed.events), settings)
        stack.enter_context(refetched_now_and_then(settings, engine, encoders, fetcher, stopping=stopping))
        worker = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="ingest"))
        stack.callback(stopping.set)
        ingesting = worker.submit(consumer.run)
        ingesting.add_done_callback(partial(_stop, http))
        _announce(http, started)
        serve(http)
    ingesting.result()  # what ended the loop, if it was not us


def _instance(index: Path) -> str:
    """Return the name of the one worker that an index can have: killed, it is known again when it starts anew."""
    place = f"{platform.node()}:{index.resolve()}"
    return f"vitrine-{hashlib.blake2b(place.encode(), digest_size=8).hexdigest()}"


def _stop(http: uvicorn.Server, _ended: Future[None]) -> None:
    http.should_exit = True


def _announce(http: uvicorn.Server, started: Callable[[uvicorn.Server], None]) -> None:
    def wait() -> None:
        while not http.started and not http.should_exit:
            pause.wait(0.05)
        if http.started:
            started(http)

    pause = threading.Event()
    threading.Thread(target=wait, name="announce", daemon=True).start()


def _key(event: dict[str, object]) -> bytes:
    product = event.get("product")
    product_id = product["id"] if isinstance(product, dict) else event.get("product_id", "")
    return str(product_id).encode()
