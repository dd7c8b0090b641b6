"""Events that come another way than the log are judged as the worker will judge them, then appended to the log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from catalog.ports import Refusal
from ingest.debezium import DebeziumReading
from ingest.decode import decode
from ingest.message import Message
from ingest.source import Record
from ingest.tracing import trace_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOO_LARGE: Final = Refusal("too_large", "the event is larger than the topic takes: give pictures as URLs")
_NO_PARTITION: Final = -1
_PLAIN_TABLES: Final = DebeziumReading()


class JudgedEvents:
    """An `EventSink` over a log.

    `deliver` puts messages onto the log, durably once it returns, and returns those that are too large for it;
    `tables` says how Debezium's rows are read, as the worker does.
    """

    def __init__(
        self,
        deliver: Callable[[Sequence[Message]], list[Message]],
        close: Callable[[], None],
        tables: DebeziumReading = _PLAIN_TABLES,
    ) -> None:
        self._deliver = deliver
        self._close = close
        self._tables = tables

    def append(self, events: Sequence[bytes]) -> list[Refusal | None]:
        """See `EventSink`; what the log raises in an outage goes through."""
        now_ms = time.time_ns() // 1_000_000
        judged = [self._judged(event, now_ms) for event in events]
        good = [one for one in judged if isinstance(one, Message)]
        too_large = set(self._deliver(good)) if good else set()
        return [one if isinstance(one, Refusal) else TOO_LARGE if one in too_large else None for one in judged]

    def close(self) -> None:
        """See `EventSink`."""
        self._close()

    def _judged(self, event: bytes, now_ms: int) -> Message | Refusal:
        batch = decode([Record("events", _NO_PARTITION, 0, now_ms, None, event)], self._tables)
        for letter in batch.rejects:
            return Refusal(letter.reason, letter.error)
        return Message(batch.events[0].product_id.encode(), event, trace_headers())
