"""The training's commands: a mistake ends with what would do, not with a traceback."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from catalog.errors import Misconfigured
from encoders.training import align, evaluate, tables, train
from encoders.training.checkpoint import CHECKPOINT, read_checkpoint
from encoders.training.experiments import chinese, fusion, robustness, variants
from encoders.training.progress import tracked
from encoders.training.shrink import table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("command", "more"),
    [
        (evaluate.main, []),
        (tables.main, ["--out"]),
        (train.main, ["--out"]),
        (align.main, ["--weights", "none", "--out"]),
        (variants.main, ["--out"]),
        (robustness.main, []),
        (fusion.main, []),
        (table.main, []),
    ],
)
def test_data_that_is_not_there_is_said(
    command: Callable[[list[str]], None], more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the exit code for wrong use."""
    given = [*more, str(tmp_path / "out")] if more else []

    with pytest.raises(SystemExit, match=r"^2$"):
        command(["--data", str(tmp_path / "nowhere"), "--cache", str(tmp_path), *given])

    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("command", [evaluate.main, robustness.main, fusion.main, table.main, chinese.main])
def test_what_is_not_installed_is_said_before_anything_is_read(
    command: Callable[[list[str]], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not after minutes of encoding, and not by a traceback."""
    monkeypatch.setitem(sys.modules, "ir_measures", None)

    with pytest.raises(SystemExit, match=r"^2$"):
        command([] if command is chinese.main else ["--data", "nowhere"])

    assert "needs ir-measures: pip install 'vitrine[train]'" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint"])
def test_a_file_that_is_no_checkpoint_is_said(content: bytes | None, tmp_path: Path) -> None:
    """By its path, whether it is missing or something else."""
    path = tmp_path / CHECKPOINT
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(Misconfigured, match=str(path)):
        read_checkpoint(path)


def test_progress_stays_out_of_what_a_script_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """It is drawn on standard error."""
    assert list(tracked([1, 2, 3], "counting")) == [1, 2, 3]

    said = capsys.readouterr()
    assert not said.out
    assert "counting" in said.err
