"""The commands of shrinking, as somebody types them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from catalog.errors import Misconfigured
from deploy.cli.encoders import app
from encoders.training.shrink import table
from tests.encoders.shop.shops import some_goods, write_shop
from tests.encoders.shrink.orders import ROWS
from tests.encoders.tiny_models import build_tiny_text_model

if TYPE_CHECKING:
    from pathlib import Path


def test_distil_says_what_came_out(tmp_path: Path) -> None:
    """As JSON for scripts: the folder, its size, its times, its figures with intervals."""
    (tmp_path / "teacher").mkdir()
    build_tiny_text_model(tmp_path / "teacher")
    shop = write_shop(tmp_path / "shop", some_goods(ROWS))
    told = [
        "--teacher",
        str(tmp_path / "teacher"),
        "--student",
        "text",
        "--out",
        str(tmp_path / "out"),
        "--layers",
        "1",
    ]

    result = CliRunner().invoke(app, ["distil", str(shop), *told, "--epochs", "1", "--batch", "8", "--json"])

    assert result.exit_code == 0, result.output
    outcome = json.loads(result.stdout)
    assert outcome["model"] == str(tmp_path / "out" / "model")
    assert outcome["lines"][0]["student"]["value"] <= 1.0
    assert outcome["training_rows"] + outcome["held_out_rows"] == ROWS


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--epochs", "1", "--minutes", "1"], "give one of them"),
        (["--teacher", "/nowhere/at/all"], "--teacher: '/nowhere/at/all' is no encoder"),
    ],
    ids=["two lengths", "no teacher"],
)
def test_an_order_that_cannot_work_is_refused(tmp_path: Path, given: list[str], message: str) -> None:
    """Before anything is written."""
    told = [
        "distil",
        str(tmp_path / "none.csv"),
        "--teacher",
        "minilm",
        "--student",
        "text",
        "--out",
        str(tmp_path / "o"),
    ]

    result = CliRunner().invoke(app, [*told, *given])

    assert isinstance(result.exception, Misconfigured)
    assert message in str(result.exception)
    assert not (tmp_path / "o").exists()


def test_the_table_sets_all_beside_the_original(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each way, with a difference and its interval in all but the first."""
    shop = write_shop(tmp_path / "shop", some_goods(ROWS)).parent

    table.main(["--catalogue", str(shop), "--only", "vectors", "--markdown"])

    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [row.split("|")[1].strip() for row in rows[2:5]] == ["all numbers", "PCA to 256", "the first 256"]
    assert "(" not in rows[2]
    assert rows[3].count("…") == 3


def test_the_table_needs_something_to_try_on(capsys: pytest.CaptureFixture[str]) -> None:
    """And says what makes it."""
    with pytest.raises(SystemExit, match=r"^2$"):
        table.main([])

    assert "deploy.sample.write" in capsys.readouterr().err
