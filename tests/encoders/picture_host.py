"""A picture host on a real port, as well or as badly behaved as the path asks for."""

from __future__ import annotations

import gzip
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from tests.builders import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE: Final = jpeg()
PATIENCE_SECONDS: Final = 20


class PictureHost(BaseHTTPRequestHandler):
    """A picture host: the path says how it behaves."""

    asked: Final[list[str]] = []
    over: Final = threading.Event()

    def do_GET(self) -> None:
        """Answer as the path says, until the client has had enough."""
        self.asked.append(self.path)
        with suppress(OSError):
            self._behave(self.path.strip("/").split("/")[0])

    def _behave(self, behaviour: str) -> None:
        if behaviour.isdigit():
            self._answer(int(behaviour), PICTURE)
        elif behaviour == "many":
            self._answer(200, bytes(100_000))
        elif behaviour == "endless":
            self._trickle(bytes(10_000), count=1000, pause_seconds=0)
        elif behaviour == "slow":
            self._trickle(b"x", count=1000, pause_seconds=0.05)
        elif behaviour == "slow-head":
            self._trickle_head(lines=200, pause_seconds=0.1)
        elif behaviour == "silent":
            self.over.wait(PATIENCE_SECONDS)
        elif behaviour == "packed":
            self._answer(200, gzip.compress(bytes(50_000_000)), encoding="gzip")
        elif behaviour == "cut":
            self._answer(200, PICTURE, length=len(PICTURE) + 10)
        else:
            self.wfile.write(b"I do not speak HTTP\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has it so
        """Say nothing."""

    def _answer(self, status: int, body: bytes, *, length: int | None = None, encoding: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if encoding:
            self.send_header("Content-Encoding", encoding)
        if status // 100 == 3:
            self.send_header("Location", "/200")
        self.end_headers()
        self.wfile.write(body)

    def _trickle_head(self, *, lines: int, pause_seconds: float) -> None:
        self.send_response(200)
        for number in range(lines):
            self.send_header(f"X-{number}", "x")
            self.flush_headers()
            if self.over.wait(pause_seconds):
                return

    def _trickle(self, piece: bytes, *, count: int, pause_seconds: float) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(count):
            self.wfile.write(piece)
            if self.over.wait(pause_seconds):
                return


@contextmanager
def running_host() -> Iterator[str]:
    """Run the host on a free port and return its address."""
    PictureHost.over.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), PictureHost)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        PictureHost.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
