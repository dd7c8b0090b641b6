"""The end of a process that serves: not ready first, and gone only when nobody sends to it any more."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


class DrainingServer(uvicorn.Server):
    """At SIGTERM it calls `leave` and serves on for `drain_seconds`, in which proxies see that it is not ready.

    Then it takes no more connections, and ends when the requests under way have their answers. A second signal, or
    SIGINT (a person at a terminal), ends the wait.
    """

    def __init__(self, config: uvicorn.Config, *, leave: Callable[[], None], drain_seconds: float) -> None:
        super().__init__(config)
        self._leave = leave
        self._drain_seconds = drain_seconds
        self._draining: threading.Timer | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal, as uvicorn calls this."""
        self._leave()
        if sig == signal.SIGTERM and self._draining is None and self._drain_seconds and self.started:
            self._draining = threading.Timer(self._drain_seconds, self._end)
            self._draining.daemon = True
            self._draining.start()
            return
        if self._draining is not None:
            self._draining.cancel()
        super().handle_exit(sig, frame)

    def _end(self) -> None:
        self.should_exit = True
