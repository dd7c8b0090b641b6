"""A table of products is read with its pictures wherever they may lie, and what is wrong with it is said."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from catalog.errors import InvalidPicture, Misconfigured
from encoders.evaluation.dataset import Item, read_table
from tests.encoders.evaluation.tables import RGB, an_item, write_csv, write_pictures, write_table, write_tar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ITEMS = (an_item("red shirt"), an_item("blue shirt"))


def in_pictures(folder: Path, items: Sequence[Item]) -> None:
    write_pictures(folder / "pictures", items)


def in_the_folder_of_its_name(folder: Path, items: Sequence[Item]) -> None:
    write_pictures(folder / "shop", items)


def in_the_tar_of_its_name(folder: Path, items: Sequence[Item]) -> None:
    write_tar(folder / "shop.tar", items)


def in_a_folder_of_that_tar(folder: Path, items: Sequence[Item]) -> None:
    write_tar(folder / "shop.tar", items, below="./photos/")


def beside_it(folder: Path, items: Sequence[Item]) -> None:
    write_pictures(folder, items)


@pytest.mark.parametrize(
    "put", [in_pictures, in_the_folder_of_its_name, in_the_tar_of_its_name, in_a_folder_of_that_tar, beside_it]
)
def test_pictures_are_found_where_one_would_put_them(
    tmp_path: Path, put: Callable[[Path, Sequence[Item]], None]
) -> None:
    """A folder `pictures`, a folder or tar of the table's name, or beside the table: nothing need be said."""
    put(tmp_path, ITEMS)

    table = read_table(write_csv(tmp_path / "shop.csv", ITEMS))

    assert table.items == ITEMS
    assert [tuple(table.picture(item)[0, 0]) for item in table.items] == [RGB["red"], RGB["blue"]]


@pytest.mark.parametrize("write", [write_pictures, write_tar])
def test_pictures_elsewhere_are_named(tmp_path: Path, write: Callable[[Path, Sequence[Item]], Path]) -> None:
    """A folder or a tar anywhere."""
    (tmp_path / "elsewhere").mkdir()
    pictures = write(tmp_path / "elsewhere" / "all", ITEMS)

    table = read_table(write_csv(tmp_path / "shop.csv", ITEMS), pictures)

    assert table.picture(ITEMS[1]).shape == (8, 6, 3)


def test_an_image_may_lie_in_a_tar_of_the_folder(tmp_path: Path) -> None:
    """`photos.tar/NAME` is the file NAME in photos.tar, even where the folder is a link to another one."""
    (tmp_path / "data").mkdir()
    write_tar(tmp_path / "data" / "photos.tar", ITEMS)
    (tmp_path / "pictures").symlink_to(tmp_path / "data")
    items = [an_item(item.id, image=f"photos.tar/{item.image}") for item in ITEMS]

    table = read_table(write_csv(tmp_path / "shop.csv", items))

    assert tuple(table.picture(table.items[0])[0, 0]) == RGB["red"]


def test_only_id_and_image_are_needed_until_a_task_asks_for_more(tmp_path: Path) -> None:
    """The message names what a task lacks and what there is."""
    write_pictures(tmp_path, ITEMS)
    table = read_table(write_csv(tmp_path / "shop.csv", ITEMS, ("id", "image", "colour")))

    table.require(["colour"])

    assert table.items[0] == Item("red shirt", "red shirt.png", colour="red")
    with pytest.raises(Misconfigured, match="lacks the columns title, category; its header has id, image, colour"):
        table.require(["title", "category"])


