"""A disk that is all but full: the embedded engine refuses to write, instead of dying of it in the middle."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalog.embedded import EmbeddedClient, shards
from catalog.engine import outages_named
from catalog.errors import EngineUnavailable
from tests.builders import bare, records, upserted
from tests.index import embedded_engine, new_index
from tests.pipeline import ListLetters, ListSource, consumer_of, new_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.index import Index


@pytest.fixture
def index() -> Iterator[Index]:
    """Return an empty collection of the embedded engine."""
    with embedded_engine() as engine, new_index(engine) as made:
        yield made


def disk_with(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    """Let the disk seem to have this much left."""
    usage = shutil.disk_usage(Path.cwd())._replace(free=free_bytes)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)


def test_a_full_disk_is_an_outage(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says names the folder and what is needed; reading goes on."""
    disk_with(monkeypatch, shards.ROOM_BYTES - 1)

    with pytest.raises(EngineUnavailable, match=r"134,217,727 bytes are free .* 134,217,728 are needed"):
        index.store.probe()

    assert index.product() == {}


def test_a_full_disk_is_waited_out(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent away and nothing committed until there is room again; then all of it is written."""
    source, letters = ListSource([records(upserted(bare("a")), upserted(bare("b")))]), ListLetters()
    sizes = [0, 0, shards.ROOM_BYTES]
    usage = shutil.disk_usage(Path.cwd())
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: usage._replace(free=sizes.pop(0) if sizes else shards.ROOM_BYTES)
    )

    with new_encoding() as parts:
        consumer_of(parts, index.store, source, letters).turn()

    assert sizes == []
    assert letters.letters == []
    assert (index.count(), len(source.committed)) == (2, 2)


def test_a_delete_needs_no_room(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is how one makes room."""
    assert isinstance(index.engine, EmbeddedClient)
    disk_with(monkeypatch, 0)

    with outages_named():
        index.clear()
