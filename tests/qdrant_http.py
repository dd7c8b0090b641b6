"""A real HTTP server that gives the answers it is told to, as Qdrant's REST does: what we send, what we make of them.

It knows nothing of vectors: what an engine does is for the contracts to ask, on the embedded one and on a server.
"""

from __future__ import annotations

import json
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.certificates import Certificate


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: `what` is its method and path; the body as JSON where it is that."""

    what: str
    query: dict[str, str]
    key: str | None
    body: Any


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is no result."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Qdrant:
    """Where it listens, and what it was asked. `results` are by method and path: values, or functions of a request."""

    url: str
    results: dict[str, Any]
    asked: list[Asked] = field(default_factory=list)
    version: str = "1.18.0"
    otherwise: Raw = Raw(404, b'{"status": {"error": "Not found"}, "time": 0.0}')

    def bodies(self, what: str) -> list[Any]:
        """Return the bodies of all requests of a kind."""
        return [one.body for one in self.asked if one.what == what]

    def answer(self, asked: Asked) -> Raw:
        """Return the answer to a request."""
        self.asked.append(asked)
        if asked.what == "GET /":
            return Raw(200, json.dumps({"title": "qdrant", "version": self.version}).encode())
        result = self.results.get(asked.what, self.otherwise)
        found = result(asked) if callable(result) else result
        if isinstance(found, Raw):
            return found
        return Raw(200, json.dumps({"result": found, "status": "ok", "time": 0.0}).encode())


@contextmanager
def qdrant(results: dict[str, Any], certificate: Certificate | None = None) -> Iterator[Qdrant]:
    """Serve until the block ends, over TLS where there is a certificate."""
    served = Qdrant("", results)
    with _Server(("127.0.0.1", 0), _handler(served.answer)) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        served.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of handshakes that fail."""


def _handler(answer: Callable[[Asked], Raw]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            is_json = (self.headers["Content-Type"] or "").startswith("application/json")
            sent = json.loads(body) if is_json and body else body
            raw = answer(Asked(f"{self.command} {parts.path}", query, self.headers["api-key"], sent))
            self.send_response(raw.status)
            for name, value in {"Content-Type": "application/json", **raw.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw.body)))
            self.end_headers()
            self.wfile.write(raw.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names of the standard library

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    return Handler
