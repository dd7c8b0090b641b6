"""What every encoder promises, checked in one place: descriptions, vectors, scales, texts."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from catalog.errors import InvalidInput, Misconfigured
from encoders.fakes import ColourPictureEncoder, fake_encoders
from encoders.interface import (
    PICTURE_QUERY,
    PRODUCT_QUERY,
    TEXT_QUERY,
    Description,
    FloatArray,
    Unrelated,
    checked,
    readable,
)

HERE = Description(name="here", revision="1", size=3)
MEASURED = Unrelated(0.5, 0.1)
ELSEWHERE = Unrelated(0.2, 0.3)


class MeasuredPictures(ColourPictureEncoder):
    """An encoder of pictures with a calibration of its own."""

    @property
    def description(self) -> Description:
        """Say what unrelated pictures score."""
        return replace(super().description, unrelated={PICTURE_QUERY: MEASURED})


def test_a_description_is_frozen_hashable_and_comparable() -> None:
    """Its calibration is copied and cannot be changed; it does not stand in the way of a set."""
    scales = {TEXT_QUERY: MEASURED}
    one = replace(HERE, unrelated=scales)
    scales[TEXT_QUERY] = ELSEWHERE

    assert one.unrelated == {TEXT_QUERY: MEASURED}
    assert one == replace(HERE, unrelated={TEXT_QUERY: MEASURED})
    assert one != HERE
    assert len({one, HERE, replace(one, size=4)}) == 3
    with pytest.raises(TypeError):
        one.unrelated[TEXT_QUERY] = ELSEWHERE  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        one.size = 4  # type: ignore[misc]


@pytest.mark.parametrize(("seen", "needed"), [(96, 192), (224, 448), (384, 512), (None, 512)])
def test_a_picture_is_decoded_as_large_as_a_network_needs_it(seen: int | None, needed: int) -> None:
    """Twice the side that it sees, and never more than any does."""
    assert replace(HERE, picture_side_px=seen).needed_side_px == needed


def test_where_near_begins_is_part_of_the_scale() -> None:
    """Where nobody measured it, it is some deviations above the unrelated."""
    assert Unrelated(0.5, 0.1, 0.6).threshold == 0.6
    assert Unrelated(0.5, 0.1).threshold == pytest.approx(0.8)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int64"])
def test_vectors_become_float32_of_length_one(kind: str) -> None:
    """Whatever the library gave, in the order in which it gave it."""
    vectors = checked(np.array([[3, 0, 4], [0, 2, 0]], dtype=kind), HERE, 2)

    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, np.array([[0.6, 0, 0.8], [0, 1, 0]]), atol=1e-6)


def test_very_long_and_very_short_vectors_have_a_direction() -> None:
    """Their squares would overflow, or vanish, in float32."""
    vectors = checked(np.array([[1e30, 1e30, 0], [0, 1e-30, 0]], dtype=np.float32), HERE, 2)

    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 0.0])
def test_a_vector_without_a_direction_is_refused(broken: float) -> None:
    """An engine would store it and rank it first; the message says which it was."""
    vectors = np.ones((3, 3), dtype=np.float32)
    vectors[1] = broken

    with pytest.raises(InvalidInput, match=r"the encoder here made no finite vector of input 1"):
        checked(vectors, HERE, 3)


@pytest.mark.parametrize("shape", [(2, 4), (3, 3), (6,), (2, 3, 1)])
def test_vectors_of_another_shape_are_nobodys_input(shape: tuple[int, ...]) -> None:
    """Each text would be refused, one by one: it is the model that is wrong."""
    with pytest.raises(Misconfigured, match=r"says that they have 3 numbers.*get it anew"):
        checked(np.ones(shape, dtype=np.float32), HERE, 2)


@pytest.mark.parametrize("nothing", [np.zeros(0), np.zeros((0, 3)), ()])
def test_no_inputs_are_no_vectors(nothing: FloatArray) -> None:
    """Of the right width, whatever a library makes of nothing."""
    assert checked(nothing, HERE, 0).shape == (0, 3)


def test_scales_come_from_the_descriptions() -> None:
    """A kind of query that nobody measured is read on a rough scale; words have one of their own."""
    encoders = replace(fake_encoders(), picture=MeasuredPictures())

    assert encoders.scale(PICTURE_QUERY, "image") == MEASURED
    rough = encoders.scale(PRODUCT_QUERY, "image")
    assert rough == encoders.scale(TEXT_QUERY, "image")
    assert encoders.scale(TEXT_QUERY, "lexical") not in {rough, MEASURED}


def test_a_catalogues_calibration_goes_before_the_descriptions() -> None:
    """Where it has nothing, theirs holds; the collection stays the same."""
    encoders = replace(fake_encoders(), picture=MeasuredPictures())

    there = encoders.with_calibration({(PICTURE_QUERY, "image"): ELSEWHERE, (TEXT_QUERY, "lexical"): MEASURED})

    assert there.scale(PICTURE_QUERY, "image") == ELSEWHERE
    assert there.scale(TEXT_QUERY, "lexical") == MEASURED
    assert there.scale(TEXT_QUERY, "text") == encoders.scale(TEXT_QUERY, "text")
    assert there.specs == encoders.specs
    assert there.with_calibration({}).scale(PICTURE_QUERY, "image") == MEASURED


def test_half_a_surrogate_pair_becomes_readable() -> None:
    """Two halves are one character, as they were meant; all else is left alone."""
    assert readable("a \ud83d b") == "a \ufffd b"
    assert readable("\ud83d\udd25") == "🔥"
    assert [readable(text) for text in ("", "a\0b", "红色", "\ufeffx")] == ["", "a\0b", "红色", "\ufeffx"]
