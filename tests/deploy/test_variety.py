"""The drawings to train on: many, titled, in the form that training reads."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING

from deploy.sample import COLOURS, KINDS
from deploy.sample.variety import examples, export

if TYPE_CHECKING:
    from pathlib import Path


def test_every_kind_comes_in_every_colour() -> None:
    """Thousands of examples cover all kinds and colours, the same at every run."""
    found = list(examples())

    assert len(found) > 5_000
    assert {(one.article.kind, one.article.colour) for one in found} == {(k, c) for k in KINDS for c in COLOURS}
    assert found == list(examples())


def test_they_are_written_as_a_data_set(tmp_path: Path) -> None:
    """Each row names a picture that is there."""
    export(tmp_path, list(islice(examples(), 3)))

    with (tmp_path / "products.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(tmp_path / "pictures" / row["image"]).is_file() for row in rows] == [True, True, True]
