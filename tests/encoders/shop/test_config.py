"""What a training is told, and how it is told what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.errors import Misconfigured
from encoders.training.shop.config import TrainingConfig, read_config

TOML = 'data = "products.csv"\nout = "run"\n'


def written(folder: Path, text: str, name: str = "train.toml") -> Path:
    """Return a file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_two_lines_are_enough(tmp_path: Path) -> None:
    """A table and a folder make a run on the shipped tower."""
    told = read_config(written(tmp_path, TOML))
    assert (told.base, told.labels, told.passes) == ("vitrine-pictures", ("category", "title"), 10)


def test_yaml_says_the_same(tmp_path: Path) -> None:
    """YAML and TOML are read alike."""
    yaml = written(tmp_path, "data: products.csv\nout: run\nlabels: [colour]\n", "train.yaml")
    assert read_config(yaml) == read_config(written(tmp_path, TOML + 'labels = ["colour"]\n'))


def test_the_held_out_part_is_a_share_or_a_table(tmp_path: Path) -> None:
    """A number is a share, a text another table."""
    assert read_config(written(tmp_path, TOML + "held_out = 0.2\n")).held_out == pytest.approx(0.2)
    assert read_config(written(tmp_path, f'{TOML}held_out = "test.csv"')).held_out == Path("test.csv")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("epoch = 3", "epoch is no setting: did you mean epochs?"),
        ("wings = 2", "wings is no setting: there are data, out"),
        ("epochs = 0", "epochs: Input should be greater than or equal to 1, not 0"),
        ('batch = "many"', "batch: Input should be a valid integer"),
        ("batch = 2", "batch: Input should be greater than or equal to 8"),
        ('loss = "hinge"', "loss: Input should be 'info-nce', 'multiple-negatives' or 'triplet', not 'hinge'"),
        ("labels = []", "labels"),
        ('labels = ["price"]', "Input should be 'title', 'category', 'colour' or 'group', not 'price'"),
        ('labels = ["title", "title"]', "labels: name each column once"),
        ("held_out = 0.9", "held_out"),
        ('device = "tpu"', "device"),
        ("epochs = 2\nminutes = 5", "give epochs or minutes, not both"),
        ("epochs = = 2", "is no readable TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, line: str, said: str) -> None:
    """An unknown setting or a wrong value is refused with its name and what it takes."""
    with pytest.raises(Misconfigured) as error:
        read_config(written(tmp_path, f"{TOML}{line}\n"))
    assert said in str(error.value)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    """One message holds every mistake."""
    with pytest.raises(Misconfigured, match=r"out is missing: folder .*; seed: .*; wings is no setting"):
        read_config(written(tmp_path, 'data = "products.csv"\nseed = -1\nwings = 2\n'))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("train.json", "{}", "are a .toml or a .yaml file"),
        ("train.yaml", "- 1\n", "holds no settings"),
        ("train.yaml", "a: [1", "is no readable YAML"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    """A file of another kind is told what would do."""
    with pytest.raises(Misconfigured, match=said):
        read_config(written(tmp_path, text, name))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_config(tmp_path / "none.toml")


def test_a_file_in_another_encoding_is_said(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are refused."""
    (tmp_path / "train.toml").write_bytes(b"data = '\xff'")
    with pytest.raises(Misconfigured, match="not in UTF-8"):
        read_config(tmp_path / "train.toml")


def test_differences_name_both_values() -> None:
    """What another run was told differently is said with both values; where it lies does not count."""
    one = TrainingConfig(data=Path("a.csv"), out=Path("x"), batch=32)
    other = TrainingConfig(data=Path("a.csv"), out=Path("y"), batch=64)
    assert one.differences(other) == ["batch: 64, here 32"]
