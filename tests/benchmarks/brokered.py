"""Price changes through a real Kafka broker: `python -m tests.benchmarks.brokered --products 20000`; `make bench` too.

The broker runs on the same machine, so what it takes of the processor is told apart.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from catalog.embedded import EmbeddedClient
from deploy.processes import garbage
from deploy.processes.ingest import wired
from deploy.processes.parts import picture_fetcher
from deploy.settings import ImageSettings, QdrantSettings, Settings
from ingest.kafka import KafkaSource
from ingest.kafka_connection import KafkaConnection
from ingest.kafka_dead_letters import KafkaDeadLetters
from ingest.kafka_producer import AcknowledgedProducer
from ingest.message import Message
from ingest.metrics import IngestMetrics
from tests.benchmarks.filled import kit
from tests.benchmarks.goods import goods, price_changes
from tests.benchmarks.table import Row, Section, rich_table, verdict
from tests.broker import Broker, BrokerMissing, create_topic, jars
from tests.conftest import CACHE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.sample.catalogue import SampleProduct
    from encoders.interface import Encoders
    from ingest.consumer import Consumer

AIM_PRICES: Final = 2_500
PARTITIONS: Final = 4
SENT_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Prices:
    """What the price changes took: wall time, and processor time of this process and of the broker, in seconds."""

    count: int
    wall: float
    own: float
    broker: float

    def row(self, products: int) -> Row:
        """Return the line of the table."""
        rate = self.count / self.wall
        return Row(
            f"price events, Kafka → searchable, {products:,} products",
            f"{rate:,.0f} /s",
            f"{self.wall:.1f} s, of a processor {self.own:.1f} s here and {self.broker:.1f} s in the broker",
            aim=verdict(f"≥ {AIM_PRICES:,} /s", holds=rate >= AIM_PRICES),
        )


def prices_row(data: Path, images: Path, encoders: Encoders, wanted: Sequence[SampleProduct], version: int) -> Row:
    """Change the price of every product of a data folder by events on a topic; says so where no broker can be had."""
    with tempfile.TemporaryDirectory(prefix="vitrine-broker-") as folder:
        try:
            broker = Broker(jars(CACHE), Path(folder))
            broker.start()
        except BrokerMissing as why:
            return Row("price events, Kafka → searchable", "not run", str(why)[:120])
        try:
            return _measured(broker, data, images, encoders, list(price_changes(wanted, version))).row(len(wanted))
        finally:
            broker.stop()


def _measured(
    broker: Broker, data: Path, images: Path, encoders: Encoders, pairs: Sequence[tuple[bytes, bytes]]
) -> Prices:
    connection = KafkaConnection(broker.bootstrap)
    topic = create_topic(broker.bootstrap, partitions=PARTITIONS)
    messages = [Message(key, value) for key, value in pairs]
    settings = Settings(_env_file=None, qdrant=QdrantSettings(path=data / "index"), images=ImageSettings(root=images))
    with ExitStack() as stack:
        producer = stack.enter_context(closing(AcknowledgedProducer(connection, topic=topic, partitions=PARTITIONS)))
        engine = stack.enter_context(closing(EmbeddedClient(settings.qdrant.path)))
        fetcher = stack.enter_context(picture_fetcher(settings))
        source = stack.enter_context(closing(KafkaSource(connection, topic=topic, group="bench")))
        letters = stack.enter_context(closing(KafkaDeadLetters(connection, topic=f"{topic}-dead")))
        worker = wired(settings, engine, encoders, fetcher, source, letters, IngestMetrics(), threading.Event())
        consumer = stack.enter_context(worker)
        producer.deliver(messages[:1])
        _work(consumer, 1)  # by then the group has let us in
        for start in range(1, len(messages), SENT_AT_ONCE):
            producer.deliver(messages[start : start + SENT_AT_ONCE])
        garbage.settle()
        wall, own, brokers = time.perf_counter(), time.process_time(), broker.cpu_seconds()
        _work(consumer, len(messages) - 1)
        return Prices(
            len(messages) - 1,
            time.perf_counter() - wall,
            time.process_time() - own,
            broker.cpu_seconds() - brokers,
        )


def _work(consumer: Consumer, count: int) -> None:
    while count > 0:
        count -= consumer.turn()


def main() -> None:
    """Fill an index, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.brokered", description=__doc__)
    parser.add_argument("--products", type=int, default=20_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder:
        made = kit(Path(folder))
        data = Path(folder) / "data"
        made.fill(data, 0, given.products, lambda: None)
        row = prices_row(data, made.tiny, made.real, goods(given.products), 2)
    Console().print(rich_table([Section([row])], "An index as ingest leaves it; the worker has one processor at most."))


if __name__ == "__main__":
    main()
