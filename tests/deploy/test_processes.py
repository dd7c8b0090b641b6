"""The processes of production, wired as their commands wire them: ingest, then search on what it left."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from deploy.processes import ingest, search
from deploy.processes.parts import open_engine
from deploy.settings import load_settings
from ingest.kafka_connection import KafkaConnection
from ingest.kafka_producer import KafkaEvents
from tests.broker import create_topic, free_ports

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deploy.settings import Settings

WAIT_SECONDS = 60
TITLES = {"a": "Red leather shoes", "b": "Blue denim jeans", "c": "Green wool scarf"}


@pytest.mark.kafka
def test_ingest_fills_what_search_serves(kafka_bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker reads the topic until told to stop and gives the folder free; the API then answers from it."""
    monkeypatch.chdir(tmp_path)
    ingest_port, api_port = free_ports(2)
    monkeypatch.setenv("VITRINE_QDRANT__PATH", str(tmp_path / "index"))
    monkeypatch.setenv("VITRINE_KAFKA__BOOTSTRAP_SERVERS", kafka_bootstrap)
    monkeypatch.setenv("VITRINE_KAFKA__TOPIC", create_topic(kafka_bootstrap))
    monkeypatch.setenv("VITRINE_KAFKA__GROUP", f"group-{tmp_path.name}")
    monkeypatch.setenv("VITRINE_INGEST__HTTP_PORT", str(ingest_port))
    monkeypatch.setenv("VITRINE_API__PORT", str(api_port))
    settings = load_settings()
    produce(settings)
    stopping = threading.Event()
    worker = threading.Thread(target=ingest.run, args=(settings, stopping))

    worker.start()
    applied = 'vitrine_ingest_events_total{kind="upserted",outcome="applied"} 3.0'
    caught_up = 'vitrine_ingest_lag_records{partition="0"} 0.0'
    metrics = f"http://127.0.0.1:{ingest_port}/metrics"
    try:
        wait_for(lambda: applied in (told := httpx.get(metrics).text) and caught_up in told)
    finally:
        stopping.set()
        worker.join(WAIT_SECONDS)

    assert not worker.is_alive()
    assert first_title(settings, "denim jeans") == TITLES["b"]


def produce(settings: Settings) -> None:
    """Put the products on the topic."""
    connection = KafkaConnection(settings.kafka.bootstrap_servers or "")
    events = KafkaEvents(connection, topic=settings.kafka.topic)
    try:
        events.append((name.encode(), upsert(name, title)) for name, title in TITLES.items())
    finally:
        events.close()


def upsert(product_id: str, title: str) -> bytes:
    """Return the bytes of one event."""
    return json.dumps(
        {"type": "product.upserted", "version": 1, "product": {"id": product_id, "title": title}}
    ).encode()


def first_title(settings: Settings, words: str) -> str:
    """Ask the search process, as its command wires it."""
    engine = open_engine(settings)
    try:
        with search.wired(settings, engine) as http:
            thread = threading.Thread(target=http.run)
            thread.start()
            url = f"http://127.0.0.1:{settings.api.port}"
            wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 200)
            title: str = httpx.get(f"{url}/v1/search", params={"q": words}).json()["hits"][0]["product"]["title"]
            http.should_exit = True
            thread.join(WAIT_SECONDS)
    finally:
        engine.close()
    return title


def wait_for(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; nobody listening yet counts as not."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("waited too long")
