"""`vitrine search serve` by itself, ended by SIGTERM under load: whoever honours readiness has no request failed."""

from __future__ import annotations

import json
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from tests.broker import free_ports
from tests.builders import bare
from tests.forks import Command, forked, without_settings
from tests.index import memory_folder
from tests.logs import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.forks import Child

CLIENTS = 4
LOOK_SECONDS = 0.1
DRAIN_SECONDS = 1.0
LOADED_SECONDS = 0.5
START_SECONDS = 60.0
END_SECONDS = 20.0


@dataclass
class Proxy:
    """Clients that ask all the time, and none of them while /readyz has not said 200 when it was looked at last."""

    url: str
    is_ready: bool = False
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Ask whether the process is ready, again and again."""
        with httpx.Client(trust_env=False, timeout=10) as http:
            while not self.over.is_set():
                self.is_ready = self._readiness(http)
                self.over.wait(LOOK_SECONDS)

    def ask(self) -> None:
        """Search while it is."""
        with httpx.Client(trust_env=False, timeout=10) as http:
            while not self.over.is_set():
                if self.is_ready:
                    self._search(http)
                else:
                    self.over.wait(LOOK_SECONDS / 10)

    def _readiness(self, http: httpx.Client) -> bool:
        try:
            return http.get(f"{self.url}/readyz").is_success
        except httpx.TransportError:
            return False

    def _search(self, http: httpx.Client) -> None:
        try:
            answer = http.get(f"{self.url}/v1/search", params={"q": "boot"})
        except httpx.TransportError as error:
            self.failed.append(repr(error))
            return
        if answer.is_success and [hit["product"]["id"] for hit in answer.json()["hits"]] == ["boot"]:
            self.answered += 1
        else:
            self.failed.append(f"{answer.status_code}: {answer.text[:200]}")


def vitrine(folder: Path, *arguments: str, port: int) -> Child:
    """Start a command on the index in a folder."""
    settings = {
        "VITRINE_QDRANT__PATH": str(folder / "index"),
        "VITRINE_API__PORT": str(port),
        "VITRINE_API__DRAIN_SECONDS": str(DRAIN_SECONDS),
    }
    log = folder / "log"
    return forked(Command(arguments, folder, without_settings() | settings, log, log))


@contextmanager
def asking(proxy: Proxy) -> Iterator[None]:
    """Have clients ask until the block ends."""
    threads = [threading.Thread(target=proxy.look)]
    threads += [threading.Thread(target=proxy.ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        proxy.over.set()
        for thread in threads:
            thread.join()


def test_sigterm_under_load_fails_no_request() -> None:
    """It is answered for while it drains, ends by itself with code 0, and nobody was refused."""
    (port,) = free_ports(1)
    proxy = Proxy(f"http://127.0.0.1:{port}")
    with memory_folder() as folder:
        (folder / "shop.jsonl").write_text(json.dumps(bare("boot", title="A boot")) + "\n", encoding="utf-8")
        loaded = vitrine(folder, "ingest", "load", "shop.jsonl", "--to", "index", port=port)
        assert loaded.wait(START_SECONDS) == 0, (folder / "log").read_text()
        process = vitrine(folder, "search", "serve", port=port)
        try:
            with asking(proxy):
                wait_until(lambda: proxy.answered > CLIENTS, "the first answers")
                time.sleep(LOADED_SECONDS)
                before = proxy.answered
                process.send_signal(signal.SIGTERM)
                code = process.wait(END_SECONDS)
        finally:
            process.kill()

    assert proxy.failed == []
    assert code == 0
    assert proxy.answered > before, "it goes on while it drains"
    assert not proxy.is_ready
