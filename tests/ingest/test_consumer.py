"""The loop: its steps in order, broken records sent away and the rest applied, races folded again."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import generate_latest

from encoders.fakes import HashingTextEncoder
from ingest.store import Store
from tests.builders import SKU, bare, deleted, patched, product, records, upserted
from tests.pipeline import ListLetters, ListSource, Parts, consumer_of, new_encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.points import Stored
    from encoders.interface import FloatArray
    from ingest.point_writes import PointWrite
    from ingest.source import Record
    from tests.index import Index


class JournalStore(Store):
    """A store that writes down when it is asked."""

    def __init__(self, index: Index, journal: list[str]) -> None:
        super().__init__(index.engine, index.collection)
        self._journal = journal

    def read(self, product_ids: Sequence[str]) -> dict[str, Stored]:
        """Read."""
        self._journal.append("read")
        return super().read(product_ids)

    def write(self, writes: Sequence[PointWrite]) -> set[str]:
        """Write."""
        self._journal.append("write")
        return super().write(writes)


class OvertakenStore(JournalStore):
    """A store that another worker is ahead of, once for each of `ahead`: those are written before our own write."""

    def __init__(self, index: Index, parts: Parts, ahead: list[list[Record]]) -> None:
        super().__init__(index, [])
        self._ahead = ahead
        self._index = index
        self._parts = parts

    def write(self, writes: Sequence[PointWrite]) -> set[str]:
        """Let the other worker go first, then write."""
        if self._ahead:
            consumer_of(self._parts, self._index.store, ListSource([self._ahead.pop(0)]), ListLetters()).turn()
        return super().write(writes)


class WrittenStore(Store):
    """A store that says that it has been asked to write."""

    def __init__(self, index: Index) -> None:
        super().__init__(index.engine, index.collection)
        self.asked = threading.Event()

    def write(self, writes: Sequence[PointWrite]) -> set[str]:
        """Write."""
        self.asked.set()
        return super().write(writes)


class WaitingTextEncoder(HashingTextEncoder):
    """An encoder that begins with its second texts only when the first are being written."""

    def __init__(self, store: WrittenStore) -> None:
        super().__init__()
        self._store = store

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Encode."""
        assert not self.encoded or self._store.asked.wait(10), "nothing is written while something is to be encoded"
        return super().encode_documents(texts)


class StoppingStore(Store):
    """A store whose worker is told to stop while it writes for the first time."""

    def __init__(self, index: Index, stopping: threading.Event) -> None:
        super().__init__(index.engine, index.collection)
        self._stopping = stopping

    def write(self, writes: Sequence[PointWrite]) -> set[str]:
        """Write."""
        self._stopping.set()
        return super().write(writes)


@dataclass
class LastBatch(ListSource):
    """A source whose worker is told to stop while it has the last batch."""

    stopping: threading.Event = field(default_factory=threading.Event)

    def poll(self) -> Sequence[Record]:
        """Return the next batch."""
        batch = super().poll()
        if not self.batches:
            self.stopping.set()
        return batch

    def lag(self) -> dict[int, int]:
        """Be asked by nobody: a group that is just being shared out anew takes seconds to say."""
        raise AssertionError


def test_the_steps_stand_in_order(index: Index, parts: Parts) -> None:
    """Read, merge, encode, write, send away what is broken, and only then commit."""
    source, letters = ListSource([records(upserted(), b"{")]), ListLetters()
    letters.journal = source.journal

    count = consumer_of(parts, JournalStore(index, source.journal), source, letters).turn()

    assert count == 2
    assert source.journal == ["poll", "read", "write", "send", "commit"]


def test_what_is_encoded_is_written_while_the_rest_is_encoded(index: Index) -> None:
    """Of many new products: neither waits for the other to be done with all of them."""
    store = WrittenStore(index)
    batch = records(*(upserted(bare(f"new-{number}", title=f"no. {number}")) for number in range(100)))
    with new_encoding(text=WaitingTextEncoder(store)) as parts:
        consumer_of(parts, store, ListSource([batch]), ListLetters()).turn()

    assert index.engine.count(index.collection).count == len(batch)


def test_an_empty_turn_does_nothing(index: Index, parts: Parts) -> None:
    """Nothing came, so nothing is written and nothing committed."""
    source = ListSource([])

    assert consumer_of(parts, index.store, source, ListLetters()).turn() == 0
    assert source.journal == ["poll"]


def test_what_is_done_is_committed_together(index: Index, parts: Parts) -> None:
    """A broker takes longer for a commit than for a read: one for many batches, the last record of each partition."""
    first, second = records(upserted(), upserted(bare("b"))), records(patched(version=2, price=1))
    source = ListSource([first, second])
    consumer = consumer_of(parts, index.store, source, ListLetters(), commit_seconds=3600)

    for _ in range(3):
        consumer.turn()

    assert source.journal == ["poll", "poll", "poll", "commit"]
    assert source.committed == [*first, *second]


