"""Snapshots: a collection kept while it is written to, and made again in an empty place, point for point."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from qdrant_client.http.exceptions import UnexpectedResponse

from catalog.collection import ensure, keep, kept_calibration, migration_of, resolve, verify
from catalog.disk import copy_file
from catalog.embedded import EmbeddedClient
from catalog.errors import CollectionMismatch, Misconfigured
from catalog.migration import MIGRATION, Migration
from catalog.points import decode
from deploy.processes.migration.steps import now
from deploy.processes.parts import declare
from deploy.processes.snapshots import MANIFEST, restore, snapshot
from deploy.settings import QdrantSettings
from encoders.fakes import fake_encoders
from tests.builders import bare, patched, records, upserted
from tests.index import Index, memory_folder
from tests.pipeline import ListLetters, ListSource, consumer_of, new_encoding
from tests.search.shop import ENGINE_KINDS, open_kind, shop_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deploy.settings import Settings
    from tests.builders import JsonObject

PRODUCTS = 120


@pytest.fixture
def place() -> Iterator[Path]:
    """Give an empty folder in memory: on a disk each of a hundred files is waited for."""
    with memory_folder() as folder:
        yield folder


def sell(index: Index, *events: JsonObject) -> None:
    """Let the worker take events."""
    with new_encoding() as parts:
        consumer_of(parts, index.store, ListSource([records(*events)]), ListLetters()).turn()


def points(engine: Any, collection: str) -> list[tuple[str, Any, Any]]:  # noqa: ANN401 - either client
    """Return every point, whole."""
    found, _ = engine.scroll(collection, limit=10_000, with_payload=True, with_vectors=True)
    return [(str(one.id), one.payload, one.vector) for one in found]


def filled(engine: Any, settings: Settings) -> Index:  # noqa: ANN401
    """Make a collection with products."""
    index = Index(engine, ensure(engine, declare(settings, fake_encoders())))
    sell(index, *(upserted(bare(f"p{n}", title=f"alpha{n}", price=float(n))) for n in range(PRODUCTS)))
    return index


def settings_at(folder: Path, collection: str = "products") -> Settings:
    """Return the settings of an embedded engine."""
    return shop_settings(QdrantSettings(path=folder)).model_copy(update={"collection": collection})


@pytest.mark.parametrize("kind", ENGINE_KINDS)
def test_what_is_restored_is_what_was_kept(kind: str, place: Path) -> None:
    """In an empty place every point is there with its vectors, the collection verified and behind its alias."""
    with open_kind(kind) as (engine, qdrant):
        settings = shop_settings(qdrant)
        index = filled(engine, settings)
        before = points(engine, index.collection)
        made = snapshot(settings, engine, place / "kept")
        assert made["points"] == PRODUCTS
        assert engine.delete_collection(index.collection)

        again = restore(settings, engine, place / "kept")

        alias = settings.collection
        told = {"collection": index.collection, "points": PRODUCTS, "alias": alias, "other_layout": False}
        assert again == told
        assert points(engine, index.collection) == before
        assert verify(engine, declare(settings, fake_encoders())).points == PRODUCTS
        sell(index, patched("p1", version=5, price=5.0))
        assert index.product("p1")["price"] == 5.0
        engine.delete_collection(index.collection)


def test_another_folder_takes_it(place: Path) -> None:
    """A snapshot moves to another machine as a folder."""
    with memory_folder() as first, memory_folder() as second:
        settings = settings_at(first)
        one = EmbeddedClient(first)
        index = filled(one, settings)
        before = points(one, index.collection)
        snapshot(settings, one, place / "kept")
        one.close()
        moved = settings_at(second)
        other = EmbeddedClient(second)
        restore(moved, other, place / "kept")
        other.close()

        opened = EmbeddedClient(second)
        assert points(opened, index.collection) == before
        assert resolve(opened, "products") == index.collection
        assert kept_calibration(opened, declare(moved, fake_encoders())) is None
        opened.close()


@pytest.mark.parametrize("kind", ENGINE_KINDS)
def test_one_made_between_cutover_and_finish_stands_alone(kind: str, place: Path) -> None:
    """Where the old collection is not, there is nothing to roll back to: the alias leads to the new one."""
    with open_kind(kind) as (engine, qdrant):
        settings = shop_settings(qdrant)
        index = filled(engine, settings)
        under_way = Migration(f"{settings.collection}-{'0' * 12}", index.collection, now(), cut_over_at=now())
        keep(engine, index.collection, MIGRATION, under_way.as_json())
        snapshot(settings, engine, place / "kept")
        assert engine.delete_collection(index.collection)

        restore(settings, engine, place / "kept")

        assert resolve(engine, settings.collection) == index.collection
        assert migration_of(engine, settings.collection) is None
        engine.delete_collection(index.collection)


def test_it_is_whole_although_events_come_meanwhile() -> None:
    """Writes wait for the copy, so that its files belong together: each product is there in one of its versions."""
    with memory_folder() as folder, memory_folder() as kept_in, memory_folder() as empty:
        settings, engine = settings_at(folder), EmbeddedClient(folder)
        index = filled(engine, settings)
        stopping = threading.Event()

        def selling() -> None:
            version = 1
            while not stopping.is_set():
                version += 1
                sell(index, *(patched(f"p{n}", version=version, price=float(version)) for n in range(0, PRODUCTS, 7)))

        seller = threading.Thread(target=selling)
        seller.start()
        kept = [kept_in / f"kept-{n}" for n in range(2)]
        for each in kept:
            snapshot(settings, engine, each)
        stopping.set()
        seller.join()
        engine.close()

        for each in kept:
            other = EmbeddedClient(empty / each.name)
            restore(settings_at(empty / each.name), other, each)
            found = points(other, index.collection)
            assert len(found) == PRODUCTS
            for _, payload, vectors in found:
                version = decode(payload).state.registers["price"].version  # that of the upsert
                assert version == 1 or payload["price"] == version
                assert set(vectors) == {"text", "lexical"}
            other.close()


def test_holes_are_not_copied(tmp_path: Path) -> None:
    """The engine's files are mostly hole; a copy that filled them would be forty times as large."""
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        file.truncate(64 << 20)
        file.seek(32 << 20)
        file.write(b"here")
    copy_file(str(source), str(target))

    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_blocks * 512 < 4 << 20


