"""What the embedded engine has flushed is on the disk, although most flushes wait for its write-ahead log alone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from catalog.embedded import EmbeddedClient
from tests.contracts.engines import create, small_point

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_flushed_survives_a_power_loss(tmp_path: Path) -> None:
    """The segments are as an earlier flush left them, and only the log has what came since: nothing is missing."""
    client = EmbeddedClient(tmp_path / "lived")
    create(client, "things")
    client.upsert("things", points=[small_point(number) for number in range(1, 21)])
    client.flush()
    shutil.copytree(tmp_path / "lived", tmp_path / "lost")
    client.upsert("things", points=[small_point(number) for number in range(21, 31)])
    client.set_payload("things", payload={"version": 2}, points=[1])
    client.delete("things", points_selector=[2])
    client.flush()
    [log] = (tmp_path / "lived").rglob("wal")
    shutil.copytree(log, tmp_path / "lost" / log.relative_to(tmp_path / "lived"), dirs_exist_ok=True)
    expected, _ = client.scroll("things", limit=100, with_vectors=True)
    client.close()

    client = EmbeddedClient(tmp_path / "lost")

    found, _ = client.scroll("things", limit=100, with_vectors=True)
    assert len(found) == 29
    assert found == expected
    client.close()


def test_a_collection_that_is_gone_does_not_stop_a_flush(tmp_path: Path) -> None:
    """The others are flushed, again and again."""
    client = EmbeddedClient(tmp_path)
    for name in ("kept", "dropped"):
        create(client, name)
    client.flush()
    client.delete_collection("dropped")
    client.upsert("kept", points=[small_point(1)])

    client.flush()
    client.flush()

    assert client.count("kept").count == 1
    client.close()
