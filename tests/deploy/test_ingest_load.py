"""`vitrine ingest load` and `dead-letters`, as a user runs them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from catalog.errors import InvalidInput, Misconfigured
from catalog.points import product_of
from deploy.cli.main import app
from deploy.processes.parts import open_engine
from deploy.settings import load_settings
from ingest.eventlog_dead_letters import EventLogDeadLetters
from ingest.kafka_dead_letters import KafkaDeadLetters
from ingest.source import DeadLetter, Record
from tests.broker import create_topic
from tests.builders import as_bytes, bare, deleted, upserted
from tests.logs import KafkaLog, read

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

CSV = "sku,title,price,note\na,Red dress,19.90 EUR,x\nb,,3 EUR,x\nc,Hat,cheap,x\nd,Scarf,7 EUR,x\n"
MAPPING = '[columns]\nsku = "id"\n'


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder without settings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.csv").write_text(CSV)
    (tmp_path / "shop.toml").write_text(MAPPING)


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["ingest", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["load", "none.csv"], "none.csv"),
        (["load", "shop.toml"], "--format"),
        (["load", "shop.csv"], "gives the id"),
        (["load", "shop.csv", "--mapping", "none.toml"], "none.toml"),
        (["load", "shop.csv", "--mapping", "shop.toml", "--version", "rev"], "--version rev"),
        (["load", "shop.csv", "--mapping", "shop.toml", "--rejected", "./shop.csv"], "name another"),
        (["load", "shop.csv", "--to", "kafka"], "VITRINE_KAFKA__BOOTSTRAP_SERVERS"),
        (["dead-letters", "list"], "--data"),
        (["dead-letters", "list", "--data", "."], "no event log"),
        (["dead-letters", "show", "17", "--data", "."], "PARTITION:OFFSET"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], said: str) -> None:
    """Before models are loaded or brokers asked."""
    result = run(*arguments)

    assert isinstance(result.exception, Misconfigured)
    assert said in str(result.exception)


def test_a_file_is_loaded_into_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the merge: a live event of a higher version stands, and a second run changes nothing."""
    monkeypatch.setenv("VITRINE_QDRANT__PATH", str(tmp_path / "index"))
    (tmp_path / "live.jsonl").write_bytes(as_bytes(upserted(bare("d", price=5), version=9)) + b"\n")
    assert run("load", "live.jsonl").exit_code == 0

    result = run("load", "shop.csv", "--mapping", "shop.toml", "--json")
    first = stored()
    again = run("load", "shop.csv", "--mapping", "shop.toml")

    assert result.exit_code == again.exit_code == 1
    said = json.loads(result.stdout)
    assert (said["to"], said["finished"], said["loaded"], said["rejected"]) == ("index", True, 2, 2)
    assert said["reasons"] == {"invalid_field": 2}
    assert said["unknown_fields"] == {"note": 2}
    rejected = (tmp_path / "shop.csv.rejected.jsonl").read_text().splitlines()
    assert [json.loads(line)["line"] for line in rejected] == [3, 4]
    assert "line 4: product.price: Input should be a number" in again.stderr
    assert "rows loaded into index: 2" in again.stdout
    assert {product_id: payload["price"] for product_id, payload in first.items()} == {"a": 19.9, "d": 5}
    assert stored() == first


def stored() -> dict[str, Any]:
    """Return the payload of every product in the index: another revision and time after every write."""
    settings = load_settings()
    engine = open_engine(settings)
    try:
        points, _ = engine.scroll(collection_name=settings.collection, with_payload=True, limit=10)
        payloads = [point.payload or {} for point in points]
    finally:
        engine.close()
    return {product_of(payload)["id"]: payload for payload in payloads}


