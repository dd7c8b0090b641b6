"""What the shipped weights are judged by, on a made-up copy of the training's data; and that data as tables."""

from __future__ import annotations

import csv
import io
import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from catalog.errors import Misconfigured
from encoders.bundled import PICTURE_SIDE
from encoders.evaluation.dataset import read_table
from encoders.training.baselines import shrunken, untrained_tower
from encoders.training.data import load
from encoders.training.evaluate import main
from encoders.training.figures import labelled
from encoders.training.tables import write_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FASHION = 160
PHOTOS = 60
COLUMNS = (
    "id", "gender", "masterCategory", "subCategory", "articleType", "baseColour", "season", "year", "usage",
    "productDisplayName",
)  # fmt: skip


def hat(texts: Sequence[str]) -> NDArray[np.float32]:
    """Text vectors out of a hat: the language model would take seconds to load."""
    vectors = np.random.default_rng(3).normal(size=(len(texts), 384)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def write_tar(path: Path, names: Sequence[str]) -> None:
    """Put a picture of noise, another for each name, into a tar."""
    random = np.random.default_rng(len(names))
    with tarfile.open(path, "w") as archive:
        for name in names:
            file = io.BytesIO()
            Image.fromarray(random.integers(0, 256, (8, 6, 3), dtype=np.uint8)).save(file, "PNG")
            member = tarfile.TarInfo(name)
            member.size = file.tell()
            archive.addfile(member, io.BytesIO(file.getvalue()))


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Shirts and mugs that are all red, and photos of hats and belts from thirty senders."""
    folder = tmp_path / "data"
    folder.mkdir()
    kinds = [("Topwear", "Shirts"), ("Cups", "Mugs")]
    goods = [("Men", "Wear", *kinds[n % 2], "Red", "", "", "", f"Red thing {n} by Ann") for n in range(FASHION)]
    write_csv(folder / "fashion.csv", COLUMNS, [(n, *one) for n, one in enumerate(goods)])
    write_csv(
        folder / "clothing.csv",
        ("image", "sender_id", "label", "kids"),
        [(f"p{n}", n // 2, ("Hat", "Belt")[n % 2], False) for n in range(PHOTOS)],
    )
    write_tar(folder / "fashion-60x80.tar", [f"{n}.jpg" for n in range(FASHION)])
    write_tar(folder / "fashion-224.tar", [])
    write_tar(folder / "clothing-photos.tar", [f"p{n}.jpg" for n in range(PHOTOS)])
    return folder


def test_one_command_prints_every_figure_beside_its_aim(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With intervals, the untrained network and the scale of unrelated pairs."""
    monkeypatch.setenv("COLUMNS", "150")
    load(data, [], tmp_path / "cache", hat)  # leaves the text vectors where the command looks for them first

    main(["--data", str(data), "--cache", str(tmp_path / "cache")])

    said = capsys.readouterr().out
    for part in ("≥ 0.73", "≥ 0.36", "≥ 0.75", "≥ 0.82", "all 160 pictures", "random weights", "title × picture"):
        assert part in said


def test_labels_are_told_by_others(tmp_path: Path) -> None:
    """Every neighbour has one vote; precision at 5 asks for no more right ones than there are."""
    known = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]], dtype=np.float32)
    asked = np.array([[1, 0], [0, 1], [0, 1]], dtype=np.float32)

    found = labelled(asked, np.array([7, 8, 7]), known, np.array([7, 7, 8, 8, 8]))

    assert found.vote.value == pytest.approx(1 / 3)  # all five are neighbours, and 8 has the majority
    assert found.precision.value == pytest.approx((1 + 1 + 0) / 3)
    assert found.commonest == pytest.approx(1 / 3)


def test_the_untrained_network_is_the_same_for_the_same_seed_and_tells_pictures_apart() -> None:
    """Without set norms all its vectors would be one."""
    pixels = np.random.default_rng(0).integers(0, 256, (12, 3, PICTURE_SIDE, PICTURE_SIDE), dtype=np.uint8)
    pixels[6:] //= 4
    pictures = [one.transpose(1, 2, 0) for one in pixels]

    first, again, other = (untrained_tower(pixels, seed).encode(pictures) for seed in (0, 0, 1))

    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    assert (first @ first.T).min() < 0.99


def test_bare_pixels_are_vectors_too() -> None:
    """Eight by eight colours of unit length."""
    vectors = shrunken(np.full((2, 3, 16, 16), 200, dtype=np.uint8))

    assert vectors.shape == (2, 192)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)


def test_the_data_is_written_as_tables_that_can_be_judged(data: Path, tmp_path: Path) -> None:
    """Split as the training is; pictures stay where they are."""
    rows = load(data, [], tmp_path / "cache", hat).rows
    out = tmp_path / "tables"

    written = write_tables(rows, data, out)
    again = write_tables(rows, data, out)

    assert written == again
    assert sum(written.values()) == FASHION + PHOTOS
    held = read_table(out / "fashion-heldout.csv")
    assert {int(item.id) for item in held.items} == {
        int(row.key[:-4]) for row in rows if row.held_out and row.source == "fashion"
    }
    assert held.items[0].image == f"fashion-60x80.tar/{held.items[0].id}.jpg"
    assert held.items[0].colour == "red"
    assert held.items[0].group == f"thing {held.items[0].id} by ann"
    assert held.picture(held.items[0]).shape == (8, 6, 3)
    photos = [item for side in ("train", "heldout") for item in read_table(out / f"clothing-{side}.csv").items]
    assert {item.group for item in photos} == {f"sender:{n}" for n in range(PHOTOS // 2)}
    assert {item.category for item in photos} == {"hats", "belts"}


def test_a_link_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    """Something else lies there."""
    (tmp_path / "pictures").mkdir()

    with pytest.raises(Misconfigured, match="give another --out"):
        write_tables([], tmp_path, tmp_path)
