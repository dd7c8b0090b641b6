"""`vitrine encoders evaluate` on a tiny table and tiny models."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from catalog.errors import Misconfigured
from deploy.cli.main import app
from encoders.evaluation.judge import COLUMNS
from encoders.names import MINILM
from tests.encoders.evaluation.tables import an_item, write_table
from tests.encoders.tiny_clip import build_tiny_clip

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

ITEMS = [an_item(f"{colour} {kind}") for kind in ("shirt", "mug") for colour in ("red", "blue", "black")]


@pytest.fixture(autouse=True)
def _plain_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("VITRINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of an untrained CLIP."""
    return str(build_tiny_clip(tmp_path_factory.mktemp("clip")))


def evaluate(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["encoders", "evaluate", *arguments])


def answer(*arguments: str) -> Any:  # noqa: ANN401 - JSON
    """Return what the command prints for scripts."""
    result = evaluate(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("task", COLUMNS)
def test_every_task_judges_any_encoder(tmp_path: Path, clip: str, task: str) -> None:
    """A model in a folder is judged by name, and a script reads all of it."""
    found = answer(str(write_table(tmp_path, ITEMS)), "--task", task, "--image", clip)

    assert found["task"] == task
    assert found["gallery"] == 6
    assert found["encoders"][0]["name"] == clip
    one = found["encoders"][0]["measures"]["nDCG@10"]
    assert 0 <= one["low"] <= one["value"] <= one["high"] <= 1


def test_a_table_is_printed_and_a_plot_drawn(tmp_path: Path, clip: str) -> None:
    """With the cut-offs asked for, and what could not be read."""
    table = write_table(tmp_path, ITEMS)
    (tmp_path / "pictures" / ITEMS[0].image).write_bytes(b"no picture")
    plot = tmp_path / "curve.png"

    result = evaluate(str(table), "--task", "title-image", "--image", clip, "--at", "3,2", "--plot", str(plot))

    assert result.exit_code == 0, result.output
    assert "title-image: 5 queries, 5 pictures" in result.stdout
    assert result.stdout.index("P@2") < result.stdout.index("P@3")
    assert "P@10" not in result.stdout
    assert "left out 1 picture" in result.stderr
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_two_encoders_are_compared_on_the_same_queries(tmp_path: Path, clip: str) -> None:
    """An encoder does not differ from itself."""
    found = answer(str(write_table(tmp_path, ITEMS)), "--task", "category", "--compare", clip, clip, "--limit", "4")

    assert found["queries"] == 4
    assert len(found["encoders"]) == 2
    assert found["difference"]["RR"] == {"value": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}


@pytest.mark.parametrize("option", ["--image", "--compare"])
def test_a_wrong_encoder_is_said_by_the_option_that_was_given(tmp_path: Path, clip: str, option: str) -> None:
    """Not by the setting that it stands in for; one that reads no pictures likewise."""
    table = str(write_table(tmp_path, ITEMS))

    for wrong, said in (("/no/such/folder", "there is no such folder"), (MINILM, "does not read pictures")):
        given = [clip, wrong] if option == "--compare" else [wrong]
        error = evaluate(table, "--task", "image-image", option, *given).exception
        assert isinstance(error, Misconfigured)
        assert str(error).startswith(f"{option}: ")
        assert said in str(error)


def test_titles_held_out_are_asked_of_the_whole_catalogue(tmp_path: Path, clip: str) -> None:
    """`--gallery` is searched as well."""
    (tmp_path / "rest").mkdir()
    held = write_table(tmp_path, ITEMS[:2], "held.csv")
    rest = write_table(tmp_path / "rest", ITEMS[2:], "rest.csv")

    found = answer(
        str(held), "--task", "title-image", "--gallery", str(rest),
        "--gallery-pictures", str(tmp_path / "rest" / "pictures"), "--image", clip,
    )  # fmt: skip

    assert (found["queries"], found["gallery"]) == (2, 6)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--at", "0"], "--at takes"),
        (["--at", "five"], "--at takes"),
        (["--plot", "nowhere/curve.png"], "--plot"),
        (["--plot", "curve.txt"], "--plot"),
        (["--compare", "a", "b", "--image", "c"], "leave --image out"),
        (["--gallery", "nowhere.csv"], r"nowhere\.csv"),
        (["--pictures", "nowhere"], "nowhere is neither"),
    ],
)
def test_wrong_use_is_said_before_a_model_is_loaded(tmp_path: Path, options: list[str], said: str) -> None:
    """Each names the option and what it takes."""
    result = evaluate(str(write_table(tmp_path, ITEMS)), "--task", "category", *options)

    assert isinstance(result.exception, Misconfigured)
    with pytest.raises(Misconfigured, match=said):
        raise result.exception
