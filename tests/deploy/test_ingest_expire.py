"""`vitrine ingest expire`, as a user runs it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from catalog.errors import CollectionMismatch
from catalog.points import DERIVED, HIDDEN_SINCE
from deploy.cli.main import app
from deploy.processes.parts import open_engine
from deploy.settings import load_settings
from tests.builders import as_bytes, bare, deleted, upserted

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of its own, with settings of its own."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VITRINE_QDRANT__PATH", str(tmp_path / "index"))


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["ingest", *arguments])


def test_old_tombstones_are_forgotten(tmp_path: Path) -> None:
    """Those of today stay, and the setting says how long."""
    (tmp_path / "shop.jsonl").write_bytes(b"\n".join(map(as_bytes, [upserted(bare("a")), deleted("b"), deleted("c")])))
    assert run("load", "shop.jsonl").exit_code == 0
    settings = load_settings()
    engine = open_engine(settings)
    hidden = [
        one.id for one in engine.scroll(settings.collection)[0] if not (one.payload or {})["product"].get("title")
    ]
    past = {HIDDEN_SINCE.removeprefix(f"{DERIVED}."): "2026-05-01T10:00:00Z"}
    engine.set_payload(settings.collection, payload=past, key=DERIVED, points=hidden[:1])
    engine.close()

    told = json.loads(run("expire", "--json").stdout)
    again = run("expire")

    assert told == {"finished": True, "due": 1, "done": 1, "days": 30.0}
    assert (again.exit_code, "unchanged for 30 days, forgotten: 0" in again.stdout) == (0, True)


def test_without_an_index_it_says_so() -> None:
    """Nothing is made on the way."""
    answer = run("expire")

    assert answer.exit_code == 1
    assert isinstance(answer.exception, CollectionMismatch)