def test_a_header_is_read_leniently(tmp_path: Path) -> None:
    """A byte order mark, spaces and capitals, as spreadsheets write them, and empty lines."""
    write_pictures(tmp_path, ITEMS[:1])
    (tmp_path / "shop.csv").write_text("\ufeffID, Image \r\n\r\n a ,red shirt.png\r\n", encoding="utf-8")

    assert read_table(tmp_path / "shop.csv").items == (Item("a", "red shirt.png"),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "lacks the columns id, image; its header has nothing"),
        (b"id;image\n1;a.png\n", "its header has id;image"),
        (b"id,image\n", "no rows"),
        (b"id,image\n1\n", "row 1 has no id or no image"),
        (b"id,image\n1,a.png\n1,b.png\n2,c.png\n", r"1 ids come more than once \(1\)"),
        ("id,image,title\n1,a.png,Größe\n".encode("latin-1"), "not in UTF-8"),
        (b'id,image\n1,"a"b\n', "no readable CSV"),
        (b"id,image\n1," + b"a" * 200_000 + b"\n", "no readable CSV"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """Each with what is wrong and what to do."""
    (tmp_path / "shop.csv").write_bytes(content)

    with pytest.raises(Misconfigured, match=said):
        read_table(tmp_path / "shop.csv")


def test_a_table_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """So is a folder in its place, or pictures that are nowhere."""
    write_csv(tmp_path / "shop.csv", ITEMS)

    with pytest.raises(Misconfigured, match=r"no\.csv cannot be read"):
        read_table(tmp_path / "no.csv")
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_table(tmp_path)
    with pytest.raises(Misconfigured, match=r"neither a folder nor a \.tar"):
        read_table(tmp_path / "shop.csv", tmp_path / "nowhere")
    with pytest.raises(Misconfigured, match=r"no readable \.tar"):
        read_table(tmp_path / "shop.csv", tmp_path / "shop.csv")


def test_missing_pictures_are_counted_and_named(tmp_path: Path) -> None:
    """All of them are looked for before anything is said."""
    items = [an_item(f"red shirt {n}") for n in range(9)]
    write_pictures(tmp_path / "pictures", items[:2])

    with pytest.raises(Misconfigured, match=r"7 of 9 pictures are not there \(red shirt 2.png, .* and 4 more\)"):
        read_table(write_csv(tmp_path / "shop.csv", items))


@pytest.mark.parametrize("image", ["../secret.png", "link.png", "out/secret.png", "{outside}", "a\0b", "a" * 5000])
def test_no_path_leaves_the_folder(tmp_path: Path, image: str) -> None:
    """Neither by dots, nor by links, nor from the root of the disk."""
    secret = write_pictures(tmp_path, [an_item("red secret", image="secret.png")]) / "secret.png"
    shop = tmp_path / "shop"
    (shop / "pictures").mkdir(parents=True)
    (shop / "pictures" / "link.png").symlink_to(secret)
    (shop / "pictures" / "out").symlink_to(tmp_path)
    item = an_item("red shirt", image=image.format(outside=secret))

    with pytest.raises(Misconfigured, match="1 of 1 pictures are not there"):
        read_table(write_csv(shop / "shop.csv", [item]))


def test_links_and_folders_in_a_tar_are_no_pictures(tmp_path: Path) -> None:
    """Only files count; two of one name are told apart by their folders alone."""
    with tarfile.open(tmp_path / "shop.tar", "w") as archive:
        for name, kind in (("a.png", tarfile.SYMTYPE), ("b.png", tarfile.DIRTYPE)):
            member = tarfile.TarInfo(name)
            member.type = kind
            member.linkname = "/etc/passwd"
            archive.addfile(member)
        for name in ("x/c.png", "y/c.png"):
            archive.addfile(tarfile.TarInfo(name))
    items = [an_item("red shirt", id=name, image=f"{name}.png") for name in ("a", "b", "c", "x/c")]

    with pytest.raises(Misconfigured, match=r"3 of 4 pictures are not there \(a.png, b.png, c.png\)"):
        read_table(write_csv(tmp_path / "shop.csv", items))


def test_a_broken_picture_is_named_with_its_row(tmp_path: Path) -> None:
    """So that whoever reads on can say which; so is one that went away since."""
    table = read_table(write_table(tmp_path, ITEMS))
    (tmp_path / "pictures" / ITEMS[0].image).write_bytes(b"no picture")
    (tmp_path / "pictures" / ITEMS[1].image).unlink()

    with pytest.raises(InvalidPicture, match=r"shop.csv, id red shirt, red shirt.png: .* no picture"):
        table.picture(ITEMS[0])
    with pytest.raises(InvalidPicture, match=r"id blue shirt, .* cannot be read"):
        table.picture(ITEMS[1])
