"""What the ingest worker answers over HTTP: whether it is alive, whether it is ready, and its metrics."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.registry import Collector

ROUTES: Final = ("/livez", "/readyz", "/metrics")
_JSON: Final = "application/json"
_ANY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - whoever probes and scrapes is another machine; it gives nothing else


@contextmanager
def answering(port: int | None, metrics: Collector) -> Iterator[threading.Event]:
    """Answer `ROUTES` on a port, or not at all without one; who sets the event given says that the worker is ready.

    Raises `Misconfigured` where the port cannot be listened on.
    """
    ready = threading.Event()
    if port is None:
        yield ready
        return
    try:
        server = ThreadingHTTPServer((_ANY_ADDRESS, port), _handler(metrics, ready))
    except OSError as error:
        raise Misconfigured(f"cannot listen on port {port}: choose another VITRINE_INGEST__HTTP_PORT") from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="worker-http", daemon=True)
    thread.start()
    try:
        yield ready
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(metrics: Collector, ready: threading.Event) -> type[BaseHTTPRequestHandler]:
    def answer(path: str) -> tuple[HTTPStatus, str, bytes]:
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(metrics)
        if path == "/livez":
            return HTTPStatus.OK, _JSON, b'{"status": "alive"}'
        if path == "/readyz" and ready.is_set():
            return HTTPStatus.OK, _JSON, b'{"status": "ready"}'
        if path == "/readyz":
            return HTTPStatus.SERVICE_UNAVAILABLE, _JSON, b'{"status": "starting"}'
        return HTTPStatus.NOT_FOUND, _JSON, json.dumps({"routes": ROUTES}).encode()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            """Answer one of the routes."""
            status, kind, body = answer(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: a probe every few seconds is no news."""

    return Handler
