"""The logs that `POST /v1/events` appends to, as the processes open them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.errors import BrokerUnavailable
from deploy.processes.events import kafka_events, log_events
from deploy.settings import KafkaSettings, Settings
from ingest.accepting import TOO_LARGE
from ingest.eventlog import EventLogSource
from tests.broker import free_ports
from tests.builders import as_bytes, bare, deleted, upserted
from tests.logs import KafkaLog, read

if TYPE_CHECKING:
    from pathlib import Path

GOOD, LARGE = as_bytes(upserted(bare("a"))), as_bytes(upserted(bare("b", description="x" * 2_000_000)))


def test_the_event_log_takes_what_is_good(tmp_path: Path) -> None:
    """Keyed by product, and read by the worker's own source."""
    sink = log_events(Settings(), tmp_path)

    answers = sink.append([GOOD, b"[]", LARGE])
    sink.close()

    source = EventLogSource(tmp_path)
    records = source.poll()
    source.close()
    assert [answer and answer.reason for answer in answers] == [None, "malformed_json", None]
    assert [(record.key, record.value) for record in records] == [(b"a", GOOD), (b"b", LARGE)]


@pytest.mark.kafka
def test_the_topic_takes_what_is_good(kafka_bootstrap: str) -> None:
    """What is too large for it is answered so, and the others are there."""
    log = KafkaLog(kafka_bootstrap)
    sink = kafka_events(Settings(kafka=KafkaSettings(bootstrap_servers=kafka_bootstrap, topic=log.topic)))

    answers = sink.append([GOOD, LARGE, as_bytes(deleted("c"))])
    sink.close()

    assert answers == [None, TOO_LARGE, None]
    assert {record.key for record in read(log.source(), 2)} == {b"a", b"c"}
    log.close()


def test_a_broker_that_is_away_is_an_outage() -> None:
    """Nothing is said to be on a log that nobody could ask."""
    (port,) = free_ports(1)
    sink = kafka_events(Settings(kafka=KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}")))

    with pytest.raises(BrokerUnavailable):
        sink.append([GOOD])

    sink.close()
