"""A picture that an encoder cannot take costs its own vector, never those of its batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.errors import Misconfigured
from catalog.points import Stored
from encoders.fakes import ColourPictureEncoder
from encoders.interface import checked
from ingest.encoding import _each
from tests.builders import bare, jpeg, upserted
from tests.pipeline import change, new_encoding, statuses

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from encoders.interface import FloatArray, Picture

COLOURS = ("red", "green", "blue", "yellow", "black")


class BrokenForGreen(ColourPictureEncoder):
    """A network whose weights break on green: what it makes of it is not finite, or of no direction."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return what the network makes of the pictures, checked as every encoder does."""
        vectors = super().encode_pictures(pictures)
        vectors[[bool(picture[0, 0, 1] > 100 > picture[0, 0, 0]) for picture in pictures]] = self.value
        return checked(vectors, self.description, len(pictures))


class OfAnotherSize(ColourPictureEncoder):
    """A network that makes longer vectors than it says."""

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return vectors of one number more."""
        vectors = super().encode_pictures(pictures)
        return checked(np.pad(vectors, ((0, 0), (0, 1))), self.description, len(pictures))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with a picture of each colour."""
    for colour in COLOURS:
        (tmp_path / f"{colour}.jpg").write_bytes(jpeg(colour))
    return tmp_path


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_a_vector_that_is_not_finite_costs_one_picture(root: Path, value: float) -> None:
    """Its product is found by its text, its neighbours by what they would have had without it."""
    batch = [change(Stored(name), upserted(bare(name, images=[f"{name}.jpg"]))) for name in COLOURS]

    with new_encoding(root, picture=BrokenForGreen(value)) as parts:
        broken = {write.product.product_id: write for write in parts.encoding.points(batch)}
    with new_encoding(root) as parts:
        whole = {write.product.product_id: write for write in parts.encoding.points(batch)}

    assert {name: statuses(write) for name, write in broken.items() if statuses(write) != ["ok"]} == {
        "green": ["refused"]
    }
    assert set(broken["green"].vectors) == {"text", "lexical"}
    for name in set(COLOURS) - {"green"}:
        np.testing.assert_allclose(
            np.asarray(broken[name].vectors["image"]), np.asarray(whole[name].vectors["image"]), atol=1e-6
        )


@pytest.mark.parametrize("place", range(5))
def test_a_broken_array_costs_one_picture(place: int) -> None:
    """Wherever it stands in a batch; the others keep their places."""
    encoder = ColourPictureEncoder()
    pictures = [np.full((4, 4, 3), 50 * number, dtype=np.uint8) for number in range(5)]
    alone = [encoder.encode_pictures([picture])[0] for picture in pictures]
    pictures[place] = np.zeros((4, 4), dtype=np.uint8)

    found = _each(encoder.encode_pictures, pictures)

    assert found[place] is None
    for number in set(range(5)) - {place}:
        np.testing.assert_array_equal(np.asarray(found[number]), alone[number])


def test_a_network_of_another_size_stops_the_worker(root: Path) -> None:
    """Every picture would be refused, one by one, and nobody would know why."""
    batch = [change(Stored("a"), upserted(bare("a", images=["red.jpg"])))]

    with new_encoding(root, picture=OfAnotherSize()) as parts, pytest.raises(Misconfigured, match="fake-colours"):
        parts.encoding.points(batch)
