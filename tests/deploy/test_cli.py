"""The command: it helps, and a user's mistake ends without a traceback."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from catalog.errors import CollectionMismatch, EngineUnavailable, Misconfigured
from deploy.cli.main import app
from tests.forks import Command, executed, forked, without_settings
from tests.qdrant_http import Raw, qdrant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.forks import Child

WAIT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def run(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    launch: Callable[[Command], Child] = forked,
) -> Done:
    """Run the command in a folder of its own."""
    out, error = folder / "stdout", folder / "stderr"
    surroundings = without_settings() | {"NO_COLOR": "1", "COLUMNS": "120"} | dict(environment or {})
    child = launch(Command(arguments, folder, surroundings, out, error))
    try:
        code = child.wait(WAIT_SECONDS)
    finally:
        child.kill()
    return Done(code, out.read_text(encoding="utf-8"), error.read_text(encoding="utf-8"))


def test_the_installed_command_starts(tmp_path: Path) -> None:
    """It is where the packages are, and the other tests' forked processes are the same function."""
    result = run(tmp_path, "--help", launch=executed)

    assert result.returncode == 0
    assert "Usage: vitrine" in result.stdout


@pytest.mark.parametrize("group", [[], ["demo"], ["search"], ["ingest"], ["encoders"], ["collection"]])
def test_every_group_explains_itself(tmp_path: Path, group: list[str]) -> None:
    """`--help` works everywhere and says what for."""
    result = run(tmp_path, *group, "--help")

    assert result.returncode == 0
    assert "Usage: vitrine" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["search", "serve"], {"VITRINE_API__HOST": "0.0.0.0"}, "--insecure"),
        (["search", "serve"], {"VITRINE_API__PORT": "x"}, "VITRINE_API__PORT"),
        (["ingest", "run"], {}, "VITRINE_KAFKA__BOOTSTRAP_SERVERS"),
        (["demo", "--topic", "t"], {}, "--kafka"),
        (["encoders", "lexical-length", "nowhere.jsonl"], {}, "nowhere.jsonl"),
        (["demo", "--host", "192.0.2.1"], {}, "--insecure"),
    ],
)
def test_wrong_use_exits_with_2_and_says_what_to_do(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    """No traceback for a user's mistake."""
    result = run(tmp_path, *arguments, environment=environment)

    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


NO_AUTHORITY = {"VITRINE_KAFKA__SECURITY_PROTOCOL": "SSL", "VITRINE_KAFKA__SSL_CAFILE": "nowhere.pem"}


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["search", "serve"], {"VITRINE_API__KEYS_FILE": "nowhere.yaml"}, "VITRINE_API__KEYS_FILE"),
        (["demo"], {"VITRINE_API__KEYS_FILE": "nowhere.yaml"}, "VITRINE_API__KEYS_FILE"),
        (["demo"], {"VITRINE_API__KEYS_FILE": "rubbish"}, "rubbish"),
        (["demo"], {"VITRINE_WORDS__SYNONYMS": "rubbish"}, "rubbish"),
        (["demo"], {"VITRINE_ENCODERS__GLOSSARY": "nowhere.txt"}, "nowhere.txt"),
        (["demo", "--kafka", "h:1"], {"VITRINE_KAFKA__DEBEZIUM_MAPPING": "nowhere.yaml"}, "nowhere.yaml"),
        (["demo", "--kafka", "h:1"], {"VITRINE_KAFKA__SECURITY_PROTOCOL": "SASL_SSL"}, "VITRINE_KAFKA__SASL_MECHANISM"),
        (["demo", "--kafka", "h:1"], NO_AUTHORITY, "VITRINE_KAFKA__SSL_CAFILE"),
        (["ingest", "run"], {"VITRINE_KAFKA__BOOTSTRAP_SERVERS": "h:1", **NO_AUTHORITY}, "VITRINE_KAFKA__SSL_CAFILE"),
        (["demo", "--catalogue", "nowhere.jsonl"], {}, "nowhere.jsonl"),
        (["demo", "--catalogue", "rubbish"], {}, "rubbish, line 1"),
    ],
)
def test_a_wrong_file_is_told_before_a_model_is_loaded(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    """The encoder that the settings name does not exist, and nobody has come so far as to look for it."""
    (tmp_path / "rubbish").write_text("[rubbish", encoding="utf-8")
    result = run(tmp_path, *arguments, environment={"VITRINE_ENCODERS__TEXT": "no-such/model", **environment})

    assert result.returncode == 2
    assert said in result.stderr
    assert "no-such/model" not in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_in_use_is_told_before_a_model_is_loaded(tmp_path: Path) -> None:
    """As it is where the demo runs already."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run(tmp_path, "demo", "--port", port, environment={"VITRINE_ENCODERS__TEXT": "no-such/model"})

    assert result.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr
    assert "VITRINE_API__PORT" in result.stderr


def test_an_unknown_encoder_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is no encoder, folder or model of the hub says what would do."""
    monkeypatch.setenv("VITRINE_ENCODERS__TEXT", "no-such/model")

    result = CliRunner().invoke(app, ["encoders", "describe"])

    assert isinstance(result.exception, Misconfigured)
    assert "no-such/model" in str(result.exception)


def test_the_collection_is_made_and_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`verify` refuses before `create`, and `status` tells scripts what is there, by settings or by a demo's folder."""
    monkeypatch.setenv("VITRINE_QDRANT__PATH", str(tmp_path / "index"))
    runner = CliRunner()

    before = runner.invoke(app, ["collection", "verify"])
    created = runner.invoke(app, ["collection", "create", "--json"])
    after = runner.invoke(app, ["collection", "status", "--json"])
    by_folder = runner.invoke(app, ["collection", "status", "--json", "--data", str(tmp_path)])

    assert isinstance(before.exception, CollectionMismatch)
    assert "vitrine collection create" in str(before.exception)
    assert json.loads(after.stdout) == {
        "physical_name": json.loads(created.stdout)["collection"],
        "points": 0,
        "indexed_vectors": 0,
    }
    assert by_folder.stdout == after.stdout


@pytest.mark.parametrize(("status", "code", "said"), [(404, 1, "404 (Not Found)"), (401, 2, "VITRINE_QDRANT__API_KEY")])
def test_a_server_of_something_else_is_said_so(tmp_path: Path, status: int, code: int, said: str) -> None:
    """Another address, a proxy without its prefix, a key that is missing: no traceback."""
    with qdrant({}) as server:
        server.otherwise = Raw(status, b"<html>nothing here</html>")
        result = run(tmp_path, "collection", "optimize", environment={"VITRINE_QDRANT__URL": server.url})

    assert result.returncode == code
    assert said in result.stderr
    assert "VITRINE_QDRANT__" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_server_that_is_away_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unreachable server is an outage with its reason."""
    monkeypatch.setenv("VITRINE_QDRANT__URL", "http://127.0.0.1:9")

    result = CliRunner().invoke(app, ["collection", "status"])

    assert isinstance(result.exception, EngineUnavailable)
