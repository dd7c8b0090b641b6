"""What a worker answers to probes and to Prometheus."""

from __future__ import annotations

import socket

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge

from catalog.errors import Misconfigured
from deploy.processes.worker_http import answering
from tests.broker import free_ports


def test_a_worker_is_alive_before_it_is_ready() -> None:
    """Alive as soon as it answers, ready once its parts stand; its metrics all along."""
    (port,) = free_ports(1)
    registry = CollectorRegistry()
    Gauge("vitrine_things", "Things.", registry=registry).set(3)

    with answering(port, registry) as ready, httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
        before = [http.get(path).status_code for path in ("/livez", "/readyz", "/metrics", "/nope")]
        ready.set()
        after = http.get("/readyz")
        metrics = http.get("/metrics").text

    assert before == [200, 503, 200, 404]
    assert (after.status_code, after.json()) == (200, {"status": "ready"})
    assert "vitrine_things 3.0" in metrics


def test_without_a_port_nothing_listens() -> None:
    """The worker runs all the same."""
    with answering(None, CollectorRegistry()) as ready:
        ready.set()


def test_a_taken_port_is_named() -> None:
    """The message names the setting."""
    with (
        socket.create_server(("0.0.0.0", 0)) as taken,
        pytest.raises(Misconfigured, match="VITRINE_INGEST__HTTP_PORT"),
        answering(taken.getsockname()[1], CollectorRegistry()),
    ):
        pytest.fail("two cannot listen on one port")
