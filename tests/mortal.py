"""The parts of the loop, each of which may die before or after its numbered step, or stand still there for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.errors import BrokerUnavailable
from ingest.encoding import Encoding
from ingest.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from catalog.engine import Engine
    from catalog.points import Stored
    from ingest.merge import Change
    from ingest.point_writes import PointWrite
    from ingest.source import DeadLetter, DeadLetterSink, Record, Source

STEPS = (
    "1 polled",
    "2 decoded",
    "3 read",
    "4 merged",
    "5 encoded",
    "6 half written",
    "6 written",
    "7 sent nothing",
    "7 sent",
    "8 committed nothing",
    "8 committed",
)
"""The steps of `ingest/consumer.py`; 2 and 4 are pure, so that dying there is dying before the next one begins."""


class Crash(BaseException):
    """The process is gone: no error but a power cut, so nothing that catches errors may live on."""


def crash() -> None:
    """Die, as far as a test in one process can."""
    raise Crash


@dataclass
class Fate:
    """At which step something befalls the process next, by default its death.

    `outages` is how often the dead letters' log is away first.
    """

    step: str | None = None
    befalls: Callable[[], None] = crash
    outages: int = 0

    def at(self, step: str) -> None:
        """Let it happen here if it is time."""
        if self.step == step:
            self.step = None
            self.befalls()


@dataclass
class MortalSource:
    """A source that may die around its calls; `lost`: its partition is another's now, which commits for itself."""

    inner: Source
    fate: Fate
    lost: bool = False

    def poll(self) -> Sequence[Record]:
        """Read."""
        batch = self.inner.poll()
        if batch:
            self.fate.at("1 polled")
        return batch

    def commit(self, records: Sequence[Record]) -> None:
        """Commit."""
        self.fate.at("8 committed nothing")
        if not self.lost:
            self.inner.commit(records)
        self.fate.at("8 committed")

    def lag(self) -> Mapping[int, int]:
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
        self.fate.at("7 sent nothing")
        self.inner.send(letters)
        self.fate.at("7 sent")

    def close(self) -> None:
        """Free everything."""
        self.inner.close()


class MortalEncoding(Encoding):
    """An encoding that may die around its work."""

    def __init__(self, *arguments: Any, fate: Fate, **options: Any) -> None:  # noqa: ANN401 - passed on as they are
        super().__init__(*arguments, **options)
        self._fate = fate

    def parts(self, changes: Sequence[Change]) -> Iterator[list[PointWrite]]:
        """Encode."""
        self._fate.at("4 merged")
        for writes in super().parts(changes):
            self._fate.at("5 encoded")
            yield writes


class MortalStore(Store):
    """A store that may die around its calls."""

    def __init__(self, engine: Engine, collection: str, fate: Fate) -> None:
        super().__init__(engine, collection)
        self._fate = fate

    def read(self, product_ids: Sequence[str]) -> dict[str, Stored]:
        """Read."""
        self._fate.at("2 decoded")
        stored = super().read(product_ids)
        self._fate.at("3 read")
        return stored

    def write(self, writes: Sequence[PointWrite]) -> set[str]:
        """Write, all of it or before death only the first half."""
        if self._fate.step == "6 half written":
            super().write(writes[: len(writes) // 2])
        self._fate.at("6 half written")
        raced = super().write(writes)
        self._fate.at("6 written")
        return raced
