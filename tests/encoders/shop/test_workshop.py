"""The folder of a run is its own: nothing else is written over, and nobody else's run taken up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.errors import Misconfigured
from encoders.training.shop.data import divide, read_rows, with_pictures
from encoders.training.shop.workshop import begin, open_workshop
from tests.encoders.shop.shops import config, some_goods, unheard, write_shop

if TYPE_CHECKING:
    from pathlib import Path

    from encoders.training.shop.data import ShopData


def data_of(folder: Path) -> ShopData:
    """Return the data of the shop in a folder."""
    told = config(folder)
    return divide(with_pictures(read_rows(told), unheard), told)


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    """Folders that are not there yet are made, and nothing has come out of them."""
    assert open_workshop(config(tmp_path, out=tmp_path / "a" / "b")) is None
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    """Training writes into no folder that holds something else."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").touch()
    with pytest.raises(Misconfigured, match="is not empty and holds no training run"):
        open_workshop(config(tmp_path))


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    """A folder that cannot be made is said before anything is loaded."""
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="cannot be used"):
        open_workshop(config(tmp_path, out=tmp_path / "file" / "out"))


def test_a_broken_record_is_said(tmp_path: Path) -> None:
    """A run.json that nobody can read is not guessed at."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.json").write_text("{}")
    with pytest.raises(Misconfigured, match="is not as a training run wrote it"):
        open_workshop(config(tmp_path))


def test_other_rows_make_another_run(tmp_path: Path) -> None:
    """A run does not go on when its table has changed meanwhile; unchanged, it does."""
    write_shop(tmp_path / "shop", some_goods())
    told = config(tmp_path)
    open_workshop(told)
    begin(told, "revision", data_of(tmp_path))
    begin(told, "revision", data_of(tmp_path))
    write_shop(tmp_path / "shop", some_goods(50))
    with pytest.raises(Misconfigured, match="holds a run on other rows or pictures"):
        begin(told, "revision", data_of(tmp_path))


def test_another_base_makes_another_run(tmp_path: Path) -> None:
    """A base that has changed under its name is noticed."""
    write_shop(tmp_path / "shop", some_goods())
    told = config(tmp_path)
    open_workshop(told)
    begin(told, "revision", data_of(tmp_path))
    with pytest.raises(Misconfigured, match="another state of"):
        begin(told, "other", data_of(tmp_path))
