"""Partial writes against whole ones: whatever is left out of a write, the index is the same to the last key.

Two workers on the real engine hear the same: one writes as the program does, the other every point whole.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import models

from catalog.layout import payload_indexes
from catalog.points import HIDDEN_SINCE, OCCURRED_AT, PICTURES_DUE, REVISION
from catalog.text import LEXICAL_CHARS
from ingest.refetch import Refetch
from ingest.store import Store
from tests.builders import as_bytes, bare, deleted, jpeg, patched, record, upserted
from tests.index import embedded_engine, new_index
from tests.pipeline import ListLetters, ListSource, consumer_of, new_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ingest.point_writes import PointWrite
    from tests.builders import JsonObject
    from tests.index import Index
    from tests.pipeline import Parts

START = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
IDS = st.sampled_from(["a", "b"])
VERSIONS = st.integers(0, 6)
TIMES = st.sampled_from(["2026-05-01T09:00:00Z", "2026-05-01T09:30:00Z"])
LONG = "Boot " * (LEXICAL_CHARS // 5)
"""Behind it no encoder reads anything: category, codes and attributes then move without their texts."""
VALUES: dict[str, list[Any]] = {
    "title": ["Boot", "Shoe", LONG, "", None],
    "brand": ["A", "B", None],
    "category": ["Women > Shoes", "Women", None],
    "price": [0, 1, 2.5, None],
    "stock": [-1, 0, 3, None],
    "in_stock": [True, False, None],
    "images": [["red.jpg"], ["red.jpg", "blue.jpg"], ["nowhere.jpg"], ["nowhere.jpg", "red.jpg"], [], None],
    "attributes": [{"x": 1}, {"x": 1.0}, {"x": True}, {"x": None, "y": ["38"]}, {"y": "38"}, None],
    "codes": [["1"], ["1", "2"], [], None],
    "group_id": ["g", None],
    "popularity": [0, 7, None],
    "created_at": ["2026-01-01T00:00:00Z", None],
    "description": ["Warm", None],
}
FIELDS = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in VALUES.items()})
UPSERTS = st.builds(
    lambda name, version, time, fields: upserted(bare(name) | fields, version=version, occurred_at=time),
    IDS,
    VERSIONS,
    TIMES,
    FIELDS,
)
PATCHES = st.builds(
    lambda name, version, time, changes: patched(name, version=version) | {"changes": changes, "occurred_at": time},
    IDS,
    VERSIONS,
    TIMES,
    FIELDS,
)
DELETES = st.builds(lambda name, version: deleted(name, version=version), IDS, VERSIONS)
EVENTS = UPSERTS | PATCHES | PATCHES | DELETES
NULLS = IDS.map(lambda name: {"null": name})
BATCHES = st.lists(EVENTS | NULLS, min_size=1, max_size=4)
PICTURES = st.sampled_from(["come", "go", "change"])
STEPS = st.lists(BATCHES | BATCHES | PICTURES | st.just("refetch"), min_size=1, max_size=8)


class WholeStore(Store):
    """A store that writes every point whole, with all its vectors."""

    def write(self, writes: Sequence[PointWrite]) -> set[str]:
        """Write, leaving nothing out."""
        return super().write([replace(write, before=None) for write in writes])


@dataclass
class Worker:
    """A worker over one collection."""

    index: Index
    store: Store
    parts: Parts
    clock: list[datetime]

    def hear(self, events: Sequence[JsonObject], offset: int) -> None:
        """Do a batch."""
        batch = [
            record(None if "null" in event else as_bytes(event), key=event.get("null", "k").encode(), offset=number)
            for number, event in enumerate(events, offset)
        ]
        consumer_of(self.parts, self.store, ListSource([batch]), ListLetters()).turn()

    def refetch(self) -> None:
        """Ask for the pictures that are due."""
        refetch = Refetch(self.store, self.parts.encoding, moment=self.clock[0], stopping=Event())
        assert refetch.run(limit=None, progress=lambda _: None).finished

    def found(self) -> dict[str, object]:
        """Return everything that can be seen of the index, but for the revisions."""
        points, _ = self.index.engine.scroll(self.index.collection, limit=100, with_payload=True, with_vectors=True)
        return {
            "points": {str(one.id): (_without_revision(one.payload or {}), one.vector) for one in points},
            "facets": {path: self._facet(path) for path, kind in payload_indexes(("x",)).items() if kind == "keyword"},
            "numbers": {path: self._holders(path) for path in ("stock", "price", "product.popularity")},
            "times": {path: self._in_order(path) for path in (HIDDEN_SINCE, OCCURRED_AT, PICTURES_DUE)},
        }

    def _facet(self, path: str) -> dict[object, int]:
        answer = self.index.engine.facet(self.index.collection, key=path, limit=100, exact=True)
        return {hit.value: hit.count for hit in answer.hits}

    def _holders(self, path: str) -> int:
        some = models.Filter(must=[models.FieldCondition(key=path, range=models.Range(gte=-10))])
        return self.index.engine.count(self.index.collection, count_filter=some, exact=True).count

    def _in_order(self, path: str) -> list[str]:
        order = models.OrderBy(key=path, direction=models.Direction.DESC)
        points, _ = self.index.engine.scroll(self.index.collection, limit=100, order_by=order)
        return sorted(str(one.id) for one in points)


@dataclass
class Both:
    """Two workers that hear the same, and the pictures that both look for."""

    workers: list[Worker]
    folder: Path
    clock: list[datetime]
    offset: int = 0

    def begin(self) -> None:
        """Start afresh."""
        self.clock[0], self.offset = START, 0
        self.picture("nowhere.jpg", None)
        for name in ("red", "blue"):
            self.picture(f"{name}.jpg", name)
        for worker in self.workers:
            worker.index.clear()

    def do(self, step: list[JsonObject] | str) -> None:
        """Let both do a step."""
        self.clock[0] += timedelta(hours=1)
        if isinstance(step, list):
            for worker in self.workers:
                worker.hear(step, self.offset)
            self.offset += len(step)
        elif step == "refetch":
            for worker in self.workers:
                worker.refetch()
        else:
            self.picture("nowhere.jpg", {"come": "green", "go": None, "change": "yellow"}[step])

    def picture(self, name: str, colour: str | None) -> None:
        """Put a picture in its place, or take it away."""
        (self.folder / name).unlink(missing_ok=True)
        if colour is not None:
            (self.folder / name).write_bytes(jpeg(colour))


def _without_revision(payload: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in payload.items() if key != REVISION}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Put two workers together, over two collections of one engine."""
    folder = tmp_path_factory.mktemp("pictures")
    clock = [START]
    with ExitStack() as things:
        engine = things.enter_context(embedded_engine())
        workers = []
        for kind in (Store, WholeStore):
            index = things.enter_context(new_index(engine))
            parts = things.enter_context(new_encoding(folder, now=lambda: clock[0]))
            workers.append(Worker(index, kind(engine, index.collection), parts, clock))
        yield Both(workers, folder, clock)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_left_out_of_a_write_is_there_already(both: Both, steps: list[list[JsonObject] | str]) -> None:
    """Payloads, vectors, facets, the keys of upkeep and the order of times are those of whole writes, at each step."""
    both.begin()
    for step in steps:
        both.do(step)
        partial, whole = (worker.found() for worker in both.workers)
        assert partial == whole
