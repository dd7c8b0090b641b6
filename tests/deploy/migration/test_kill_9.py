"""The process is killed at one step of a migration after the other, and goes on where it was."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from deploy.processes.migration.control import Refused, ask
from ingest.eventlog import EventLog
from tests.broker import free_ports
from tests.builders import as_bytes, patched, upserted
from tests.deploy.migration import killable
from tests.deploy.migration.twins import FIRST, NEXT, SECOND
from tests.forks import running
from tests.index import memory_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.forks import Forked

PRODUCTS = 300
WAIT_SECONDS = 30.0


@dataclass
class Mortal:
    """A process that may be killed and started again, on one folder."""

    folder: Path
    told: Path
    port: int
    process: Forked | None = None

    def start(self, text: str = FIRST) -> None:
        """Start the process with the settings of one of the two revisions."""
        self.process = running(partial(killable.run, self.folder, text, self.port), self.told, self.told)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.ended()

    def ended(self) -> int:
        """Wait for its end and return its exit code."""
        process, self.process = self.process, None
        assert process is not None
        return process.wait(WAIT_SECONDS)

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


@contextmanager
def mortal(told: Path) -> Iterator[Mortal]:
    """Give a process with a filled log; what it says goes to `told`."""
    with memory_folder() as folder:
        (port,) = free_ports(1)
        process = Mortal(folder, told, port)
        log = EventLog(folder / "log")
        log.append((b"p", as_bytes(upserted({"id": f"p{n}", "title": f"alpha{n}"}))) for n in range(PRODUCTS))
        try:
            yield process
        finally:
            log.close()
            process.kill()


@pytest.mark.long
def test_a_migration_goes_on_after_kill_9_at_any_step(tmp_path: Path) -> None:
    """While it fills, when it is cut over, while it finishes; nothing is lost or done over."""
    with mortal(tmp_path / "told") as process:
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
