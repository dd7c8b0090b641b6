"""What the embedded engine promises of its directory: one owner, nothing lost, nothing half done, threads welcome."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from qdrant_client import models
from qdrant_client.http.exceptions import UnexpectedResponse

from catalog.embedded import AsyncEmbeddedClient, EmbeddedClient
from catalog.errors import Misconfigured
from tests.contracts.engines import IMAGE_SIZE, INDEXES, create, small_point

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
IMAGE = models.VectorParams(size=IMAGE_SIZE, distance=models.Distance.COSINE)
QUERY = [1.0] + [0.0] * (IMAGE_SIZE - 1)

# Writes, flushes, says so, then keeps writing until it is killed.
WRITER = """
import sys
from catalog.embedded import EmbeddedClient
from tests.contracts.engines import create, small_point

client = EmbeddedClient(sys.argv[1])
create(client, "things")
client.upsert("things", points=[small_point(number, version=1) for number in range(500)])
client.flush()
print("flushed", flush=True)
number = 500
while True:
    client.upsert("things", points=[small_point(number, version=1)])
    print(number, flush=True)
    number += 1
"""


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    """Points, indexes and their settings, metadata and aliases outlive the client."""
    client = EmbeddedClient(tmp_path)
    create(client, "things", metadata={"fingerprint": "abc"})
    client.upsert("things", points=[small_point(1, brand="Alder")])
    _point_alias(client, "current", "things")
    before = client.get_collection("current")
    client.close()

    client = EmbeddedClient(str(tmp_path))

    after = client.get_collection("current")
    assert after == before
    assert set(after.payload_schema) == set(INDEXES)
    assert after.payload_schema["title"].params == INDEXES["title"]
    assert after.config.metadata == {"fingerprint": "abc"}
    assert [hit.id for hit in client.query_points("current", query=QUERY, using="image").points] == [1]
    client.close()


def test_changed_metadata_is_there_after_reopening(tmp_path: Path) -> None:
    """Set through an alias, on a collection made without any; the indexes declared before stay, and after it, too."""
    client = EmbeddedClient(tmp_path)
    create(client, "things")
    _point_alias(client, "current", "things")
    client.update_collection("current", metadata={"calibration": {"levels": [{"mean": 0.25, "pairs": 9}]}})
    client.create_payload_index("things", field_name="note", field_schema=INDEXES["title"])
    before = client.get_collection("things")
    client.close()

    client = EmbeddedClient(tmp_path)

    after = client.get_collection("things")
    assert after == before
    assert after.config.metadata == {"calibration": {"levels": [{"mean": 0.25, "pairs": 9}]}}
    assert after.payload_schema["title"].params == after.payload_schema["note"].params == INDEXES["title"]
    client.close()


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """After kill -9 amid writes, all flushed points and every acknowledged one since are there; the lock is free."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "flushed\n"
    for _ in range(50):
        last = int(writer.stdout.readline())
    os.kill(writer.pid, signal.SIGKILL)
    last = max([last, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    writer.stdout.close()
    writer.wait()

    client = EmbeddedClient(tmp_path)

    assert client.count("things").count >= last + 1
    assert len(client.retrieve("things", ids=list(range(last + 1)))) == last + 1
    client.close()


def test_a_directory_has_one_owner(tmp_path: Path) -> None:
    """A second client is told who has it and what to do; once the first is closed it may."""
    first = EmbeddedClient(tmp_path)

    with pytest.raises(Misconfigured, match=rf"pid {os.getpid()}.*VITRINE_QDRANT__URL"):
        EmbeddedClient(tmp_path)

    first.close()
    EmbeddedClient(tmp_path).close()


def test_a_closed_client_says_so(tmp_path: Path) -> None:
    """Closing twice is closing once; a call afterwards is a server error, not a missing collection."""
    client = EmbeddedClient(tmp_path)
    create(client, "things")
    client.close()
    client.close()

    with pytest.raises(UnexpectedResponse) as refused:
        client.count("things")

    assert refused.value.status_code == 500


def test_what_the_registry_does_not_name_is_removed(tmp_path: Path) -> None:
    """The rest of a creation or a deletion that was cut short is gone at the next start."""
    client = EmbeddedClient(tmp_path)
    create(client, "things")
    client.close()
    half = tmp_path / "collections" / "half-created"
    (half / "segments").mkdir(parents=True)

    client = EmbeddedClient(tmp_path)

    assert not half.exists()
    assert [each.name for each in client.get_collections().collections] == ["things"]
    client.close()


@pytest.mark.parametrize("text", ["", "{}", '{"format": 1, "collections": {"a": 1}}', '{"format": 99}'])
def test_a_registry_it_cannot_read_stops_the_start(tmp_path: Path, text: str) -> None:
    """Neither guessed at nor overwritten: the shards stay, and the directory is free again."""
    shard = tmp_path / "collections" / "kept"
    shard.mkdir(parents=True)
    (tmp_path / "registry.json").write_text(text, encoding="utf-8")

    for _ in range(2):
        with pytest.raises(Misconfigured, match=r"registry\.json"):
            EmbeddedClient(tmp_path)

    assert shard.exists()


def test_a_path_it_cannot_use_is_a_misconfiguration(tmp_path: Path) -> None:
    """A file where the directory should be is named in the message."""
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(Misconfigured, match="cannot use"):
        EmbeddedClient(file)


def test_a_shard_that_does_not_open_stops_the_start(tmp_path: Path) -> None:
    """The message names the collection; the directory is free again."""
    client = EmbeddedClient(tmp_path)
    create(client, "things")
    client.close()
    (config,) = tmp_path.glob("collections/*/edge_config.json")
    config.write_text("{", encoding="utf-8")

    for _ in range(2):
        with pytest.raises(Misconfigured, match="things"):
            EmbeddedClient(tmp_path)


def test_a_new_collection_may_take_the_name_of_a_deleted_one(tmp_path: Path) -> None:
    """Nothing of the old one shines through, and its files are gone."""
    client = EmbeddedClient(tmp_path)
    create(client, "things")
    client.upsert("things", points=[small_point(1)])
    client.delete_collection("things")
    create(client, "things")

    assert client.count("things").count == 0
    assert len(list((tmp_path / "collections").iterdir())) == 1
    client.close()


def test_readers_and_writers_share_a_client(tmp_path: Path) -> None:
    """Queries in two threads, upserts in two, an alias that swaps under them: no error, every answer whole."""
    client = EmbeddedClient(tmp_path)
    for name, version in (("old", 1), ("new", 2)):
        create(client, name)
        client.upsert(name, points=[small_point(number, version=version) for number in range(100)])
    _point_alias(client, "current", "old")
    done = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        request = models.QueryRequest(query=QUERY, using="image", limit=50, with_payload=True)
        for answer in client.query_batch_points("current", requests=[request, request]):
            versions = {hit.payload["version"] for hit in answer.points if hit.payload}
            assert len(answer.points) == 50
            assert versions in ({1}, {2})

    def write() -> None:
        client.upsert("old", points=[small_point(number, version=1) for number in range(100)])
        client.upsert("new", points=[small_point(number, version=2) for number in range(100)])

    threads = [_loop(work, done, failures) for work in (read, read, write, write)]
    for number in range(30):
        _point_alias(client, "current", ("new", "old")[number % 2])
    done.set()
    for thread in threads:
        thread.join()

    assert failures == []
    client.close()


def test_a_collection_can_be_deleted_under_its_readers(tmp_path: Path) -> None:
    """Build, swap, delete the old at once, again and again: who asks by the alias never notices."""
    client = EmbeddedClient(tmp_path)
    done = threading.Event()
    failures: list[BaseException] = []
    threads: list[threading.Thread] = []

    for number in range(8):
        client.create_collection(f"build-{number}", vectors_config={"image": IMAGE})
        client.upsert(f"build-{number}", points=[small_point(1)])
        _point_alias(client, "current", f"build-{number}")
        client.delete_collection(f"build-{number - 1}")
        threads = threads or [_loop(lambda: client.count("current"), done, failures) for _ in range(2)]
    done.set()
    for thread in threads:
        thread.join()

    assert failures == []
    assert [each.name for each in client.get_collections().collections] == ["build-7"]
    client.close()


async def test_the_asynchronous_client_reads_the_same(tmp_path: Path) -> None:
    """Each coroutine gives what the client underneath gives."""
    client = EmbeddedClient(tmp_path)
    create(client, "things")
    client.upsert("things", points=[small_point(number, brand="Alder", stock=number) for number in range(20)])
    _point_alias(client, "current", "things")
    reading = AsyncEmbeddedClient(client)
    request = models.QueryRequest(query=QUERY, using="image", limit=5)

    assert await reading.query_batch_points("current", requests=[request]) == client.query_batch_points(
        "current", requests=[request]
    )
    assert await reading.query_points("current", query=QUERY, using="image") == client.query_points(
        "current", query=QUERY, using="image"
    )
    assert await reading.scroll("current", limit=3) == client.scroll("current", limit=3)
    assert await reading.retrieve("current", ids=[1, 2]) == client.retrieve("current", ids=[1, 2])
    assert await reading.count("current") == client.count("current")
    assert await reading.facet("current", key="brand") == client.facet("current", key="brand")
    assert await reading.get_aliases() == client.get_aliases()
    assert await reading.get_collection("current") == client.get_collection("current")
    assert await reading.collection_exists("current")
    client.close()


def test_optimizing_changes_no_answer(tmp_path: Path) -> None:
    """Merging segments is invisible but for the counts of segments and indexed vectors."""
    client = EmbeddedClient(tmp_path)
    create(client, "things")
    client.upsert("things", points=[small_point(number) for number in range(50)])
    before = client.scroll("things", limit=100)

    client.optimize("things")

    assert client.scroll("things", limit=100) == before
    client.close()


def _point_alias(client: EmbeddedClient, alias: str, collection: str) -> None:
    make = models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=collection, alias_name=alias))
    client.update_collection_aliases(change_aliases_operations=[make])


def _loop(work: Callable[[], object], done: threading.Event, failures: list[BaseException]) -> threading.Thread:
    """Start a thread that repeats `work` until `done`, keeping what it raises."""

    def repeat() -> None:
        try:
            while not done.wait(0.001):  # without a pause they would keep the interpreter lock from the test itself
                work()
        except BaseException as error:  # noqa: BLE001 - the test reports it
            failures.append(error)

    thread = threading.Thread(target=repeat)
    thread.start()
    return thread
