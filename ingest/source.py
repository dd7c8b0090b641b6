"""Where events come from: a record as it lay on the log, and the one interface of all sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BATCH_RECORDS: Final = 512
"""How many records are worked on at once where that many wait: between two batches nothing is encoded for 0.1 s."""
PROCESSING_FAILED: Final = "processing_failed"
_ERROR_CHARS: Final = 300
"""What an error says goes along with the dead letter, which must not outgrow what its topic takes."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a log, untouched: what a dead letter must give back byte for byte.

    `timestamp_ms` is the record's own time (epoch, milliseconds), used where an event has none.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Source(Protocol):
    """A log of events read in order per partition, from where this group's last commit left off."""

    def poll(self) -> Sequence[Record]:
        """Return the next batch, in order per partition; empty when nothing came within the source's waiting time.

        Blocks for at most about a second. Calling it again without `commit` goes on after the last batch.
        Raises `BrokerUnavailable` in an outage: wait and call again, nothing is lost.
        """
        ...

    def commit(self, records: Sequence[Record]) -> None:
        """Note durably that everything up to and including `records` needs no second reading.

        Returning means the log has it, or that the partition now belongs to another worker, which will read
        these records again. Raises `BrokerUnavailable` in an outage: call again with the same records.
        """
        ...

    def lag(self) -> Mapping[int, int]:
        """Records on the log behind the last commit, by partition that this source holds; never blocks for long."""
        ...

    def close(self) -> None:
        """Leave the group and free everything; commits nothing on its own."""
        ...


class DeadLetterSink(Protocol):
    """Where records go that no retry can make right."""

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Keep the letters durably; returning means acknowledged. Raises `BrokerUnavailable` in an outage."""
        ...

    def close(self) -> None:
        """Free everything; whatever `send` returned for is safe."""
        ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that was refused: `reason` is a short countable word, `error` a sentence that says what to change."""

    record: Record
    reason: str
    error: str

    @classmethod
    def of_failure(cls, record: Record, error: Exception) -> DeadLetter:
        """Return the letter of a record that the pipeline itself fails on: a bug of ours, not a fault of the event."""
        return cls(record, PROCESSING_FAILED, failure_text(error))

    def headers(self) -> tuple[tuple[str, bytes | None], ...]:
        """Return the original headers and, after them, where the record came from and why it was refused."""
        origin = {
            "vitrine-reason": self.reason,
            "vitrine-error": self.error,
            "vitrine-topic": self.record.topic,
            "vitrine-partition": str(self.record.partition),
            "vitrine-offset": str(self.record.offset),
        }
        return (*self.record.headers, *((name, value.encode()) for name, value in origin.items()))


def failure_text(error: Exception) -> str:
    """Return what is kept of an error that the pipeline itself raised."""
    return f"{type(error).__name__}: {error}"[:_ERROR_CHARS]
