"""The drawings to train on: many, titled, in the form that training reads."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from deploy.sample import COLOURS, KINDS, variety, write
from deploy.sample.variety import examples, export

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_every_kind_comes_in_every_colour() -> None:
    """Thousands of examples cover all kinds and colours, the same at every run."""
    found = list(examples())

    assert len(found) > 5_000
    assert {(one.article.kind, one.article.colour) for one in found} == {(k, c) for k in KINDS for c in COLOURS}
    assert found == list(examples())


@pytest.mark.parametrize("command", [variety.main, write.main])
def test_asking_for_help_writes_nothing(
    command: Callable[[list[str]], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was taken for the name of a folder."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit, match=r"^0$"):
        command(["--help"])

    assert list(tmp_path.iterdir()) == []


def test_they_are_written_as_a_data_set(tmp_path: Path) -> None:
    """Each row names a picture that is there."""
    export(tmp_path, list(islice(examples(), 3)))

    with (tmp_path / "products.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(tmp_path / "pictures" / row["image"]).is_file() for row in rows] == [True, True, True]
