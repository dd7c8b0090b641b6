"""What is to be put onto a log, before the log has given it a place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A key, a value and headers; without `timestamp_ms` (epoch, milliseconds) the log takes the present time."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp_ms: int | None = None
