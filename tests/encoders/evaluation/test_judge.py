"""Encoders on trial: the fakes read colours and nothing else, so what they find can be told beforehand."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rich.console import Console

from catalog.errors import Misconfigured
from encoders.evaluation.dataset import read_table
from encoders.evaluation.judge import COLUMNS, Question, Trial, judge
from encoders.evaluation.report import as_json, as_table, find, plot
from encoders.evaluation.tasks import Graded, Query
from encoders.evaluation.vectors import Row, ask, see
from encoders.fakes import ColourPictureEncoder
from tests.encoders.evaluation.tables import an_item, write_csv, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from encoders.evaluation.dataset import ProductTable
    from encoders.interface import FloatArray, Picture, PictureEncoder, TextEncoder

ITEMS = tuple(an_item(f"{colour} {kind}") for kind in ("shirt", "mug") for colour in ("red", "blue", "black"))


class Guessing(ColourPictureEncoder):
    """Vectors out of a hat."""

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        vectors = np.random.default_rng(0).standard_normal((len(pictures), 64)).astype(np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


class Wordless:
    """A picture encoder that no word reaches."""

    def __init__(self) -> None:
        self.pictures = ColourPictureEncoder()
        self.description = self.pictures.description

    @property
    def text_tower(self) -> TextEncoder | None:
        return None

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        return self.pictures.encode_pictures(pictures)


@pytest.fixture
def table(tmp_path: Path) -> ProductTable:
    """Shirts and mugs in three colours."""
    return read_table(write_table(tmp_path, ITEMS))


def tried(
    task: str, table: ProductTable, *encoders: PictureEncoder, more: ProductTable | None = None, **options: int
) -> Trial:
    """Judge without a progress bar."""
    return judge(
        Question(task, **options),  # type: ignore[arg-type]
        encoders or [ColourPictureEncoder()],
        table,
        more,
        lambda *_: None,
    )


@pytest.mark.parametrize(
    ("task", "queries", "measure", "value"),
    [
        ("title-image", 6, "R@2", 1.0),  # a red shirt is as near as a red mug, and nothing else is
        ("title-image", 6, "P@2", 0.5),
        ("category", 6, "R@2", 1.0),
        ("image-image", 6, "P@1", 0.0),  # the first to a red shirt is the red mug
        ("composed", 12, "R@2", 1.0),  # with words as heavy as these, the picture hardly speaks
    ],
)
def test_each_task_on_an_encoder_of_colours(
    table: ProductTable, task: str, queries: int, measure: str, value: float
) -> None:
    """It finds colours without fail and takes shirts for mugs."""
    trial = tried(task, table, weight=100)

    assert len(trial.queries) == queries
    assert trial.gallery == 6
    assert trial.verdicts[0].measured.values[measure].mean() == value


def test_more_rows_are_searched_but_not_asked(tmp_path: Path, table: ProductTable) -> None:
    """A row that both tables have counts once."""
    (tmp_path / "more").mkdir()
    more = read_table(write_table(tmp_path / "more", [ITEMS[0], an_item("red shirt 2"), an_item("green hat")]))

    trial = tried("title-image", table, more=more)

    assert trial.gallery == 8
    assert [query.words for query in trial.queries] == [item.title for item in ITEMS]
    assert trial.queries[0].grades() == {0: 1, 6: 1}


def test_pictures_that_cannot_be_read_are_left_out_and_said(tmp_path: Path, table: ProductTable) -> None:
    """They are neither asked nor found."""
    (tmp_path / "pictures" / ITEMS[1].image).write_bytes(b"no picture")

    trial = tried("title-image", table)

    assert trial.gallery == 5
    assert "id blue shirt" in trial.refused[0]
    assert "blue shirt" not in [query.words for query in trial.queries]


def test_a_limit_draws_queries_and_searches_everything(table: ProductTable) -> None:
    """The same ones for the same seed."""
    trial = tried("title-image", table, limit=2)

    assert len(trial.queries) == 2
    assert trial.gallery == 6
    assert trial.queries == tried("title-image", table, limit=2).queries


@pytest.mark.parametrize("task", COLUMNS)
def test_a_table_without_the_columns_of_a_task_is_refused(tmp_path: Path, task: str) -> None:
    """By their names."""
    write_table(tmp_path, ITEMS)
    table = read_table(write_csv(tmp_path / "bare.csv", ITEMS, ("id", "image")))

    with pytest.raises(Misconfigured, match=f"lacks the columns? {', '.join(COLUMNS[task])}"):
        tried(task, table)


@pytest.mark.parametrize("task", COLUMNS)
def test_a_table_that_gives_no_query_is_refused(tmp_path: Path, task: str) -> None:
    """One row without a title and colour answers nothing."""
    table = read_table(write_table(tmp_path, [an_item("red shirt", title="", colour="")]))

    with pytest.raises(Misconfigured, match=r"shop\.csv: no"):
        tried(task, table)


def test_an_encoder_that_reads_no_words_is_judged_by_pictures(table: ProductTable) -> None:
    """The other tasks are refused before anything is encoded."""
    encoder = Wordless()

    with pytest.raises(Misconfigured, match="--task image-image"):
        tried("title-image", table, encoder)

    assert encoder.pictures.encoded == 0
    assert len(tried("image-image", table, encoder).queries) == 6


def test_without_the_library_of_measures_nothing_is_encoded(
    table: ProductTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to install is said at once, not after minutes of pictures."""
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    encoder = ColourPictureEncoder()

    with pytest.raises(Misconfigured, match=r"needs ir-measures: pip install 'vitrine\[train\]'"):
        tried("image-image", table, encoder)

    assert encoder.encoded == 0


