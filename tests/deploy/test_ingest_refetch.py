"""`vitrine ingest refetch`, as a user runs it."""

from __future__ import annotations

import json
import os
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from catalog.points import DERIVED, PICTURES_DUE
from deploy.cli.main import app
from deploy.processes.parts import declare, open_engine, picture_fetcher
from deploy.processes.refetching import refetched_now_and_then
from deploy.settings import load_settings
from encoders.names import EncoderSettings
from encoders.registry import load_encoders
from ingest.metrics import IngestMetrics
from ingest.store import Store
from tests.builders import as_bytes, bare, jpeg, upserted
from tests.logs import wait_until

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
    monkeypatch.setenv("VITRINE_IMAGES__ROOT", str(tmp_path))
    monkeypatch.setenv("VITRINE_INGEST__ENCODING_CACHE", str(tmp_path / "cache" / "encodings.sqlite"))


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["ingest", *arguments])


def make_due() -> None:
    """Let the time pass after which pictures are due again."""
    settings = load_settings()
    engine = open_engine(settings)
    past = {PICTURES_DUE.removeprefix(f"{DERIVED}."): "2026-05-01T10:00:00Z"}
    points, _ = engine.scroll(collection_name=settings.collection, limit=10)
    engine.set_payload(settings.collection, payload=past, key=DERIVED, points=[point.id for point in points])
    engine.close()


def test_pictures_that_came_are_found_by(tmp_path: Path) -> None:
    """One is there by now, another still is not; what was encoded is in the cache."""
    events = [upserted(bare(name, images=[f"{name}.jpg"])) for name in ("a", "b")]
    (tmp_path / "shop.jsonl").write_bytes(b"\n".join(map(as_bytes, events)))
    assert run("load", "shop.jsonl").exit_code == 0
    (tmp_path / "a.jpg").write_bytes(jpeg())
    make_due()

    some = json.loads(run("refetch", "--limit", "1", "--json").stdout)
    rest = run("refetch")

    assert (some["finished"], some["due"], some["products"], some["left"]) == (True, 2, 1, 1)
    assert rest.exit_code == 0
    assert "products asked for again: 1" in rest.stdout
    assert ("1 came" in rest.stdout) != (some["pictures"]["ok"] == 1)
    assert ("1 failed again" in rest.stdout) != (some["pictures"]["failed"] == 1)
    assert (tmp_path / "cache" / "encodings.sqlite").stat().st_size > 0


def test_the_demo_asks_now_and_then(tmp_path: Path) -> None:
    """What a CronJob does for a deployment is done beside its worker, and counted with what that does."""
    (tmp_path / "shop.jsonl").write_bytes(as_bytes(upserted(bare("a", images=["a.jpg"]))))
    assert run("load", "shop.jsonl").exit_code == 0
    (tmp_path / "a.jpg").write_bytes(jpeg())
    make_due()
    settings, encoders = load_settings(), load_encoders(EncoderSettings())
    collection = declare(settings, encoders).physical_name
    stopping, metrics = threading.Event(), IngestMetrics()

    with closing(open_engine(settings)) as engine, picture_fetcher(settings) as fetcher:
        store = Store(engine, collection)
        parts = (settings, engine, encoders, fetcher, metrics)
        with refetched_now_and_then(*parts, stopping=stopping, every_seconds=0.05):
            wait_until(lambda: store.read(["a"])["a"].derived.pictures[0].status == "ok", "the picture")

    assert metrics.registry.get_sample_value("vitrine_ingest_pictures_total", {"outcome": "ok"}) == 1
