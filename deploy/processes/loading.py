"""A catalogue file on its way: onto the topic, or through the worker's own loop into the index."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from catalog.engine import outages_named
from deploy.processes.ingest import wired
from deploy.processes.parts import open_engine, picture_fetcher
from encoders.registry import load_encoders
from ingest.kafka_producer import AcknowledgedProducer
from ingest.loading.produce import produce
from ingest.loading.source import FileSource
from ingest.metrics import IngestMetrics
from ingest.patience import Stopped, patiently

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from deploy.settings import Settings
    from ingest.source import DeadLetterSink, Record


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be loaded, where refused rows go, and who is told how many records are done."""

    records: Iterator[Record]
    rejected: DeadLetterSink
    progress: Callable[[int], None]


def to_kafka(settings: Settings, load: Load, stopping: threading.Event) -> bool:
    """Send everything to the topic and return whether it came to the end before `stopping` was set.

    Raises `BrokerUnavailable` where no broker answers at first; an outage later is waited out.
    """
    producer = AcknowledgedProducer(settings.kafka.connection(), topic=settings.kafka.topic, partitions=-1)
    try:
        producer.deliver([])
        return produce(
            load.records,
            lambda messages: patiently(partial(producer.deliver, messages), stopping),
            refused=load.rejected,
            delivered=load.progress,
            stopping=stopping,
        )
    except Stopped:
        return False
    finally:
        producer.close()


def to_index(settings: Settings, load: Load, stopping: threading.Event) -> bool:
    """Merge, encode and store everything and return whether it came to the end before `stopping` was set.

    Raises `EngineUnavailable` where the engine is away at first (an outage later is waited out), `Misconfigured` where
    another process holds the embedded one.
    """
    with ExitStack() as stack:
        engine = open_engine(settings)
        stack.callback(engine.close)
        with outages_named():
            engine.get_aliases()  # before models are loaded
        encoders = load_encoders(settings.encoders.settings())
        fetcher = stack.enter_context(picture_fetcher(settings))
        source = FileSource(
            load.records, batch_records=settings.ingest.batch_records, stopping=stopping, committed=load.progress
        )
        consumer = stack.enter_context(
            wired(settings, engine, encoders, fetcher, source, load.rejected, IngestMetrics(), stopping)
        )
        consumer.run()
        return source.finished
