"""A picture host on a real port, as well or as badly behaved as the path asks for; and a resolver to go with it."""

from __future__ import annotations

import gzip
import threading
import urllib.parse
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

from encoders.pictures.addresses import AddressRules
from encoders.pictures.decode import PictureLimits
from encoders.pictures.fetch import FetchSettings
from tests.builders import jpeg

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Sequence

PICTURE: Final = jpeg()
PATIENCE_SECONDS: Final = 20
ETAG: Final = '"v1"'
MAX_BYTES: Final = 50_000
LAST_MODIFIED: Final = "Fri, 01 May 2026 10:00:00 GMT"


class _Server(ThreadingHTTPServer):
    """Remembers what it was asked, and how many connections it was asked over."""

    request_queue_size = 64

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), _Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.connections = 0
        self.held = 0
        self.over = threading.Event()
        self.released = threading.Event()
        self.lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients hang up here as they like."""


class _Handler(BaseHTTPRequestHandler):
    """The path says how it behaves."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        """Count the connection."""
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def do_GET(self) -> None:
        """Answer as the path says, until the client has had enough."""
        self.server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        with suppress(OSError):
            path, _, query = self.path.partition("?")
            behaviour, _, argument = path.strip("/").partition("/")
            if behaviour.isdigit():
                self._answer(int(behaviour), PICTURE)
            else:
                self._behaviours().get(behaviour, self._rubbish)(urllib.parse.unquote(query) or argument)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has it so
        """Say nothing."""

    def _behaviours(self) -> dict[str, Callable[[str], None]]:
        return {
            "many": lambda _: self._answer(200, bytes(100_000)),
            "endless": lambda _: self._trickle(bytes(10_000), count=1000, pause_seconds=0),
            "slow": lambda _: self._trickle(b"x", count=1000, pause_seconds=0.05),
            "slow-head": lambda _: self._trickle_head(lines=200, pause_seconds=0.1),
            "silent": lambda _: self._silent(),
            "packed": lambda _: self._answer(200, gzip.compress(bytes(50_000_000)), content_encoding="gzip"),
            "packed-way": lambda _: self._answer(200, b"", transfer_encoding="gzip"),
            "cut": lambda _: self._answer(200, PICTURE, content_length=str(len(PICTURE) + 10)),
            "surplus": lambda _: self._answer(200, PICTURE, content_length=str(len(PICTURE) - 10)),
            "close": lambda _: self._answer(200, PICTURE, connection="close"),
            "to": lambda where: self._answer(302, b"", location=where),
            "round": lambda left: self._round(int(left)),
            "nowhere": lambda _: self._answer(302, b""),
            "cached": lambda _: self._cached(),
            "busy": lambda wait: self._answer(429, b"", retry_after=wait),
            "away": lambda wait: self._answer(503, b"", retry_after=wait),
            "hold": lambda _: self._hold(),
        }

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"content_length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        if "content_length" in headers:
            self.close_connection = True

    def _rubbish(self, _argument: str) -> None:
        self.wfile.write(b"I do not speak HTTP\r\n\r\n")
        self.close_connection = True

    def _silent(self) -> None:
        self.server.over.wait(PATIENCE_SECONDS)
        self.close_connection = True

    def _round(self, left: int) -> None:
        if left:
            self._answer(301, b"", location=f"/round/{left - 1}")
        else:
            self._answer(200, PICTURE)

    def _cached(self) -> None:
        status = 304 if self.headers["if-none-match"] == ETAG else 200
        self._answer(status, PICTURE if status == 200 else b"", etag=ETAG, last_modified=LAST_MODIFIED)

    def _hold(self) -> None:
        with self.server.lock:
            self.server.held += 1
        self.server.released.wait(PATIENCE_SECONDS)
        self._answer(200, PICTURE)

    def _trickle_head(self, *, lines: int, pause_seconds: float) -> None:
        self.close_connection = True
        self.send_response(200)
        for number in range(lines):
            self.send_header(f"X-{number}", "x")
            self.flush_headers()
            if self.server.over.wait(pause_seconds):
                return

    def _trickle(self, piece: bytes, *, count: int, pause_seconds: float) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(count):
            self.wfile.write(piece)
            if self.server.over.wait(pause_seconds):
                return


@dataclass(frozen=True, slots=True)
class PictureHost:
    """A host that runs."""

    server: _Server
    scheme: str = "http"

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://{self.server.server_address[0]!s}:{self.port}"

    @property
    def asked(self) -> list[str]:
        """The paths it was asked for."""
        return [path for path, _ in self.server.asked]

    @property
    def headers(self) -> dict[str, str]:
        """What came with the last request, names in small letters."""
        return self.server.asked[-1][1]

    def rules(self, *networks: str) -> AddressRules:
        """Return rules that let this host through; `networks` instead of its own address."""
        own = str(self.server.server_address[0])
        return AddressRules(tuple(map(ip_network, networks or (own,))), frozenset({80, 443, self.port}))


def settings(host: PictureHost, *, timeout_seconds: float = PATIENCE_SECONDS) -> FetchSettings:
    """Return settings of low limits that let this host through."""
    return FetchSettings(
        timeout_seconds=timeout_seconds,
        limits=PictureLimits(max_bytes=MAX_BYTES),
        max_redirects=3,
        addresses=host.rules(),
    )


@contextmanager
def running_host(address: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> Iterator[PictureHost]:
    """Run a host on a free port."""
    server = _Server(address)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield PictureHost(server, "https" if tls else "http")
    finally:
        server.over.set()
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(slots=True)
class Names:
    """A resolver whose answer to each question is the next of a list, the last for ever."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:  # noqa: ARG002 - a resolver is asked so
        """Answer."""
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise OSError(f"nobody knows {host}")
        return answer
