"""`vitrine demo` as a shop would start it: a process of its own, asked over HTTP, ended as a power cut would."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from tests.broker import free_ports
from tests.forks import Command, forked, without_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Self

    from tests.forks import Child

PATIENCE_SECONDS = 120.0
STOP_SECONDS = 20.0
PAGE = 100


@dataclass
class Demo:
    """The demo on `data`, with further arguments and settings; it may be killed and started again.

    `launch` makes the process, `log` is where it writes to, by default beside the data.
    """

    data: Path
    arguments: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=lambda: free_ports(1)[0])
    launch: Callable[[Command], Child] = forked
    log: Path | None = None
    _process: Child | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start the process; it takes requests some seconds later."""
        arguments = ["demo", "--no-open", "--data", str(self.data), "--port", str(self.port), *self.arguments]
        environment = without_settings() | dict(self.settings)
        self._process = self.launch(Command(arguments, self.data, environment, self._log, self._log))

    def kill(self) -> None:
        """End the process at once, as kill -9 does."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def stop(self) -> int:
        """End the process as Ctrl-C in a terminal does, and return its exit code."""
        self.tell(signal.SIGINT)
        return self.ended()

    def tell(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def ended(self) -> int:
        """Wait until the process has ended, and return its exit code."""
        assert self._process is not None
        code = self._process.wait(STOP_SECONDS)
        self._process = None
        return code

    def get(self, path: str, **parameters: str | float | bool) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON at a path, None while the process does not take requests or what it serves is not ready."""
        return self._json("GET", path, params=parameters)

    def search(self, **request: object) -> Any:  # noqa: ANN401 - JSON
        """Return the answer to a search."""
        return self._json("POST", "/v1/search", json=request)

    def found(self, **request: object) -> list[str]:
        """Return the ids that a search finds, best first."""
        answer = self.search(**request)
        assert answer is not None, self.told()
        return [hit["product"]["id"] for hit in answer["hits"]]

    def browsed(self, **request: object) -> list[str]:
        """Return the ids of all products that a filter lets through, page by page."""
        ids: list[str] = []
        for page in range(1, 20):
            found = self.found(limit=PAGE, page=page, **request)
            ids += found
            if len(found) < PAGE:
                break
        return ids

    def total(self) -> int:
        """Return how many products there are, 0 while nobody can tell."""
        answer = self.search(limit=1)
        return int(answer["total"]["value"]) if answer else 0

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        """Return as soon as the condition holds; fail where the process ends, or after two minutes."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert self._process is not None
            assert self._process.poll() is None, f"vitrine demo ended: {self.told()}"
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.told()}"
            time.sleep(0.2)

    def told(self) -> str:
        """Return the end of what the process wrote."""
        return self._log.read_text(errors="replace")[-3000:]

    @property
    def _log(self) -> Path:
        return self.log or self.data / "demo.log"

    def _json(self, method: str, path: str, **how: Any) -> Any:  # noqa: ANN401
        try:
            answer = httpx.request(method, f"http://127.0.0.1:{self.port}{path}", timeout=10.0, trust_env=False, **how)
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None
