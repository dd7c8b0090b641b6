"""The two logs behind one small face, so that the contract of a source is written down once."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Protocol

from catalog.errors import BrokerUnavailable
from ingest.eventlog import EventLog, EventLogSource
from ingest.eventlog_dead_letters import EventLogDeadLetters, read_dead_letters
from ingest.kafka import KafkaSource
from ingest.kafka_connection import KafkaConnection
from ingest.kafka_dead_letters import KafkaDeadLetters
from ingest.kafka_producer import AcknowledgedProducer
from ingest.message import Message
from tests.broker import create_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ingest.source import DeadLetterSink, Record, Source

PATIENCE_SECONDS = 20.0


class Log(Protocol):
    """A log under test: what is appended is read by the sources that `open` returns."""

    def append(self, messages: Sequence[Message]) -> None: ...

    def open(self, *, batch_records: int = 256) -> Source: ...

    def dead_letters(self) -> DeadLetterSink: ...

    def letters(self, count: int) -> list[Message]: ...

    def close(self) -> None: ...


class FileLog:
    """The event log in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = EventLog(folder)
        self._open: list[Source | DeadLetterSink] = []

    def append(self, messages: Sequence[Message]) -> None:
        self._log.write(messages)

    def open(self, *, batch_records: int = 256) -> Source:
        source = EventLogSource(self._folder, batch_records=batch_records)
        self._open.append(source)
        return source

    def dead_letters(self) -> DeadLetterSink:
        sink = EventLogDeadLetters(self._folder)
        self._open.append(sink)
        return sink

    def letters(self, count: int) -> list[Message]:
        return list(read_dead_letters(self._folder))[:count]

    def close(self) -> None:
        self._log.close()
        for one in self._open:
            one.close()


class KafkaLog:
    """A topic of its own on a real broker, read by one group."""

    def __init__(self, bootstrap: str, *, partitions: int = 3, topic: str | None = None) -> None:
        self.bootstrap = bootstrap
        self.connection = KafkaConnection(bootstrap)
        self.topic = create_topic(bootstrap, partitions=partitions) if topic is None else topic
        self.group = f"group-{uuid.uuid4().hex[:12]}"
        self._producer = AcknowledgedProducer(self.connection, topic=self.topic, partitions=partitions)
        self._open: list[Source | DeadLetterSink] = []

    def append(self, messages: Sequence[Message]) -> None:
        assert self._producer.deliver(messages) == []

    def open(self, *, batch_records: int = 256) -> Source:
        return self.source(batch_records=batch_records)

    def source(
        self,
        *,
        batch_records: int = 256,
        session_timeout_seconds: float = 10.0,
        max_poll_interval_seconds: float = 60.0,
        topic: str | None = None,
        instance: str | None = None,
    ) -> KafkaSource:
        source = KafkaSource(
            self.connection,
            topic=self.topic if topic is None else topic,
            group=self.group,
            batch_records=batch_records,
            session_timeout_seconds=session_timeout_seconds,
            max_poll_interval_seconds=max_poll_interval_seconds,
            instance=instance,
        )
        self._open.append(source)
        return source

    def dead_letters(self) -> DeadLetterSink:
        sink = KafkaDeadLetters(self.connection, topic=f"{self.topic}-dead")
        self._open.append(sink)
        return sink

    def letters(self, count: int) -> list[Message]:
        records = read(self.source(topic=f"{self.topic}-dead"), count)
        return [Message(one.key, one.value, one.headers, one.timestamp_ms) for one in records]

    def close(self) -> None:
        self._producer.close()
        for one in self._open:
            one.close()


def messages(count: int, *, keys: int = 10, start: int = 0) -> list[Message]:
    """Return messages whose values count up, spread over `keys` keys."""
    return [Message(b"sku-%d" % (number % keys), b"%d" % number) for number in range(start, start + count)]


def read(source: Source, count: int) -> list[Record]:
    """Poll until `count` records came, without committing; outages are waited out."""
    records: list[Record] = []

    def enough() -> bool:
        try:
            records.extend(source.poll())
        except BrokerUnavailable:
            return False
        return len(records) >= count

    wait_until(enough, f"{count} records")
    return records


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Return as soon as the condition holds; fail after twenty seconds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS:.0f} s in vain for {what}"
        time.sleep(0.01)


def values(records: Sequence[Record]) -> list[int]:
    """Return what `messages` counted, sorted: partitions come in any order."""
    return sorted(int(record.value or b"") for record in records)