def test_dead_letters_are_committed_at_once(index: Index, parts: Parts) -> None:
    """Read again after a crash, they would be sent a second time."""
    source = ListSource([records(upserted(), b"{")])

    consumer_of(parts, index.store, source, ListLetters(), commit_seconds=3600).turn()

    assert source.journal == ["poll", "commit"]


def test_a_worker_that_is_told_to_stop_commits_what_is_done(index: Index, parts: Parts) -> None:
    """Whoever takes over need not do it again."""
    batch, stopping = records(upserted()), threading.Event()
    source = LastBatch([batch], stopping=stopping)

    consumer_of(parts, index.store, source, ListLetters(), stopping, commit_seconds=3600).run()

    assert source.journal == ["poll", "commit"]
    assert source.committed == batch


def test_a_worker_that_is_told_to_stop_leaves_the_rest_of_a_batch(index: Index, parts: Parts) -> None:
    """With a slow model a batch takes minutes: what is written of it stays, and it is read again."""
    before, stopping = records(upserted()), threading.Event()
    batch = records(*(upserted(bare(f"new-{number}", title=f"no. {number}")) for number in range(200)))
    source = ListSource([before, batch])
    stopped = consumer_of(parts, StoppingStore(index, stopping), source, ListLetters(), stopping, commit_seconds=3600)
    consumer_of(parts, index.store, ListSource([before]), ListLetters()).turn()

    stopped.run()

    written = index.engine.count(index.collection).count
    assert 1 < written <= len(batch)
    assert source.committed == before
    consumer_of(parts, index.store, ListSource([batch]), ListLetters()).turn()
    assert index.engine.count(index.collection).count == 1 + len(batch)


def test_broken_records_are_sent_away_and_the_rest_applied(index: Index, parts: Parts) -> None:
    """A batch of good and bad ones: each gets what it deserves, and all are committed."""
    batch = records(
        b"not json",
        upserted(bare("a", price=1)),
        upserted(product(price=-1)),
        {**deleted(), "version": None},
        patched("a", version=2, price=2),
        upserted(bare("b", category="a > ")),
        upserted(bare("c", images=["nowhere.jpg", "http://a..b/c.jpg", "data:,x"])),
    )
    source, letters = ListSource([batch]), ListLetters()

    consumer_of(parts, index.store, source, letters).turn()

    assert [letter.reason for letter in letters.letters] == [
        "malformed_json",
        "invalid_field",
        "missing_version",
        "invalid_field",
    ]
    assert index.product("a")["price"] == 2
    assert index.product("c")["title"] == "Thing"
    assert index.count() == 2
    assert source.committed == batch


def test_an_overtaken_batch_is_folded_again(index: Index, parts: Parts) -> None:
    """Another worker wrote first, twice: our events are merged with what it wrote, nobody's are lost."""
    ahead = [records(patched(version=5, stock=5)), records(patched(version=6, brand="Alder"))]
    source = ListSource([records(upserted(bare(price=1)), upserted(bare("b")))])

    consumer_of(parts, OvertakenStore(index, parts, ahead), source, ListLetters()).turn()

    assert index.product() == {"title": "Thing", "price": 1.0, "stock": 5, "brand": "Alder"}
    assert index.product("b") == {"title": "Thing"}


def test_the_same_batch_again_changes_nothing(index: Index, parts: Parts) -> None:
    """At least once is enough."""
    batch = records(upserted(bare(price=1)), patched(version=2, price=2), None, upserted(bare(price=3), version=3))
    store = index.store
    consumer_of(parts, store, ListSource([batch]), ListLetters()).turn()
    before = store.read([SKU])

    again = consumer_of(parts, store, ListSource([batch[:2], batch]), ListLetters())
    again.turn()
    again.turn()

    assert store.read([SKU]) == before


def test_the_metrics_tell_what_was_done(index: Index, parts: Parts) -> None:
    """Events by outcome, letters by reason, vectors made and spared, odd keys and unknown fields."""
    first = records(upserted(bare(colour="red")), upserted(bare()), b"{")
    second = records(patched(version=2, price=1))
    source = ListSource([first, second])
    consumer = consumer_of(parts, index.store, source, ListLetters())

    consumer.turn()
    consumer.turn()

    told = generate_latest(parts.metrics.registry).decode()
    for line in (
        'vitrine_ingest_events_total{kind="upserted",outcome="applied"} 1.0',
        'vitrine_ingest_events_total{kind="upserted",outcome="stale"} 1.0',
        'vitrine_ingest_events_total{kind="patched",outcome="applied"} 1.0',
        'vitrine_ingest_dead_letters_total{reason="malformed_json"} 1.0',
        'vitrine_ingest_encodes_total{reason="new",vector="text"} 1.0',
        'vitrine_ingest_encodes_avoided_total{reason="unchanged",vector="text"} 1.0',
        "vitrine_ingest_unknown_fields_total 1.0",
        'vitrine_ingest_points_total{part="whole"} 1.0',
        'vitrine_ingest_points_total{part="payload"} 1.0',
        'vitrine_ingest_lag_records{partition="0"} 0.0',
        "vitrine_ingest_event_age_seconds 0.0",
        "vitrine_ingest_freshness_seconds_count 2.0",
    ):
        assert line in told
