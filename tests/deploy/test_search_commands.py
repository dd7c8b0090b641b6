"""`vitrine search calibrate` and `evaluate`: what they say of an index, and of one that they cannot use."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from catalog.embedded import EmbeddedClient
from catalog.errors import CollectionMismatch, Misconfigured, VitrineError
from deploy.cli.main import app
from deploy.processes.ingest import wired
from deploy.processes.parts import picture_fetcher
from deploy.sample.judgments import judgments
from deploy.settings import QdrantSettings, Settings
from encoders.names import EncoderSettings
from encoders.registry import load_encoders
from ingest.metrics import IngestMetrics
from tests.builders import bare, records, upserted
from tests.pipeline import ListLetters, ListSource

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

KINDS = ("shoe", "hat", "lamp", "scarf")
COLOURS = ("red", "blue", "green", "black", "white", "yellow")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take the settings of whoever runs the tests away."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a demo's folder with an index of 24 products in words, made by the shipped encoders."""
    folder = tmp_path_factory.mktemp("demo")
    settings = Settings(qdrant=QdrantSettings(path=folder / "index"))
    goods = [bare(f"{colour}-{kind}", title=f"{colour} {kind}", category=kind) for kind in KINDS for colour in COLOURS]
    source = ListSource([records(*map(upserted, goods))])
    engine = EmbeddedClient(settings.qdrant.path)
    encoders = load_encoders(EncoderSettings())
    with (
        picture_fetcher(settings) as fetcher,
        wired(settings, engine, encoders, fetcher, source, ListLetters(), IngestMetrics(), threading.Event()) as loop,
    ):
        loop.turn()
    engine.close()
    return folder


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Return a file that judges each product by its own title, and one more that the index does not have."""
    path = tmp_path / "judged.jsonl"
    lines = [{"query": f"{c} {k}", "relevant": {f"{c}-{k}": 1, "sold-out": 1}} for k in KINDS for c in COLOURS]
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    """Run `vitrine search`."""
    return CliRunner().invoke(app, ["search", *map(str, arguments)])


def refused(*arguments: object) -> VitrineError:
    """Return the error that `vitrine search` ends with."""
    error = run(*arguments).exception
    assert isinstance(error, VitrineError), error
    return error


def test_a_calibration_is_measured_kept_and_forgotten(data: Path) -> None:
    """A dry run keeps nothing; to forget is to go back to where all began."""
    dry, first, forgotten = (
        json.loads(run("calibrate", "--data", data, "--json", *extra).stdout)
        for extra in (["--dry-run"], [], ["--forget"])
    )

    assert (dry["kept"], first["kept"], forgotten["kept"]) == (False, True, False)
    assert dry["before"] == first["before"] == forgotten["now"]
    assert dry["now"] == first["now"] == forgotten["before"]
    assert first["calibration"]["products"] == 24
    levels = {(one["query"], one["arm"]): one for one in first["calibration"]["levels"]}
    assert levels.keys() == {("text", "text"), ("text", "lexical"), ("product", "text")}
    assert levels["text", "text"]["pairs"] == 24 * 18


def test_what_the_pictures_tell_is_said(data: Path) -> None:
    """In a catalogue without any it is that there is nothing to compare."""
    told = run("calibrate", "--data", data, "--dry-run").stdout

    assert "Words and pictures could not be compared: in words alone `image` counts 0.60." in told


def test_an_index_is_judged_arm_by_arm_and_tuned(data: Path, judged: Path) -> None:
    """Words find titles made of them; what the index does not have is told and left out."""
    found = json.loads(run("evaluate", judged, "--data", data, "--arms", "--tune", "--json").stdout)

    assert (found["queries"], found["unknown_products"], found["calibration"]) == (24, 1, None)
    assert found["results"].keys() == {"text", "image", "lexical", "convex", "rrf"}
    assert found["results"]["lexical"]["nDCG@10"]["value"] == 1.0
    assert found["results"]["image"]["RR"]["value"] == 0.0
    assert found["tuned"]["arms"].keys() == {"text", "image", "lexical"}
    assert found["tuned"]["tuned_on"] + found["tuned"]["judged_on"] == 24


def test_figures_are_printed_for_people(data: Path, judged: Path) -> None:
    """A table of what is fused, how it was read, and what the tuned weights are worth."""
    told = run("evaluate", judged, "--data", data, "--tune").stdout

    for words in ("24 queries", "own", "left out: 1 judged product", "convex", "rrf", "difference", '{"arms": {'):
        assert words in told
    assert "lexical " not in told.split("weights tuned")[0]


def test_an_index_in_use_is_told_before_anything_is_loaded(data: Path, judged: Path) -> None:
    """Whoever holds it is named, and what to do."""
    demo = EmbeddedClient(data / "index")
    try:
        for arguments in (["calibrate"], ["evaluate", judged]):
            error = refused(*arguments, "--data", data)
            assert isinstance(error, Misconfigured)
            assert f"pid {os.getpid()}" in str(error)
            assert "stop it" in str(error)
    finally:
        demo.close()


def test_a_folder_without_an_index_is_not_made_one(tmp_path: Path, judged: Path) -> None:
    """A wrong path is said to be wrong, and nothing is left in it."""
    for arguments in (["calibrate"], ["evaluate", judged]):
        error = refused(*arguments, "--data", tmp_path / "nowhere")
        assert isinstance(error, Misconfigured)
        assert "no index in" in str(error)
    assert not (tmp_path / "nowhere").exists()


def test_an_index_of_no_products_is_not_measured(tmp_path: Path) -> None:
    """It fails, with what to do first."""
    EmbeddedClient(tmp_path / "demo" / "index").close()
    (tmp_path / "demo" / "index" / "registry.json").write_text('{"format": 1}', encoding="utf-8")

    error = refused("calibrate", "--data", tmp_path / "demo")

    assert isinstance(error, CollectionMismatch)
    assert "vitrine collection create" in str(error)


def test_judgments_are_read_before_the_index_is_opened(tmp_path: Path) -> None:
    """A wrong file is wrong use, whatever there is to judge."""
    assert "cannot be read" in str(refused("evaluate", tmp_path / "none.jsonl"))


def test_the_sample_catalogue_comes_with_judgments() -> None:
    """Each query has a product that fits and others of its kind."""
    found = list(judgments())

    assert len(found) > 100
    assert len({str(one["query"]) for one in found}) == len(found)
    for one in found:
        gains = one["relevant"]
        assert isinstance(gains, dict)
        assert 3 in gains.values()