def test_dead_letters_of_an_event_log(tmp_path: Path) -> None:
    """They are listed, shown and sent back; what a sender hid for the terminal is only shown."""
    sink = EventLogDeadLetters(tmp_path / "log")
    sink.send(
        [
            DeadLetter(
                Record("eventlog", 0, 5, 0, b"\x1b[31mk", b'{"a": 1}', (("trace", None),)), "invalid_field", "why"
            ),
            DeadLetter(Record("eventlog", 0, 6, 0, None, b"\xff", ()), "malformed_json", "broken"),
        ]
    )
    sink.close()
    data = ("--data", str(tmp_path))

    listed = run("dead-letters", "list", "--reason", "invalid_field", *data)
    counted = json.loads(run("dead-letters", "list", "--limit", "1", "--json", *data).stdout)
    shown = run("dead-letters", "show", "0:0", *data)
    whole = json.loads(run("dead-letters", "show", "0:1", "--json", *data).stdout)
    dry = run("dead-letters", "replay", "--dry-run", *data)
    sent = json.loads(run("dead-letters", "replay", "--reason", "invalid_field", "--json", *data).stdout)

    assert "\\u001b[31mk" in listed.stdout
    assert "1 dead letters: invalid_field 1" in listed.stdout
    assert (counted["total"], [one["at"] for one in counted["letters"]]) == (2, ["0:1"])
    assert "header trace: null" in shown.stdout
    assert 'value: {"a": 1}' in shown.stdout
    assert whole["value"] == {"base64": "/w=="}
    assert "2 records would go back to eventlog" in dry.stdout
    assert sent == {"dry_run": False, "topic": "eventlog", "replayed": 1, "left": {}}
    for command in ("show", "replay"):
        assert isinstance(run("dead-letters", command, "0:9", *data).exception, InvalidInput)


@pytest.mark.kafka
def test_a_file_is_loaded_onto_the_topic(kafka_bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default where a broker is set; keys are ids, and what is too large for the topic is refused."""
    log = KafkaLog(kafka_bootstrap)
    monkeypatch.setenv("VITRINE_KAFKA__BOOTSTRAP_SERVERS", kafka_bootstrap)
    monkeypatch.setenv("VITRINE_KAFKA__TOPIC", log.topic)
    events = [upserted(bare("a")), deleted("b", version=3), upserted(bare("c", description="x" * 2_000_000))]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(as_bytes, events)))

    result = run("load", "events.jsonl", "--json")

    said = json.loads(result.stdout)
    assert (result.exit_code, said["to"], said["loaded"], said["reasons"]) == (1, "kafka", 2, {"too_large": 1})
    assert {record.key: record.value for record in read(log.source(), 2)} == {
        b"a": as_bytes(events[0]),
        b"b": as_bytes(events[1]),
    }
    log.close()


@pytest.mark.kafka
def test_dead_letters_of_a_topic_go_back(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listed without moving any group, one shown by its place, sent back once with key, value and headers."""
    log = KafkaLog(kafka_bootstrap)
    dead = create_topic(kafka_bootstrap, partitions=2)
    monkeypatch.setenv("VITRINE_KAFKA__BOOTSTRAP_SERVERS", kafka_bootstrap)
    monkeypatch.setenv("VITRINE_KAFKA__TOPIC", log.topic)
    monkeypatch.setenv("VITRINE_KAFKA__DEAD_LETTER_TOPIC", dead)
    headers = (("trace", b"t"), ("none", None))
    sink = KafkaDeadLetters(log.connection, topic=dead)
    sink.send(
        [
            DeadLetter(Record(log.topic, 0, number, 0, b"k%d" % number, b"v%d" % number, headers), reason, "why")
            for number, reason in enumerate(["invalid_field", "malformed_json", "invalid_field"])
        ]
    )
    sink.send([DeadLetter(Record("elsewhere", 0, 0, 0, b"x", b"x"), "invalid_field", "why")])
    sink.close()

    listed = json.loads(run("dead-letters", "list", "--json").stdout)
    shown = json.loads(run("dead-letters", "show", listed["letters"][0]["at"], "--json").stdout)
    sent = json.loads(run("dead-letters", "replay", "--reason", "invalid_field", "--json").stdout)

    assert listed["reasons"] == {"invalid_field": 3, "malformed_json": 1}
    assert shown["key"] == listed["letters"][0]["id"]
    assert sent == {
        "dry_run": False,
        "topic": log.topic,
        "replayed": 2,
        "left": {"from another topic": 1},
    }
    back = read(log.source(), 2)
    assert {record.value for record in back} == {b"v0", b"v2"}
    assert all(record.headers == (*headers, ("vitrine-replays", b"1")) for record in back)
    monkeypatch.setenv("VITRINE_KAFKA__DEAD_LETTER_TOPIC", "no-such-topic")
    assert json.loads(run("dead-letters", "list", "--json").stdout)["total"] == 0
    log.close()
