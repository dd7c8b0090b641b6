"""The process is killed at one step of a migration after the other, and goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import httpx

from deploy.processes.migration.control import Refused, ask
from ingest.eventlog import EventLog
from tests.broker import free_ports
from tests.builders import as_bytes, patched, upserted
from tests.deploy.migration.twins import FIRST, NEXT, SECOND
from tests.index import memory_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRODUCTS = 300
WAIT_SECONDS = 30.0
ROOT = Path(__file__).parents[3]


@dataclass
class Mortal:
    """A process that may be killed and started again, on one folder."""

    folder: Path
    zygote: subprocess.Popen[str]
    port: int
    pid: int = 0

    def start(self, text: str = FIRST) -> None:
        """Start the process with the settings of one of the two revisions."""
        self.pid = int(self._said(f"start {self.folder} {text} {self.port}"))

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.ended()

    def ended(self) -> int:
        """Wait for its end and return its exit code."""
        pid, self.pid = self.pid, 0
        return int(self._said(f"reap {pid}"))

    def restart(self, text: str = FIRST) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start(text)
        self.wait(lambda: self.answering() is not None)

    def command(self, name: str, **arguments: object) -> dict[str, Any]:
        """Have the process do something."""
        answer = ask(self.folder / "index", name, arguments)
        assert answer is not None
        return answer

    def phase(self) -> str:
        """Return how far the migration is."""
        return str(self.command("status")["phase"])

    def answering(self) -> str | None:
        """Return which collection answers a search, None while nobody does."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/v1/search", params={"q": "alpha7"}, trust_env=False)
        except httpx.TransportError:
            return None
        if answer.status_code != 200:
            return None
        body = answer.json()
        assert body["hits"][0]["product"]["id"] == "p7"
        return str(body["index"]["collection"])

    def wait(self, holds: Callable[[], bool]) -> None:
        """Return as soon as the condition holds."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < deadline, self.command("status")
            time.sleep(0.02)

    def _said(self, line: str) -> str:
        assert self.zygote.stdin is not None
        assert self.zygote.stdout is not None
        self.zygote.stdin.write(line + "\n")
        self.zygote.stdin.flush()
        return self.zygote.stdout.readline()


@contextmanager
def mortal(told: IO[str]) -> Iterator[Mortal]:
    """Give a process with a filled log; what it says goes to `told`."""
    command = [sys.executable, "-m", "tests.deploy.migration.zygote"]
    pipe = subprocess.PIPE
    with (
        memory_folder() as folder,
        subprocess.Popen(command, text=True, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=told) as zygote,
    ):
        (port,) = free_ports(1)
        process = Mortal(folder, zygote, port)
        log = EventLog(folder / "log")
        log.append((b"p", as_bytes(upserted({"id": f"p{n}", "title": f"alpha{n}"}))) for n in range(PRODUCTS))
        try:
            assert zygote.stdout is not None
            assert zygote.stdout.readline() == "ready\n"
            yield process
        finally:
            log.close()
            process.kill()
            assert zygote.stdin is not None
            zygote.stdin.close()


def test_a_migration_goes_on_after_kill_9_at_any_step(tmp_path: Path) -> None:
    """While it fills, when it is cut over, while it finishes; nothing is lost or done over."""
    with (tmp_path / "told").open("w") as told, mortal(told) as process:
        process.start()
        process.wait(lambda: process.answering() is not None and process.command("status")["phase"] == "none")
        process.wait(lambda: counted(process) == PRODUCTS)
        begun = process.command("begin", models=NEXT)
        source, target = begun["source"], begun["target"]

        process.wait(lambda: process.command("status")["copied"] > 0)
        before = process.command("status")
        process.restart()
        assert before["phase"] == "filling"
        assert process.command("status")["copied"] >= before["copied"], "it goes on by itself"
        process.wait(lambda: process.phase() == "filled")
        status = process.command("status")
        assert status["copied"] == status["points"] == PRODUCTS, "no page was copied twice"

        assert process.command("verify")["ok"]
        process.command("cutover")
        process.restart()
        assert process.answering() == target, "with the settings of the first encoders"
        log = EventLog(process.folder / "log")
        log.append([(b"p7", as_bytes(patched("p7", version=2, price=7.0)))])
        log.close()
        process.command("rollback")
        process.wait(lambda: process.answering() == source)
        process.wait(lambda: price(process) == 7.0)
        process.command("cutover")

        finishing = threading.Thread(target=die_trying, args=(process,))
        finishing.start()
        time.sleep(0.3)  # it waits for those who still read: nothing to wait for here
        process.restart()
        finishing.join()
        assert process.phase() == "cut over"
        assert process.command("finish")["dropped"] == source
        assert price(process) == 7.0

        process.kill()
        process.start(FIRST)
        assert process.ended() == 1
        process.restart(SECOND)
        assert process.answering() == target
        assert price(process) == 7.0
    assert "it was made with VITRINE_ENCODERS__TEXT=second" in (tmp_path / "told").read_text()


def die_trying(process: Mortal) -> None:
    """Ask for the end, which the process does not live to see."""
    with suppress(Refused):
        ask(process.folder / "index", "finish", {})


def counted(process: Mortal) -> int:
    """Return how many products there are."""
    url = f"http://127.0.0.1:{process.port}/v1/search"
    return int(httpx.get(url, params={"limit": 1}, trust_env=False).json()["total"]["value"])


def price(process: Mortal) -> float | None:
    """Return the price of one product as it is served."""
    url = f"http://127.0.0.1:{process.port}/v1/products/p7"
    found: float | None = httpx.get(url, trust_env=False).json()["product"].get("price")
    return found
