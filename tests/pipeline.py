"""The ingest loop on the real engine, put together for tests, with small typed stand-ins at its two ends."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from qdrant_client.http.exceptions import ResponseHandlingException

from catalog.embedded import EmbeddedClient
from catalog.points import Stored
from encoders.fakes import ColourPictureEncoder, HashingTextEncoder, fake_encoders
from encoders.interface import Encoders
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from encoders.sparse import Bm25Encoder
from ingest.consumer import Consumer
from ingest.encoding import Encoding
from ingest.merge import Change
from ingest.metrics import IngestMetrics
from tests.builders import SKU, JsonObject, as_event, product, upserted
from tests.states import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from encoders.interface import PictureEncoder, TextEncoder
    from ingest.encoding_cache import EncodingCache
    from ingest.point_writes import PointWrite
    from ingest.source import DeadLetter, DeadLetterSink, Record, Source
    from ingest.store import Store


class FlakyEngine(EmbeddedClient):
    """An engine that is away for the next `outages` calls that read or write points, as a server would be."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        self.outages = 0
        self.requests = 0

    def retrieve(self, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - passed on as it is
        """Read, or be away."""
        self._maybe_away()
        return super().retrieve(*arguments, **keywords)

    def batch_update_points(self, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401
        """Write, or be away."""
        self._maybe_away()
        self.requests += 1
        return super().batch_update_points(*arguments, **keywords)

    def _maybe_away(self) -> None:
        if self.outages:
            self.outages -= 1
            raise ResponseHandlingException(httpx.ConnectError("Connection refused"))


@dataclass
class ListSource:
    """A `Source` over batches held in memory."""

    batches: list[list[Record]]
    journal: list[str] = field(default_factory=list)
    polled: list[Record] = field(default_factory=list)
    committed: list[Record] = field(default_factory=list)

    def poll(self) -> Sequence[Record]:
        """Return the next batch, empty behind the last."""
        self.journal.append("poll")
        batch = self.batches.pop(0) if self.batches else []
        self.polled.extend(batch)
        return batch

    def commit(self, records: Sequence[Record]) -> None:
        """Remember everything up to these records as committed."""
        self.journal.append("commit")
        self.committed = self.polled[: 1 + max(map(self.polled.index, records))]

    def lag(self) -> dict[int, int]:
        """Return how many records are left."""
        return {0: sum(map(len, self.batches))}

    def close(self) -> None:
        """Do nothing."""


@dataclass
class ListLetters:
    """A `DeadLetterSink` that keeps what it is sent; it fails with each of `failures` first."""

    journal: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Keep the letters, or fail."""
        self.journal.append("send")
        if self.failures:
            raise self.failures.pop(0)
        self.letters.extend(letters)

    def close(self) -> None:
        """Do nothing."""


def change(before: Stored, *events: JsonObject) -> Change:
    """Return what events make of a product."""
    return Change(before, fold([as_event(event) for event in events], before.state))


@dataclass(frozen=True, slots=True)
class Parts:
    """An encoding over the fake encoders, and what they count."""

    encoding: Encoding
    metrics: IngestMetrics
    text: HashingTextEncoder
    picture: ColourPictureEncoder

    def first(self, **fields: object) -> PointWrite:
        """Return the first write of a product."""
        (write,) = self.encoding.points([change(Stored(SKU), upserted(product(**fields)))])
        return write

    def then(self, write: PointWrite, *events: JsonObject) -> PointWrite:
        """Return the write after further events, the one before having been stored; encoders count from here."""
        self.text.encoded = self.picture.encoded = 0
        (after,) = self.encoding.points([change(replace(write.product, revision=1), *events)])
        return after


def statuses(write: PointWrite) -> list[str]:
    """Return what became of the pictures."""
    return [picture.status for picture in write.product.derived.pictures]


@contextmanager
def new_encoding(
    root: Path | None = None,
    *,
    text: TextEncoder | None = None,
    picture: PictureEncoder | None = None,
    fetcher: PictureFetcher | None = None,
    cache: EncodingCache | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    made: Callable[..., Encoding] = Encoding,
) -> Iterator[Parts]:
    """Put an encoding together; pictures lie below `root`, or come from a fetcher that the test closes."""
    counting = Parts(None, IngestMetrics(), HashingTextEncoder(), ColourPictureEncoder())  # type: ignore[arg-type]
    encoders = Encoders(text=text or counting.text, picture=picture or counting.picture, lexical=Bm25Encoder())
    assert encoders.specs == fake_encoders().specs
    with PictureFetcher(FetchSettings(root, timeout_seconds=1.0)) as own:
        encoding = made(encoders, fetcher or own, counting.metrics, cache=cache, now=now)
        try:
            yield Parts(encoding, counting.metrics, counting.text, counting.picture)
        finally:
            encoding.close()


def consumer_of(
    parts: Parts,
    store: Store,
    source: Source,
    letters: DeadLetterSink,
    stopping: threading.Event | None = None,
    *,
    commit_seconds: float = 0.0,
) -> Consumer:
    """Put the loop together."""
    return Consumer(
        source=source,
        store=store,
        encoding=parts.encoding,
        dead_letters=letters,
        metrics=parts.metrics,
        stopping=stopping or threading.Event(),
        commit_seconds=commit_seconds,
    )
