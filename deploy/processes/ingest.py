"""The ingest process: Kafka, encoders and the engine around one loop."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from catalog.collection import ensure
from catalog.engine import outages_named
from deploy.processes.debezium import debezium_reading
from deploy.processes.parts import declare, open_engine, picture_fetcher, picture_limits
from deploy.processes.worker_http import answering
from ingest.consumer import Consumer, patiently
from ingest.dead_letter_limit import DeadLetterLimit
from ingest.encoding import Encoding
from ingest.encoding_cache import DiskEncodingCache, NoEncodingCache
from ingest.kafka import KafkaSource
from ingest.kafka_dead_letters import KafkaDeadLetters
from ingest.metrics import IngestMetrics
from ingest.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.engine import Engine
    from catalog.ports import EventSink
    from deploy.settings import Settings
    from encoders.interface import Encoders
    from encoders.pictures.fetch import PictureFetcher
    from ingest.source import DeadLetterSink, Source

DRAIN_SECONDS: Final = 5.0
"""What is left of the ten seconds in which a worker must be gone, after what leaving the group may take."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Feed:
    """Where events come from and where the refused ones go; `events` is the way in for those sent over HTTP."""

    source: Source
    dead_letters: DeadLetterSink
    events: EventSink | None = None


def kafka_feed(settings: Settings) -> Feed:
    """Return the topic that the settings name as a feed."""
    connection = settings.kafka.connection()
    source = KafkaSource(
        connection,
        topic=settings.kafka.topic,
        group=settings.kafka.group,
        batch_records=settings.ingest.batch_records,
        instance=settings.kafka.instance,
    )
    return Feed(source, KafkaDeadLetters(connection, topic=settings.kafka.dead_letters))


def run(settings: Settings, stopping: threading.Event) -> None:
    """Read the topic into the index until told to stop."""
    from encoders.registry import load_encoders  # noqa: PLC0415 - models are loaded only when used

    with ExitStack() as stack:
        metrics = IngestMetrics()
        ready = stack.enter_context(answering(settings.ingest.http_port, metrics.registry))
        encoders = load_encoders(settings.encoders.settings())
        fetcher = stack.enter_context(picture_fetcher(settings))
        engine = open_engine(settings)
        stack.callback(engine.close)
        feed = kafka_feed(settings)
        stack.callback(feed.source.close)
        stack.callback(feed.dead_letters.close)
        consumer = stack.enter_context(
            wired(settings, engine, encoders, fetcher, feed.source, feed.dead_letters, metrics, stopping)
        )
        stack.enter_context(left_in_time(feed.source, stopping))
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
        )


@contextmanager
def encoding_of(
    settings: Settings, encoders: Encoders, fetcher: PictureFetcher, metrics: IngestMetrics
) -> Iterator[Encoding]:
    """Give what makes points, over the encoding cache where the settings name one."""
    path, max_bytes = settings.ingest.encoding_cache, settings.ingest.encoding_cache_max_bytes
    with closing(DiskEncodingCache(path, max_bytes=max_bytes) if path else NoEncodingCache()) as cache:
        encoding = Encoding(encoders, fetcher, metrics, limits=picture_limits(settings), cache=cache)
        with closing(encoding):
            yield encoding
