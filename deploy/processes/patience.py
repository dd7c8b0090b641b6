"""uvicorn's HTTP with an end to its patience: a head has a deadline and a size, and a bad one a problem."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

MAX_HEAD_BYTES: Final = 64 * 2**10
"""Of a head, and of the trailers behind a body; what one reading of the socket brings may come on top."""


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose next head is not complete in `head_seconds`, or grows beyond all measure.

    uvicorn itself closes one that is silent between two requests, after much longer: the first byte of the next begins
    the deadline of its head. The time and the size of a body are for `search/middleware.py` to limit, where there is an
    answer to give.
    """

    head_seconds = 10.0
    _in_head = True
    _waiting: asyncio.TimerHandle | None = None
    _fruitless_bytes = 0  # since a head was complete or a piece of a body came

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on, unless headers come without end."""
        if self._waiting is None and self._is_idle():
            self._wait()
        self._fruitless_bytes += len(data)
        super().data_received(data)
        if self._fruitless_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            if self._waiting is None:  # trailers: an answer is on its way
                self.transport.close()
            else:
                detail = f"the head of the request is larger than the limit of {MAX_HEAD_BYTES:,} bytes"
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail)

    def on_message_begin(self) -> None:
        """Begin with a head."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the head; one behind the body would come among them, and perhaps before they are read."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the waiting: from here on the app has the request."""
        self._stop_waiting()
        self._in_head = False
        self._fruitless_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._fruitless_bytes = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Wait for the rest of a body that the answer did not wait for, or of a head that has begun already."""
        super().on_response_complete()
        if self._is_idle() and (self._in_head or self.cycle.more_body):
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP, and close."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        said = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
        body = json.dumps(said | {"errors": []})
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}",
            "content-type: application/problem+json",
            f"content-length: {len(body)}",
            "connection: close",
        )
        self.transport.write("\r\n".join([*head, "", body]).encode("ascii"))
        self.transport.close()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        self._stop_waiting()
        self._fruitless_bytes = 0
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
