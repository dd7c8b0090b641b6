"""The log that `POST /v1/events` appends to: the topic, or the event log of a demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.processes.debezium import debezium_reading
from ingest.accepting import JudgedEvents
from ingest.eventlog import EventLog
from ingest.kafka_producer import AcknowledgedProducer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from deploy.settings import Settings
    from ingest.message import Message


def kafka_events(settings: Settings) -> JudgedEvents:
    """Return the way onto the topic that the settings name; it connects with the first event."""
    producer = AcknowledgedProducer(settings.kafka.connection(), topic=settings.kafka.topic, partitions=-1)
    return JudgedEvents(producer.deliver, producer.close, debezium_reading(settings))


def log_events(settings: Settings, folder: Path) -> JudgedEvents:
    """Return the way onto the event log in `folder`; nothing is too large for it."""
    log = EventLog(folder)

    def deliver(messages: Sequence[Message]) -> list[Message]:
        log.write(messages)
        return []

    return JudgedEvents(deliver, log.close, debezium_reading(settings))
