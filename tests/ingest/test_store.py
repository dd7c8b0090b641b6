"""Products to the engine and back: nothing is overwritten that somebody else wrote in between."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.engine import Server, connect
from catalog.errors import CollectionMismatch, EngineUnavailable
from catalog.points import Stored, point_id
from catalog.vectors import SparseVector
from encoders.fakes import SIZE
from ingest.merge import merge_batch
from ingest.point_writes import PointWrite
from ingest.store import Store
from tests.broker import free_ports
from tests.builders import SKU, as_event, bare, deleted, patched, upserted
from tests.index import Index, embedded_engine, new_index
from tests.pipeline import FlakyEngine, new_encoding
from tests.server import KINDS, server_engine
from tests.states import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from catalog.events import Event
    from encoders.interface import FloatArray

    Vectors = Mapping[str, FloatArray | SparseVector]

WORDS = SparseVector((3, 7), (1.0, 2.0))


@pytest.fixture(scope="module", params=["embedded", *KINDS])
def collection(request: pytest.FixtureRequest) -> Iterator[Index]:
    """Make one collection on each engine there is."""
    with (
        embedded_engine() if request.param == "embedded" else server_engine(request.param) as engine,
        new_index(engine) as index,
    ):
        yield index


@pytest.fixture
def index(collection: Index) -> Index:
    """Return an empty collection."""
    collection.clear()
    return collection


def axis(number: int) -> FloatArray:
    """Return the unit vector along one axis."""
    vector: FloatArray = np.eye(SIZE, dtype=np.float32)[number]
    return vector


def state_write(
    before: Stored,
    *events: dict[str, object],
    vectors: Vectors | None = None,
    kept: tuple[str, ...] = (),
    payload_only: bool = False,
) -> PointWrite:
    """Return the write of a product after further events."""
    state = fold([as_event(event) for event in events], before.state)
    return PointWrite(
        product=replace(before, state=state, revision=None),
        expected=before.revision,
        vectors=vectors or {},
        kept=frozenset(kept),
        before=before if payload_only else None,
    )


def put(store: Store, *events: dict[str, object], **how: object) -> Stored:
    """Write a product after further events, and return it as it is then stored."""
    before = store.read([SKU])[SKU]
    assert store.write([state_write(before, *events, **how)]) == set()  # type: ignore[arg-type] # as of state_write
    return store.read([SKU])[SKU]


def test_what_nobody_wrote_is_unknown(index: Index) -> None:
    """An unknown product reads as an empty one without a revision."""
    assert index.store.read(["a", "b", "a"]) == {"a": Stored("a"), "b": Stored("b")}


def test_a_collection_that_is_gone_is_said_by_its_name(collection: Index) -> None:
    """Reading asks for nothing else that could lack, nor does the probe that follows a refused write."""
    nowhere = Store(collection.engine, "shop-nowhere")

    with pytest.raises(CollectionMismatch, match="there is no collection shop-nowhere any more"):
        nowhere.read(["a"])
    with pytest.raises(CollectionMismatch, match="there is no collection shop-nowhere any more"):
        nowhere.probe()


def test_a_new_product_is_inserted(index: Index) -> None:
    """It reads back with its state, its vectors, and a revision of its own."""
    stored = put(index.store, upserted(bare(price=5)), vectors={"text": axis(0), "lexical": WORDS})

    assert stored.state == fold([as_event(upserted(bare(price=5)))])
    assert stored.revision is not None
    assert index.vectors(point_id(SKU)).keys() == {"text", "lexical"}


def test_a_rewrite_keeps_the_vectors_that_did_not_change(index: Index) -> None:
    """One vector is new, two stay, bit by bit."""
    put(index.store, upserted(bare()), vectors={"text": axis(0), "image": axis(1), "lexical": WORDS})
    before = index.vectors(point_id(SKU))

    put(index.store, patched(version=2, title="Boot"), vectors={"text": axis(2)}, kept=("image", "lexical"))

    after = index.vectors(point_id(SKU))
    assert after["text"] == axis(2).tolist()
    assert {name: after[name] for name in ("image", "lexical")} == {name: before[name] for name in ("image", "lexical")}


def test_what_is_neither_new_nor_kept_is_gone(index: Index) -> None:
    """A product that has no picture any more has no vector of one."""
    put(index.store, upserted(bare()), vectors={"text": axis(0), "image": axis(1)})

    put(index.store, patched(version=2, images=None), kept=("text",))

    assert index.vectors(point_id(SKU)).keys() == {"text"}


def test_a_payload_goes_alone(index: Index) -> None:
    """A price event touches no vector."""
    put(index.store, upserted(bare()), vectors={"text": axis(0), "lexical": WORDS})
    before = index.vectors(point_id(SKU))

    stored = put(index.store, patched(version=2, price=7), payload_only=True)

    assert stored.state.product()["price"] == 7
    assert index.vectors(point_id(SKU)) == before


def test_a_tombstone_has_no_vectors(index: Index) -> None:
    """It is there, to keep older events out, and cannot be found."""
    put(index.store, upserted(bare()), vectors={"text": axis(0), "image": axis(1), "lexical": WORDS})

    stored = put(index.store, deleted(version=2))

    assert stored.state.deleted == 2
    assert index.vectors(point_id(SKU)) == {}


@pytest.mark.parametrize("how", ["insert", "rewrite", "payload"])
def test_an_overtaken_write_is_noticed_and_changes_nothing(index: Index, how: str) -> None:
    """Between reading and writing another worker wrote: its product stays, and we are told."""
    if how != "insert":
        put(index.store, upserted(bare()), vectors={"text": axis(0)})
    before = index.store.read([SKU])[SKU]
    ahead = put(index.store, upserted(bare(price=9), version=9), vectors={"text": axis(1)})
    ours = upserted(bare(price=5), version=5)

    raced = index.store.write(
        [
            state_write(before, ours, vectors={"text": axis(2)}, payload_only=how == "payload"),
            state_write(Stored("other"), upserted(bare("other"))),
        ]
    )

    assert raced == {SKU}
    assert index.store.read([SKU])[SKU] == ahead
    assert index.vectors(point_id(SKU))["text"] == axis(1).tolist()
    assert index.store.read(["other"])["other"].state.visible


def test_every_write_has_a_revision_of_its_own(index: Index) -> None:
    """Even one that changes nothing: else a condition on it would hold for two."""
    revisions = [put(index.store, upserted(bare()), payload_only=bool(turn)).revision for turn in range(5)]

    assert len(set(revisions)) == 5


def test_nothing_to_write_is_no_call() -> None:
    """An empty batch needs no engine."""
    with embedded_engine() as engine:
        assert Store(engine, "nowhere").write([]) == set()


def work(index: Index, events: list[Event], start: Barrier) -> None:
    """Fold events into the index as a worker does: read, merge, write, and again where it was overtaken."""
    with new_encoding() as parts:
        start.wait()
        for event in events:
            pending = [event]
            while pending:
                merged = merge_batch(index.store.read([one.product_id for one in pending]), pending)
                raced = index.store.write(parts.encoding.points(merged.changes))
                pending = [one for one in pending if one.product_id in raced]


def test_workers_that_race_end_at_the_merge_of_all(index: Index) -> None:
    """Three workers on the same two products, as after a rebalance: nothing is lost, whoever comes first."""
    dice = random.Random(7)
    kinds = [
        lambda sku, version: upserted(bare(sku, title=f"T{version}", price=version), version=version),
        lambda sku, version: patched(sku, version=version, stock=version, brand=f"B{version}"),
        lambda sku, version: deleted(sku, version=version // 2),
    ]
    everything = [dice.choice(kinds)(dice.choice(["a", "b"]), version) for version in range(60)]
    events = [as_event(event) for event in everything]
    start = Barrier(3)

    with ThreadPoolExecutor(3) as workers:
        for done in [workers.submit(work, index, events[number::3], start) for number in range(3)]:
            done.result()

    for product_id, stored in index.store.read(["a", "b"]).items():
        assert stored.state == fold([event for event in events if event.product_id == product_id])
    assert index.count() == 2


def test_a_batch_too_large_for_one_request_is_split(flaky_engine: FlakyEngine) -> None:
    """A server refuses requests of more than 32 MB, and would for ever: so there are several."""
    writes = [
        state_write(Stored(f"sku-{number}"), upserted(bare(f"sku-{number}", description="x" * 8_000_000)))
        for number in range(3)
    ]
    flaky_engine.requests = 0
    with new_index(flaky_engine) as index:
        assert index.store.write(writes) == set()

        assert flaky_engine.requests > 1
        assert index.count() == 3


def test_an_engine_that_is_away_is_an_outage() -> None:
    """Reading and writing both say so."""
    engine = connect(Server(f"http://127.0.0.1:{free_ports(1)[0]}"))
    store = Store(engine, "products")

    with pytest.raises(EngineUnavailable):
        store.read([SKU])
    with pytest.raises(EngineUnavailable):
        store.write([state_write(Stored(SKU), upserted())])
    engine.close()
