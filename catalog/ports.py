"""What one package needs of another without importing it; each is handed over in `deploy/processes/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event was not taken: `reason` is a short countable word, `detail` a sentence that says what to change."""

    reason: str
    detail: str


class EventSink(Protocol):
    """The log that events are appended to, for whoever has no Kafka of his own to write to."""

    def append(self, events: Sequence[bytes]) -> list[Refusal | None]:
        """Judge each event as the worker will, append the good ones in order, and answer each: None for appended.

        `events` are JSON in UTF-8, one event each. Returning means that the log has the good ones durably. Blocks for
        up to a quarter of a minute; one call at a time. Raises `Unavailable` in an outage, with any part of them
        appended: sending all of them again is harmless, since they carry versions.
        """
        ...

    def close(self) -> None:
        """Free everything; what `append` returned for is safe."""
        ...
