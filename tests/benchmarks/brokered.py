"""Events through a real Kafka broker: `python -m tests.benchmarks.brokered --products 20000`; `make bench` too.

The broker runs on the same machine, so what it takes of the processor is told apart.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from catalog.embedded import EmbeddedClient
from catalog.text import dense_text
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
from tests.benchmarks.forward import decoded, pictures_forward, texts_forward
from tests.benchmarks.goods import goods, price_changes, upserts
from tests.benchmarks.table import Row, Section, rich_table, verdict
from tests.benchmarks.timing import Samples, per_second
from tests.broker import Broker, BrokerMissing, create_topic, jars
from tests.conftest import CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deploy.sample.catalogue import SampleProduct
    from encoders.interface import Encoders
    from ingest.consumer import Consumer

AIM_PRICES: Final = 2_500
AIM_SHARE: Final = 0.9
PARTITIONS: Final = 4
SENT_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Through:
    """What events through a broker took: wall and processor time of this process, that of the broker, in seconds."""

    count: int
    wall: float
    own: float
    broker: float

    @property
    def rate(self) -> float:
        """How many a second were searchable."""
        return self.count / self.wall

    def __str__(self) -> str:
        return f"{self.wall:.1f} s, of a processor {self.own:.1f} s here and {self.broker:.1f} s in the broker"


def prices_row(data: Path, images: Path, encoders: Encoders, wanted: Sequence[SampleProduct], version: int) -> Row:
    """Change the price of every product of a data folder by events on a topic; says so where no broker can be had."""
    what, events = f"price events, Kafka → searchable, {len(wanted):,} products", list(price_changes(wanted, version))
    try:
        with _broker() as broker:
            took = _through(broker, data, images, encoders, events)
    except BrokerMissing as why:
        return _not_run(what, why)
    aim = verdict(f"≥ {AIM_PRICES:,} /s", holds=took.rate >= AIM_PRICES)
    return Row(what, f"{took.rate:,.0f} /s", str(took), aim=aim)


def new_products_row(data: Path, images: Path, encoders: Encoders, wanted: Sequence[SampleProduct]) -> Row:
    """Bring products into an empty data folder by events on a topic, between two times their forward passes alone."""
    what = f"new products with pictures, Kafka → searchable, {len(wanted):,}"
    pictures = pictures_forward(decoded(encoders, images, wanted))
    texts, passes = texts_forward([dense_text(product.as_product()) for product in wanted]), Samples()

    def pass_alone() -> None:
        with passes.timed():
            texts()
            pictures()

    try:
        with _broker() as broker:
            pass_alone()
            took = _through(broker, data, images, encoders, list(upserts(wanted)))
            pass_alone()
    except BrokerMissing as why:
        return _not_run(what, why)
    alone = per_second(passes, len(wanted))
    reached = took.rate / alone
    beside = f"bare forward passes {alone:.0f} /s; {took}"
    aim = verdict(f"≥ {AIM_SHARE:.0%}", holds=reached >= AIM_SHARE)
    return Row(what, f"{took.rate:.0f} /s", beside, f"{reached:.0%} of the passes", aim)


@contextmanager
def _broker() -> Iterator[Broker]:
    with tempfile.TemporaryDirectory(prefix="vitrine-broker-") as folder:
        broker = Broker(jars(CACHE), Path(folder))
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


def _not_run(what: str, why: BrokerMissing) -> Row:
    return Row(what, "not run", str(why)[:120])


def _through(
    broker: Broker, data: Path, images: Path, encoders: Encoders, pairs: Sequence[tuple[bytes, bytes]]
) -> Through:
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
        return Through(
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
    parser.add_argument("--products", type=int, default=20_000, help="how many change their price")
    parser.add_argument("--new", type=int, default=1_024, help="how many come in as new, with their pictures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder:
        made = kit(Path(folder))
        data = Path(folder) / "data"
        made.fill(data, 0, given.products, lambda: None)
        rows = [prices_row(data, made.tiny, made.real, goods(given.products), 2)]
        rows.append(new_products_row(Path(folder) / "new", made.images, made.real, goods(given.new)))
    Console().print(
        rich_table([Section(rows)], "An index as ingest leaves it. A price event has one processor at most.")
    )


if __name__ == "__main__":
    main()
