"""The real thing on a port: `vitrine demo` as a process of its own, asked over HTTP."""

from __future__ import annotations

import http.client
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

HOST = "127.0.0.1"
START_SECONDS = 2_400  # of 400,000 products the graphs are built first
LOOK_SECONDS = 0.01
STOP_SECONDS = 90.0
IDLE_SECONDS = 2.0
MIB = 1024.0
"""KiB, the unit of /proc, in a MiB."""


class Api:
    """One kept-alive connection to the API; every answer is read to its end and must be a 200."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=60)
        self._used_at = time.perf_counter()

    def get(self, path: str) -> bytes:
        """Return the body of a GET; raises RuntimeError unless it is a 200."""
        self._rested()
        self._connection.request("GET", path)
        return self._answer()

    def search(self, body: bytes) -> bytes:
        """Return the body of a search."""
        self._rested()
        self._connection.request("POST", "/v1/search", body, {"content-type": "application/json"})
        return self._answer()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _rested(self) -> None:
        """Begin a new connection where the server may have ended the old one for want of use."""
        now = time.perf_counter()
        if now - self._used_at > IDLE_SECONDS:
            self._connection.close()
        self._used_at = now

    def _answer(self) -> bytes:
        response = self._connection.getresponse()
        body = response.read()
        if response.status != HTTPStatus.OK:
            raise RuntimeError(f"the API answers {response.status}: {body[:500]!r}")
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
