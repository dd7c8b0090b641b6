"""A deadline for the head of a request: what uvicorn lacks, so that a client that trickles holds no socket for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose next head is not complete in `head_seconds`.

    uvicorn itself closes one that is silent between two requests; the first byte of the next ends that, for good. The
    time that a body may take is for `search/middleware.py` to limit, where there is an answer to give.
    """

    head_seconds = 10.0
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def on_headers_complete(self) -> None:
        """End the waiting: from here on the app has the request."""
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Wait for the next head, unless it has come already and is being answered."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def patient(head_seconds: float) -> type[PatientProtocol]:
    """Return uvicorn's protocol with this patience."""
    return type("Protocol", (PatientProtocol,), {"head_seconds": head_seconds})
