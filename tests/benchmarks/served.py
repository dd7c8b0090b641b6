"""The real thing on a port: `vitrine demo` as a process of its own, asked over HTTP."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

HOST = "127.0.0.1"
START_SECONDS = 2_400  # of 400,000 products the graphs are built first
LOOK_SECONDS = 0.01
STOP_SECONDS = 90.0
IDLE_SECONDS = 2.0
ANSWER_SECONDS = 60.0
MIB = 1024.0
"""KiB, the unit of /proc, in a MiB."""


class Api:
    """One kept-alive connection to the API; every answer is read to its end and must be a 200.

    A request leaves in one piece and nothing of the answer's head is looked at but two lines: what is measured with it
    is the API. `http.client` sends a body after its head and reads heads as those of mails, 0.2 to 0.3 ms of a search.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: socket.socket | None = None
        self._answers: BufferedReader | None = None
        self._used_at = 0.0

    def get(self, path: str) -> bytes:
        """Return the body of a GET; raises RuntimeError unless it is a 200, OSError where nobody answers."""
        return self._ask(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())

    def search(self, body: bytes) -> bytes:
        """Return the body of a search; raises what `get` raises."""
        head = f"POST /v1/search HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        return self._ask(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def close(self) -> None:
        """Close the connection."""
        for end in (self._answers, self._connection):
            if end is not None:
                end.close()
        self._connection = self._answers = None

    def _ask(self, request: bytes) -> bytes:
        now = time.perf_counter()
        if now - self._used_at > IDLE_SECONDS:  # the server may have ended the connection for want of use
            self.close()
        self._used_at = now
        if self._connection is None or self._answers is None:
            self._connection = socket.create_connection((HOST, self._port), timeout=ANSWER_SECONDS)
            self._answers = self._connection.makefile("rb")
        self._connection.sendall(request)
        return _read(self._answers)


def _read(answers: BufferedReader) -> bytes:
    status, length = answers.readline(), 0
    if not status:
        raise ConnectionError("the API ended the connection without an answer")
    while line := answers.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    body = answers.read(length)
    if int(status.split()[1]) != HTTPStatus.OK:
        raise RuntimeError(f"the API answers {status!r}: {body[:500]!r}")
    return body


@dataclass(frozen=True, slots=True)
class Served:
    """A running demo: where it answers, and how long it took from the start of the process to ready."""

    port: int
    pid: int
    ready_seconds: float

    def memory_mib(self, field: str = "VmRSS") -> float | None:
        """Return its resident memory, or with `VmHWM` the most it ever had; None where there is no /proc."""
        status = Path(f"/proc/{self.pid}/status")
        found = re.search(rf"{field}:\s+(\d+) kB", status.read_text()) if status.exists() else None
        return float(found[1]) / MIB if found else None


@contextmanager
def demo(data: Path, images: Path, *options: str) -> Iterator[Served]:
    """Run `vitrine demo` on a data folder until the block ends; raises RuntimeError if it does not get ready."""
    port = _free_port()
    command = [str(Path(sys.executable).with_name("vitrine")), "demo", "--data", str(data), "--port", str(port)]
    start = time.perf_counter()
    with (data / "demo.log").open("ab") as output:
        process = subprocess.Popen(
            [*command, "--no-open", *options],
            stdout=output,
            stderr=output,
            cwd=data,
            env=os.environ | {"VITRINE_IMAGES__ROOT": str(images)},
        )
    try:
        _wait_until_ready(process, port, data / "demo.log")
        yield Served(port, process.pid, time.perf_counter() - start)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def search_body(**request: object) -> bytes:
    """Return the JSON of a search."""
    return json.dumps(request).encode()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.perf_counter() + START_SECONDS
    while time.perf_counter() < deadline and process.poll() is None:
        api = Api(port)
        try:
            api.get("/readyz")
        except (OSError, RuntimeError):  # not listening yet, or not ready yet
            time.sleep(LOOK_SECONDS)
        else:
            return
        finally:
            api.close()
    raise RuntimeError(f"the demo did not become ready: {log.read_text()[-2_000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