def test_pictures_are_seen_in_order_and_counted(tmp_path: Path) -> None:
    """Across batches, whatever is unreadable among them."""
    items = [an_item(f"{('red', 'blue')[n % 2]} shirt {n}") for n in range(150)]
    table = read_table(write_table(tmp_path, items))
    (tmp_path / "pictures" / items[70].image).write_bytes(b"")
    heard: list[tuple[int, int]] = []

    seen = see(ColourPictureEncoder(), [Row(table, item) for item in items], lambda *done: heard.append(done))

    assert [row.item for row in seen.rows] == [*items[:70], *items[71:]]
    assert (seen.vectors[:, 2] > 0).tolist() == [row.item.colour == "blue" for row in seen.rows]
    assert len(seen.refused) == 1
    assert heard == [(64, 150), (128, 150), (150, 150)]


def test_a_picture_and_words_are_added_by_weight() -> None:
    """The sum has unit length; without weight the picture stays alone."""
    encoder = ColourPictureEncoder()
    pictures = np.eye(2, 64, dtype=np.float32)
    both = Query("both", (Graded(np.array([0]), 1),), words="blue", picture=1)
    blue = encoder.text_tower.encode_queries(["blue"])[0]

    weighted = ask(encoder, [both], pictures, 2.0)[0]

    expected = pictures[1] + 2 * blue
    assert weighted == pytest.approx(expected / np.linalg.norm(expected))
    assert ask(encoder, [both], pictures, 0.0)[0].tolist() == pictures[1].tolist()


def test_a_report_of_one_encoder(table: ProductTable) -> None:
    """Every measure with its interval, for people and for scripts."""
    trial = tried("title-image", table)
    findings = find(trial)
    console = Console(width=100)

    with console.capture() as said:
        console.print(as_table(findings, [1, 2]))
    plain = json.loads(json.dumps(as_json(findings, trial)))

    assert "R@2" in said.get()
    assert "1.000 … 1.000" in said.get()
    assert plain["queries"] == 6
    assert plain["encoders"][0]["name"] == "fake-colours"
    assert plain["encoders"][0]["measures"]["R@2"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert plain["difference"] == {}


def test_a_report_of_two_encoders_says_which_is_better(table: ProductTable, tmp_path: Path) -> None:
    """They are told apart even if they call themselves alike; a plot shows both."""
    trial = tried("title-image", table, Guessing(), ColourPictureEncoder())
    findings = find(trial)
    plain = json.loads(json.dumps(as_json(findings, trial)))
    console = Console(width=80)

    with console.capture() as said:
        console.print(as_table(findings, [2]))
    plot(findings, tmp_path / "curve.png", "shirts and mugs")

    assert "difference" in said.get()
    assert findings.names == ("fake-colours (1)", "fake-colours (2)")
    assert plain["difference"]["R@2"]["value"] > 0
    assert 0 < plain["difference"]["R@2"]["p"] <= 1
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_heads_of_a_comparison_break_where_names_have_joints(table: ProductTable) -> None:
    """At 80 columns, however long the names are; a part that is longer still is folded."""
    findings = find(tried("title-image", table, Guessing(), ColourPictureEncoder()))
    named = replace(findings, names=("google/siglip2-base-patch16-224", "./models/distilledstudentofnovember"))
    console = Console(width=80)

    with console.capture() as said:
        console.print(as_table(named, [1]))

    lines = said.get().splitlines()
    heads = [line[12:27].strip() for line in lines]
    assert heads[heads.index("google/") :][:3] == ["google/", "siglip2-base-", "patch16-224"]
    assert max(map(len, lines)) <= 80
    assert all(head in said.get() for head in ("difference", "95 % interval", "./models/"))


def test_a_plot_that_cannot_be_written_is_said_so(table: ProductTable, tmp_path: Path) -> None:
    """A folder that is not there, an ending that is no picture's."""
    findings = find(tried("title-image", table))

    with pytest.raises(Misconfigured, match="cannot be written"):
        plot(findings, tmp_path / "no" / "curve.png", "")
    with pytest.raises(Misconfigured, match="cannot be written"):
        plot(findings, tmp_path / "curve.xyz", "")
