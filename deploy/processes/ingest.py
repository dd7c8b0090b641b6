"""The ingest process: Kafka, encoders and the engine around one loop."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from catalog.collection import ensure
from catalog.engine import outages_named
from deploy.processes import garbage
from deploy.processes.debezium import debezium_reading
from deploy.processes.encoding import encoding_of
from deploy.processes.logs import KafkaLog
from deploy.processes.lost import require_not_lost
from deploy.processes.migration.filling import Filled, fill, group_in_log
from deploy.processes.parts import declare, open_engine, picture_fetcher
from deploy.processes.worker_http import answering
from ingest.consumer import COMMIT_SECONDS, Consumer
from ingest.dead_letter_limit import DeadLetterLimit
from ingest.metrics import IngestMetrics
from ingest.patience import Stopped, patiently
from ingest.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.engine import Engine
    from deploy.settings import Settings
    from encoders.interface import Encoders
    from encoders.pictures.fetch import PictureFetcher
    from ingest.source import DeadLetterSink, Source

DRAIN_SECONDS: Final = 5.0
"""What is left of the ten seconds in which a worker must be gone, after what leaving the group may take."""
_log = structlog.get_logger(__name__)


def run(settings: Settings, stopping: threading.Event) -> None:
    """Read the topic into the index until told to stop."""
    from encoders.registry import load_encoders  # noqa: PLC0415 - models are loaded only when used

    with ExitStack() as stack, suppress(Stopped):
        metrics = IngestMetrics()
        ready = stack.enter_context(answering(settings.ingest.http_port, metrics.registry))
        encoders = load_encoders(settings.encoders.settings())
        fetcher = stack.enter_context(picture_fetcher(settings))
        engine = open_engine(settings)
        stack.callback(engine.close)
        log = KafkaLog(settings)
        patiently(partial(require_not_lost, settings, engine, encoders, log), stopping)
        filled = Filled(settings, engine, encoders, fetcher, log)
        if not fill(filled, stopping):
            return
        feed = log.feed(patiently(partial(group_in_log, filled), stopping))
        stack.callback(feed.source.close)
        stack.callback(feed.dead_letters.close)
        consumer = stack.enter_context(
            wired(settings, engine, encoders, fetcher, feed.source, feed.dead_letters, metrics, stopping)
        )
        stack.enter_context(left_in_time(feed.source, stopping))
        garbage.settle()
        ready.set()
        consumer.run()


@contextmanager
def left_in_time(source: Source, stopping: threading.Event, *, drain_seconds: float = DRAIN_SECONDS) -> Iterator[None]:
    """Leave the group `drain_seconds` after `stopping` though a batch be still under way: another worker reads it."""
    ended = threading.Event()

    def watch() -> None:
        stopping.wait()
        if not ended.wait(drain_seconds):
            _log.warning("left the group with a batch under way", drain_seconds=drain_seconds)
            source.close()

    watcher = threading.Thread(target=watch, name="drain", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        stopping.set()
        watcher.join()


@contextmanager
def wired(  # noqa: PLR0913, PLR0917 - the parts of the one loop, wired in the one place
    settings: Settings,
    engine: Engine,
    encoders: Encoders,
    fetcher: PictureFetcher,
    source: Source,
    dead_letters: DeadLetterSink,
    metrics: IngestMetrics,
    stopping: threading.Event,
) -> Iterator[Consumer]:
    """Give the loop over whatever source; makes the collection where it lacks."""

    def make_collection() -> str:
        with outages_named():
            return ensure(engine, declare(settings, encoders))

    collection = patiently(make_collection, stopping)
    with encoding_of(settings, encoders, fetcher, metrics) as encoding:
        yield Consumer(
            source=source,
            store=Store(engine, collection),
            encoding=encoding,
            dead_letters=dead_letters,
            metrics=metrics,
            stopping=stopping,
            tables=debezium_reading(settings),
            limit=DeadLetterLimit(settings.ingest.dead_letter_share),
            commit_seconds=COMMIT_SECONDS,
        )
