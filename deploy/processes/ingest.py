"""The ingest process: Kafka, encoders and the engine around one loop."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import prometheus_client

from catalog.collection import ensure
from catalog.engine import outages_named
from deploy.processes.parts import declare, open_engine, picture_fetcher, picture_limits
from encoders.registry import load_encoders
from ingest.consumer import Consumer, patiently
from ingest.encoding import Encoding
from ingest.kafka import KafkaSource
from ingest.kafka_dead_letters import KafkaDeadLetters
from ingest.metrics import IngestMetrics
from ingest.store import Store

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from catalog.engine import Engine
    from deploy.settings import Settings
    from encoders.interface import Encoders
    from encoders.pictures.fetch import PictureFetcher
    from ingest.source import DeadLetterSink, Source


@dataclass(frozen=True, slots=True)
class Feed:
    """Where events come from and where the refused ones go."""

    source: Source
    dead_letters: DeadLetterSink


def kafka_feed(settings: Settings) -> Feed:
    """Return the topic that the settings name as a feed."""
    connection = settings.kafka.connection()
    source = KafkaSource(
        connection,
        topic=settings.kafka.topic,
        group=settings.kafka.group,
        batch_records=settings.ingest.batch_records,
    )
    return Feed(source, KafkaDeadLetters(connection, topic=settings.kafka.dead_letters))


def run(settings: Settings, stopping: threading.Event) -> None:
    """Read the topic into the index until told to stop."""
    with ExitStack() as stack:
        encoders = load_encoders(settings.encoders.settings())
        fetcher = stack.enter_context(picture_fetcher(settings))
        engine = open_engine(settings)
        stack.callback(engine.close)
        feed = kafka_feed(settings)
        stack.callback(feed.source.close)
        stack.callback(feed.dead_letters.close)
        metrics = IngestMetrics()
        if settings.ingest.http_port is not None:
            server, _ = prometheus_client.start_http_server(settings.ingest.http_port, registry=metrics.registry)
            stack.callback(server.shutdown)
        consumer = stack.enter_context(
            wired(settings, engine, encoders, fetcher, feed.source, feed.dead_letters, metrics, stopping)
        )
        consumer.run()


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
    encoding = Encoding(encoders, fetcher, metrics, limits=picture_limits(settings))
    try:
        yield Consumer(
            source=source,
            store=Store(engine, collection),
            encoding=encoding,
            dead_letters=dead_letters,
            metrics=metrics,
            stopping=stopping,
        )
    finally:
        encoding.close()
