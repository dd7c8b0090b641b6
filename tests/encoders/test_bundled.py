"""The shipped picture encoder: any shape goes in, unit vectors come out, and the weights file is what it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from catalog.errors import InvalidPicture, Misconfigured
from encoders.bundled import PICTURE_SIDE, PictureTower, load_picture_tower
from encoders.bundled.network import NetworkShape, PictureNetwork, SameConv2d, Stage, TextAdapter
from encoders.bundled.preprocess import letterbox, normalise
from encoders.bundled.tower import without_norms
from encoders.bundled.weights import SHIPPED, write_weights
from tests.encoders.cores import cores

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TINY = NetworkShape(
    stem=4,
    stages=(Stage(4, blocks=2, kernel=3, stride=1, expansion=1), Stage(8, blocks=2, kernel=5, stride=2)),
    features=8,
    dimension=6,
)


@pytest.fixture(scope="module")
def tower() -> PictureTower:
    return load_picture_tower()


def a_picture(height: int = 40, width: int = 30, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def a_square_of(colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    return np.full((20, 20, 3), colour, dtype=np.uint8)


def test_a_network_of_any_shape_gives_unit_vectors() -> None:
    """A tiny network has the same interface as the shipped one."""
    network = PictureNetwork(TINY).eval()

    with torch.inference_mode():
        vectors = network(torch.randn(3, 3, 33, 33))

    assert vectors.shape == (3, 6)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3), atol=1e-5)


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [3, 6, 7])
def test_a_convolution_pads_as_tensorflow_does(kernel: int, stride: int, side: int) -> None:
    """The output is ⌈side / stride⌉ wide, and where padding is odd there is more of it right and below."""
    convolution = SameConv2d(1, 1, kernel, stride, bias=False)
    torch.nn.init.ones_(convolution.weight)

    with torch.inference_mode():
        sums = convolution(torch.ones(1, 1, side, side))

    outputs = -(-side // stride)
    before = max((outputs - 1) * stride + kernel - side, 0) // 2
    covered = [min(side, n * stride - before + kernel) - max(0, n * stride - before) for n in range(outputs)]
    assert sums[0, 0].tolist() == [[row * column for column in covered] for row in covered]


def test_folding_the_norms_away_changes_nothing() -> None:
    """The network that serves computes what the one that was trained computed."""
    torch.manual_seed(1)
    network = PictureNetwork(TINY)
    network(torch.randn(8, 3, 32, 32))  # gives the norms statistics that are not their initial ones
    network.eval()
    pictures = torch.randn(2, 3, 32, 32)

    with torch.inference_mode():
        expected = network(pictures)
        found = without_norms(network)(pictures)

    assert torch.allclose(found, expected, atol=1e-5)


def test_a_fresh_adapter_leaves_vectors_as_they_are() -> None:
    """Training starts from the text space itself."""
    vectors = torch.nn.functional.normalize(torch.randn(4, 384), dim=1)

    assert torch.allclose(TextAdapter()(vectors), vectors, atol=1e-6)


def test_letterbox_keeps_the_aspect_and_pads_with_white() -> None:
    """A portrait picture has white to its left and right, and none above."""
    boxed = letterbox(np.zeros((400, 200, 3), dtype=np.uint8))

    assert boxed.shape == (3, PICTURE_SIDE, PICTURE_SIDE)
    assert (boxed[:, :, : PICTURE_SIDE // 4] == 255).all()
    assert (boxed[:, :, PICTURE_SIDE // 4 : PICTURE_SIDE * 3 // 4] == 0).all()


def test_bytes_and_unit_floats_are_normalised_alike() -> None:
    """Serving hands bytes over, training floats: the network sees the same."""
    pixels = letterbox(a_picture()).unsqueeze(0)

    assert torch.allclose(normalise(pixels), normalise(pixels.float() / 255), atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (300, 5), (80, 60), (81, 79), (700, 500)])
def test_any_size_and_aspect_gives_a_finite_unit_vector(tower: PictureTower, shape: tuple[int, int]) -> None:
    """No picture is too small, too long or too large for the tower."""
    vectors = tower.encode([a_picture(*shape)])

    assert vectors.shape == (1, 384)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-4)


def test_a_grey_picture_stacked_to_three_channels_is_taken(tower: PictureTower) -> None:
    """A read-only, strided array is as good as any other."""
    grey = np.broadcast_to(a_picture()[:, :, :1], (40, 30, 3))[::-1]
    assert not grey.flags.writeable

    assert np.isfinite(tower.encode([grey])).all()


@pytest.mark.parametrize("count", [1, 3])
def test_a_batch_equals_its_pictures_one_by_one_and_keeps_their_order(tower: PictureTower, count: int) -> None:
    """What else is in a batch, where its boundaries lie, and how many cores share it, does not matter."""
    pictures = [a_picture(20 + n, 50 - n, seed=n) for n in range(34)]

    with cores(count):
        together = tower.encode(pictures)

    alone = np.concatenate([tower.encode([picture]) for picture in pictures])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_no_pictures_give_no_vectors(tower: PictureTower) -> None:
    """An empty batch keeps its second dimension."""
    assert tower.encode([]).shape == (0, 384)
    assert tower.adapt_text(np.zeros((0, 384), dtype=np.float32)).shape == (0, 384)


@pytest.mark.parametrize(
    "picture", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)]
)
def test_an_array_that_is_no_rgb_picture_is_named(tower: PictureTower, picture: NDArray[np.uint8]) -> None:
    """The error says which picture of the batch it is, and what is wrong with it."""
    with pytest.raises(InvalidPicture, match=r"pictures\[1\]: expected \(height, width, 3\) uint8 RGB"):
        tower.encode([a_picture(), picture])


def test_adapted_text_has_unit_length(tower: PictureTower) -> None:
    """Text vectors come out ready for a dot product with pictures."""
    texts = np.random.default_rng(0).normal(size=(5, 384)).astype(np.float32)

    adapted = tower.adapt_text(texts / np.linalg.norm(texts, axis=1, keepdims=True))

    assert adapted.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(adapted, axis=1), 1, atol=1e-4)


def test_pictures_of_one_colour_are_nearer_than_of_two(tower: PictureTower) -> None:
    """The shipped weights see colour."""
    red, also_red, blue = tower.encode(
        [a_square_of((200, 30, 30)), a_square_of((210, 40, 35)), a_square_of((30, 30, 200))]
    )

    assert red @ also_red > red @ blue


def test_the_shipped_weights_fit_in_ten_megabytes() -> None:
    """The file is committed: it has to stay small."""
    assert SHIPPED.stat().st_size <= 10 * 10**6


def test_the_revision_follows_the_weights(tmp_path: Path, tower: PictureTower) -> None:
    """The same file gives the same revision, another file another one."""
    write_weights(PictureNetwork(), TextAdapter(), tmp_path / "other.safetensors")

    assert load_picture_tower().revision == tower.revision
    assert load_picture_tower(tmp_path / "other.safetensors").revision != tower.revision


def test_a_missing_or_foreign_weights_file_is_named(tmp_path: Path) -> None:
    """Who points the setting at the wrong file learns which one it was."""
    foreign = tmp_path / "foreign.safetensors"
    foreign.write_bytes(b"no weights")

    with pytest.raises(Misconfigured, match="foreign"):
        load_picture_tower(foreign)
    with pytest.raises(Misconfigured, match="check the path"):
        load_picture_tower(tmp_path / "missing.safetensors")
