"""The two ends of the loop, which die when they are told to: a process that crashes at a chosen step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.errors import BrokerUnavailable
from ingest.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.embedded import EmbeddedClient
    from catalog.points import Stored
    from ingest.source import DeadLetter, DeadLetterSink, Record, Source
    from ingest.store import PointWrite

STEPS = ("poll", "read", "written nothing", "written", "sent nothing", "sent", "committed nothing", "committed")


class Crash(Exception):  # noqa: N818 - no error but a power cut
    """The process is gone."""


@dataclass
class Fate:
    """Where the process dies next, and how often the dead letters' log is away first."""

    step: str | None = None
    outages: int = 0

    def at(self, step: str) -> None:
        """Die here if it is time."""
        if self.step == step:
            self.step = None
            raise Crash


@dataclass
class MortalSource:
    """A source that may die around its calls."""

    inner: Source
    fate: Fate

    def poll(self) -> Sequence[Record]:
        """Read."""
        batch = self.inner.poll()
        self.fate.at("poll")
        return batch

    def commit(self, records: Sequence[Record]) -> None:
        """Commit."""
        self.fate.at("committed nothing")
        self.inner.commit(records)
        self.fate.at("committed")

    def lag(self) -> int:
        """Return what is left."""
        return self.inner.lag()

    def close(self) -> None:
        """Free everything."""
        self.inner.close()


@dataclass
class MortalLetters:
    """A dead-letter sink that may die around its calls, and may be away."""

    inner: DeadLetterSink
    fate: Fate

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Send."""
        if self.fate.outages:
            self.fate.outages -= 1
            raise BrokerUnavailable("away")
        self.fate.at("sent nothing")
        self.inner.send(letters)
        self.fate.at("sent")

    def close(self) -> None:
        """Free everything."""
        self.inner.close()


class MortalStore(Store):
    """A store that may die around its calls."""

    def __init__(self, engine: EmbeddedClient, collection: str, fate: Fate) -> None:
        super().__init__(engine, collection)
        self._fate = fate

    def read(self, product_ids: Sequence[str]) -> dict[str, Stored]:
        """Read."""
        self._fate.at("read")
        return super().read(product_ids)

    def write(self, writes: Sequence[PointWrite]) -> set[str]:
        """Write, all of it or before death only the first half."""
        if self._fate.step == "written nothing":
            super().write(writes[: len(writes) // 2])
        self._fate.at("written nothing")
        raced = super().write(writes)
        self._fate.at("written")
        return raced
