"""Which rows belong together, and the words that say so."""

from __future__ import annotations

import numpy as np

from encoders.evaluation.dataset import Item
from encoders.training.shop.labels import read_labels


def item(**values: str) -> Item:
    """Return a row."""
    return Item(**({"id": "1", "image": "1.png"} | values))


def test_case_and_blanks_tell_nothing_apart() -> None:
    """Values that differ in writing alone are one label; an empty one is none."""
    rows = [item(category="Shoes >Boots"), item(category="shoes > boots"), item(category="")]
    assert read_labels("category", rows).numbers.tolist() == [0, 0, -1]


def test_the_last_part_says_it() -> None:
    """A category's words are its last part where that names one value only, else the whole path."""
    paths = ["Men > Shoes", "Women > Shoes", "Women > Dresses"]
    labels = read_labels("category", [item(category=path) for path in paths])
    assert labels.words == ("men shoes", "women shoes", "dresses")


def test_a_group_has_no_words() -> None:
    """Nobody searches for a group's number."""
    assert read_labels("group", [item(group="7"), item(group="8")]).words == ()


def test_members_count_known_rows() -> None:
    """Rows without the label count nowhere."""
    labels = read_labels("colour", [item(colour=one) for one in ("red", "", "red", "blue", "red")])
    assert labels.members(np.array([0, 1, 2, 3])).tolist() == [2, 1]
