"""`vitrine ingest reconcile`, as a user runs it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from catalog.collection import ensure
from catalog.errors import CollectionMismatch, Misconfigured
from deploy.cli.main import app
from deploy.processes.parts import declare, open_engine
from deploy.settings import load_settings
from encoders.fakes import fake_encoders
from ingest.eventlog import EVENTS_FILE, EventLogSource
from tests.builders import as_bytes, bare, deleted, records, upserted
from tests.index import Index
from tests.logs import KafkaLog, read
from tests.pipeline import ListLetters, ListSource, consumer_of, new_encoding

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from tests.builders import JsonObject


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder without settings, with an index of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VITRINE_QDRANT__PATH", str(tmp_path / "index"))
    return tmp_path


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["ingest", *arguments])


def write(path: Path, *lines: JsonObject) -> str:
    """Write a JSON Lines file and return its name."""
    path.write_bytes(b"".join(as_bytes(line) + b"\n" for line in lines))
    return path.name


def fill(*events: JsonObject) -> None:
    """Put products into the index without loading models, for tests in which nothing is sent to it."""
    settings = load_settings()
    with ExitStack() as stack:
        engine = open_engine(settings)
        stack.callback(engine.close)
        index = Index(engine, ensure(engine, declare(settings, fake_encoders())))
        parts = stack.enter_context(new_encoding())
        consumer_of(parts, index.store, ListSource([records(*events)]), ListLetters()).turn()


def reconciled(*arguments: str) -> dict[str, Any]:
    """Run it for a script, and return what it says and how it ends."""
    result = run("reconcile", *arguments, "--json")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    said: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if said["in_step"] else 1)
    return said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.jsonl"], "none.jsonl"),
        (["snapshot.toml"], "--format"),
        (["s.jsonl", "--delete-missing"], "--repair"),
        (["s.jsonl", "--repair", "--to", "kafka"], "VITRINE_KAFKA__BOOTSTRAP_SERVERS"),
        (["s.jsonl", "--data", "."], "no demo"),
    ],
)
def test_wrong_use_is_told(folder: Path, arguments: list[str], said: str) -> None:
    """Before anything is read."""
    write(folder / "s.jsonl", bare("a"))

    result = run("reconcile", *arguments)

    assert isinstance(result.exception, Misconfigured)
    assert said in str(result.exception)


def test_without_an_index_there_is_nothing_to_compare_with(folder: Path) -> None:
    """It says what to do first."""
    result = run("reconcile", write(folder / "s.jsonl", bare("a")))

    assert isinstance(result.exception, CollectionMismatch)
    assert "ingest load" in str(result.exception)


def test_a_snapshot_is_compared_and_the_index_brought_in_step(folder: Path) -> None:
    """What is missing or old is sent through the merge; what is too much goes only where that is said."""
    index = [upserted(bare(name), version=5) for name in ("same", "old", "newer", "extra")]
    assert run("load", write(folder / "index.jsonl", *index)).exit_code == 0
    snapshot = write(
        folder / "shop.jsonl",
        upserted(bare("same"), version=5),
        upserted(bare("old", price=7), version=6),
        upserted(bare("newer", price=7), version=4),
        upserted(bare("new"), version=1),
        upserted(bare("gone"), version=1),
        deleted("gone", version=2),
    )

    told = reconciled(snapshot)
    assert (told["equal"], told["newer"]) == (2, 1)
    assert told["missing"] == {"count": 1, "ids": ["new"]}
    assert told["old"] == {"count": 1, "ids": ["old"]}
    assert told["different"] == {"count": 0, "ids": []}
    assert told["surplus"] == {"count": 1, "ids": ["extra"]}
    assert told["repairs"] is None

    mended = reconciled(snapshot, "--repair")
    assert not mended["in_step"]
    assert mended["repairs"] == {"to": "index", "events": 2, "sent": 2, "deletes": False, "refused": 0}
    assert reconciled(snapshot)["surplus"]["count"] == 1

    assert reconciled(snapshot, "--repair", "--delete-missing")["in_step"]
    assert reconciled(snapshot)["in_step"]


def test_rows_without_versions_are_compared_field_by_field(folder: Path) -> None:
    """And mend a product only with a version that wins; a refused row keeps everything from being deleted."""
    fill(*(upserted(bare(name, price=1), version=5) for name in ("same", "other", "extra")))
    (folder / "log").mkdir()
    snapshot = write(folder / "shop.jsonl", bare("same", price=1), bare("other", price=2))

    first = reconciled(snapshot, "--repair", "--first", "0", "--data", ".")
    assert first["different"] == {"count": 1, "ids": []}
    assert first["incurable"]["count"] == 1
    assert first["repairs"]["events"] == 0

    broken = write(folder / "broken.jsonl", bare("same", price=1), bare("other", price="cheap"))
    kept = run("reconcile", broken, "--repair", "--delete-missing", "--data", ".")
    assert kept.exit_code == 1
    assert "nothing was deleted: rows were refused" in kept.stderr
    assert "surplus: 2 (" in kept.stdout

    assert reconciled(snapshot, "--repair", "--version", "6", "--data", ".")["repairs"]["sent"] == 1
    assert reconciled(snapshot, "--version", "now")["different"]["count"] == 1


def test_repairs_of_a_demo_go_onto_its_event_log(folder: Path) -> None:
    """Which it reads when it is started again."""
    (folder / "log").mkdir()
    fill(upserted(bare("a")), upserted(bare("b")))
    snapshot = write(folder / "shop.jsonl", bare("a"), bare("c"))

    said = reconciled(snapshot, "--data", ".", "--repair", "--delete-missing")

    assert said["in_step"]
    assert said["repairs"]["to"] == "log"
    assert (folder / "log" / EVENTS_FILE).stat().st_size
    source = EventLogSource(folder / "log")
    records = source.poll()
    source.close()
    assert [record.key for record in records] == [b"c", b"b"]
    assert json.loads(records[1].value or b"") == deleted("b", version=1)


@pytest.mark.kafka
def test_repairs_go_onto_the_topic(folder: Path, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keyed by product, as the snapshot has them."""
    fill(upserted(bare("a")))
    log = KafkaLog(kafka_bootstrap)
    monkeypatch.setenv("VITRINE_KAFKA__BOOTSTRAP_SERVERS", kafka_bootstrap)
    monkeypatch.setenv("VITRINE_KAFKA__TOPIC", log.topic)
    snapshot = write(folder / "shop.jsonl", upserted(bare("a")), upserted(bare("b"), version=3))

    assert reconciled(snapshot, "--repair")["in_step"]

    (record,) = read(log.source(), 1)
    assert (record.key, record.value) == (b"b", as_bytes(upserted(bare("b"), version=3)))
    log.close()
