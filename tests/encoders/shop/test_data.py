"""A shop's rows are read whole, or it is said what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from catalog.errors import Misconfigured
from encoders.training.shop.data import ShopData, divide, read_rows, with_pictures, with_titles
from tests.encoders.shop.shops import HEADER, config, some_goods, unheard, write_shop

if TYPE_CHECKING:
    from pathlib import Path


def prepared(folder: Path, **changed: Any) -> ShopData:  # noqa: ANN401 - any setting
    """Return the data of the shop in a folder."""
    told = config(folder, **changed)
    return divide(with_pictures(read_rows(told), unheard), told)


def refusal(folder: Path, **changed: Any) -> str:  # noqa: ANN401 - any setting
    """Return why the shop in a folder is refused."""
    with pytest.raises(Misconfigured) as error:
        prepared(folder, **changed)
    return str(error.value)


def test_a_shop_is_read_and_split(tmp_path: Path) -> None:
    """All rows are used, a share of them is held out, and no group is on both sides."""
    write_shop(tmp_path / "shop", some_goods(48))
    data = prepared(tmp_path)
    assert (len(data.training_rows), len(data.held_out_rows), data.read) == (36, 12, 48)
    sides = [{data.rows[number].item.group for number in side} for side in (data.training_rows, data.held_out_rows)]
    assert not sides[0] & sides[1]


def test_another_table_is_measured_on(tmp_path: Path) -> None:
    """Rows of the table named by `held_out` are the held-out ones; rows bound to them are not learnt from."""
    goods = some_goods(60)
    write_shop(tmp_path / "shop", goods[:47])
    aside = write_shop(tmp_path / "aside", goods[46:])
    data = prepared(tmp_path, held_out=aside)
    assert [data.rows[number].item.id for number in data.held_out_rows] == [f"p{n}" for n in range(46, 60)]
    assert data.refused == ("id p46: it is bound to a held-out row by group",)


def test_three_rows_are_too_few(tmp_path: Path) -> None:
    """The message says how many are needed."""
    write_shop(tmp_path / "shop", some_goods(3))
    assert "has 3 rows: training takes at least 40" in refusal(tmp_path)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """What labels or split name must be there."""
    write_shop(tmp_path / "shop", some_goods(), tuple(one for one in HEADER if one != "colour"))
    assert "lacks the column colour" in refusal(tmp_path)


def test_an_empty_column_labels_nothing(tmp_path: Path) -> None:
    """A label needs two values at least."""
    write_shop(tmp_path / "shop", some_goods(), colour="")
    assert "the column colour has 0 values" in refusal(tmp_path)


def test_labels_that_nobody_shares_say_nothing(tmp_path: Path) -> None:
    """Without words and without two members of a value there is nothing to learn."""
    table = write_shop(tmp_path / "shop", some_goods())
    lines = table.read_text().splitlines()
    rows = [",".join([*line.split(",")[:-1], f"own{number}"]) for number, line in enumerate(lines[1:])]
    table.write_text("\n".join([lines[0], *rows]))
    assert "no two rows to learn from share a value of group" in refusal(tmp_path, labels=("group",))


def test_bad_pictures_are_named_and_left_out(tmp_path: Path) -> None:
    """A picture that cannot be read costs its row alone."""
    write_shop(tmp_path / "shop", some_goods())
    (tmp_path / "shop" / "7.png").write_bytes(b"no picture")
    data = prepared(tmp_path)
    assert len(data.rows) == 47
    assert len(data.refused) == 1
    assert "id p7" in data.refused[0]


def test_too_many_bad_pictures_are_said(tmp_path: Path) -> None:
    """Where too few are left, some of the culprits are named."""
    write_shop(tmp_path / "shop", some_goods())
    for number in range(12):
        (tmp_path / "shop" / f"{number}.png").write_bytes(b"")
    assert "36 rows are left, and training takes at least 40" in (said := refusal(tmp_path))
    assert "id p0" in said


def test_one_title_for_all_cannot_be_split(tmp_path: Path) -> None:
    """Rows that all hang together cannot be held out, and the message says by what they do."""
    write_shop(tmp_path / "shop", some_goods(), title="goods")
    assert "48 of them hang together by group, title, picture" in refusal(tmp_path, split=None)


def test_a_batch_larger_than_the_data_is_refused(tmp_path: Path) -> None:
    """The message says what would fit."""
    write_shop(tmp_path / "shop", some_goods(48))
    assert "set it to 36 or less" in refusal(tmp_path, batch=64)


def test_titles_do_without_pictures(tmp_path: Path) -> None:
    """A text model learns from rows with a title; the title itself cannot be its label."""
    table = write_shop(tmp_path / "shop", some_goods())
    table.write_text(table.read_text().replace("red shoe no 0", ""))
    told = config(tmp_path, labels=("category",))
    data = divide(with_titles(read_rows(told), told), told)
    assert (len(data.rows), len(data.pixels), data.refused) == (47, 0, ("id p0: it has no title",))
    titled = config(tmp_path, labels=("title",))
    with pytest.raises(Misconfigured, match="the title cannot be the label"):
        with_titles(read_rows(titled), titled)


def test_pixels_belong_to_their_rows(tmp_path: Path) -> None:
    """What is left out leaves no gap: each row's pixels are of its own picture."""
    write_shop(tmp_path / "shop", some_goods())
    (tmp_path / "shop" / "0.png").write_bytes(b"")
    data = prepared(tmp_path)
    middle = data.pixels[:, :, 48, 48].astype(int)
    assert data.rows[0].item.colour == "red"
    assert np.abs(middle[0] - (200, 40, 40)).max() < 40
