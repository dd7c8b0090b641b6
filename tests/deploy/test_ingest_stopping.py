"""How the worker ends when it is told to: drained and committed, and out of its group within ten seconds."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from deploy.processes.ingest import left_in_time
from ingest.kafka_connection import KafkaConnection
from ingest.kafka_producer import KafkaEvents
from tests.broker import admin, create_topic, free_ports
from tests.builders import as_bytes, bare, upserted
from tests.forks import Command, forked, without_settings
from tests.logs import wait_until
from tests.pipeline import ListSource

if TYPE_CHECKING:
    from pathlib import Path

GONE_SECONDS = 10
START_SECONDS = 120


@dataclass
class ClosingSource(ListSource):
    """A source that tells when it was closed."""

    closed: threading.Event = field(default_factory=threading.Event)

    def close(self) -> None:
        """Say so."""
        self.closed.set()


def test_a_batch_that_lasts_does_not_keep_the_group() -> None:
    """The encoder is still at work when the time is up: the group is left all the same."""
    source, stopping = ClosingSource([]), threading.Event()

    with left_in_time(source, stopping, drain_seconds=0.05):
        stopping.set()

        assert source.closed.wait(5)


def test_a_worker_that_ends_in_time_closes_by_itself() -> None:
    """Nobody else meddles, and no thread is left behind."""
    source, stopping = ClosingSource([]), threading.Event()
    threads = threading.active_count()

    with left_in_time(source, stopping, drain_seconds=60):
        stopping.set()

    assert not source.closed.is_set()
    assert threading.active_count() == threads


@pytest.mark.kafka
def test_a_terminated_worker_is_gone_within_ten_seconds(kafka_bootstrap: str, tmp_path: Path) -> None:
    """SIGTERM to the real command: exit code 0, all it had read is committed, the group has no member left."""
    topic, (port,) = create_topic(kafka_bootstrap), free_ports(1)
    events = KafkaEvents(KafkaConnection(kafka_bootstrap), topic=topic)
    events.append((b"%d" % number, as_bytes(upserted(bare(str(number))))) for number in range(20))
    events.close()
    settings = {
        "VITRINE_QDRANT__PATH": str(tmp_path / "index"),
        "VITRINE_KAFKA__BOOTSTRAP_SERVERS": kafka_bootstrap,
        "VITRINE_KAFKA__TOPIC": topic,
        "VITRINE_KAFKA__GROUP": topic,
        "VITRINE_INGEST__HTTP_PORT": str(port),
    }
    log = tmp_path / "log"
    worker = forked(Command(["ingest", "run"], tmp_path, without_settings() | settings, log, log))
    try:
        _wait_for(f"http://127.0.0.1:{port}/metrics", 'kind="upserted",outcome="applied"} 20.0')

        started = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(GONE_SECONDS)
        seconds = time.monotonic() - started
    finally:
        worker.kill()

    assert (code, seconds < GONE_SECONDS) == (0, True), log.read_text()
    with admin(kafka_bootstrap) as client:
        wait_until(lambda: not client.describe_groups([topic])[topic]["members"], "an empty group")
        committed = client.list_group_offsets({topic: None})
    assert [place.offset for place in committed[topic].values()] == [20]


def _wait_for(url: str, line: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if line in httpx.get(url).text:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("the worker did not start")