def test_a_taken_place_is_refused(place: Path) -> None:
    """Neither a folder nor a collection is written over."""
    with memory_folder() as folder:
        settings, engine = settings_at(folder), EmbeddedClient(folder)
        with pytest.raises(CollectionMismatch, match="nothing to keep"):
            snapshot(settings, engine, place / "kept")
        filled(engine, settings)
        snapshot(settings, engine, place / "kept")

        with pytest.raises(Misconfigured, match="is not empty"):
            snapshot(settings, engine, place / "kept")
        with pytest.raises(Misconfigured, match="exists already"):
            restore(settings, engine, place / "kept")
        with pytest.raises(Misconfigured, match="set VITRINE_COLLECTION=products"):
            restore(settings_at(folder, "other"), engine, place / "kept")
        engine.close()


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, "holds no whole snapshot"),
        ("{", "cannot be read"),
        ('{"format": 2}', "another version"),
        ('{"format": 1, "engine": "server", "alias": "products", "collection": "products-1"}', "of the server engine"),
    ],
)
def test_what_is_no_snapshot_of_this_engine_says_so(tmp_path: Path, manifest: str | None, said: str) -> None:
    """One that was broken off has no manifest: that is written last."""
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest)
    with memory_folder() as folder:
        engine = EmbeddedClient(folder)
        with pytest.raises(Misconfigured, match=said):
            restore(settings_at(folder), engine, tmp_path)
        engine.close()


def test_a_copy_of_nothing_is_a_404(place: Path) -> None:
    """As with every other call of the client."""
    with memory_folder() as folder:
        engine = EmbeddedClient(folder)
        with pytest.raises(UnexpectedResponse):
            engine.copy_collection("nothing", place / "kept")
        engine.close()
    assert not (place / "kept").exists()
