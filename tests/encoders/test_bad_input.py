"""Odd texts and pictures on their way through an encoder: a defined answer or a clear error, and soon."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from catalog.errors import InvalidPicture
from encoders.pictures.decode import PictureLimits, decode, to_pillow
from encoders.registry import load_named
from tests.encoders.drawn import bomb, saved, solid
from tests.encoders.tiny_clip import build_tiny_clip
from tests.encoders.tiny_models import build_tiny_bert, build_tiny_resnet

if TYPE_CHECKING:
    from encoders.interface import PictureEncoder, TextEncoder

LIMITS = PictureLimits()
RED = (255, 0, 0)
NOISE = np.random.default_rng(1).integers(0, 256, (60, 40, 3), dtype=np.uint8)
PATIENCE_SECONDS = 5.0  # on a machine busy with something else; alone it is a hundredth of that


@pytest.fixture(scope="module", params=["vitrine-pictures", "clip", "resnet"])
def picture(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PictureEncoder:
    """Return an encoder of pictures of each make."""
    folder = tmp_path_factory.mktemp(request.param)
    builds = {"clip": build_tiny_clip, "resnet": build_tiny_resnet}
    name = str(builds[request.param](folder)) if request.param in builds else request.param
    found = load_named(name, device="cpu").picture
    assert found is not None
    return found


@pytest.fixture(scope="module", params=["minilm", "bert", "clip"])
def text(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    """Return an encoder of text of each make."""
    folder = tmp_path_factory.mktemp(request.param)
    builds = {"clip": build_tiny_clip, "bert": build_tiny_bert}
    name = str(builds[request.param](folder)) if request.param in builds else request.param
    found = load_named(name, device="cpu").text
    assert found is not None
    return found


def deep_colour(kind: str) -> bytes:
    """Return a grey picture of more than eight bits."""
    pixels = np.linspace(0, 65_535, 60 * 40).reshape(60, 40)
    image = Image.fromarray(pixels.astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[kind]))
    return saved(image, "TIFF")


ODD = {
    "CMYK": saved(Image.fromarray(NOISE).convert("CMYK"), "JPEG"),
    "16 bits": deep_colour("I;16"),
    "32 bits": deep_colour("I"),
    "floating point": deep_colour("F"),
    "black and white": saved(Image.fromarray(NOISE).convert("1")),
    "grey": saved(Image.fromarray(NOISE).convert("L"), "JPEG"),
    "palette": saved(Image.fromarray(NOISE).quantize(16), "GIF"),
    "palette with alpha": saved(Image.fromarray(NOISE).quantize(4), transparency=bytes([0, 128, 255, 30])),
    "animated": saved(solid(RED), "GIF", save_all=True, append_images=[solid((0, 0, 255))]),
    "one pixel": saved(solid(RED, size=(1, 1))),
    "10000 × 1": saved(solid(RED, size=(10_000, 1))),
    "1 × 10000": saved(solid(RED, size=(1, 10_000))),
    "25 megapixels": saved(solid(RED, size=(5_000, 5_000)), "JPEG"),
    "transparent": saved(solid((0, 0, 0, 0), mode="RGBA")),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_picture_has_a_vector(picture: PictureEncoder, kind: str) -> None:
    """Of length one, alone and among others alike."""
    odd = decode(ODD[kind], LIMITS)

    alone = picture.encode_pictures([odd])
    among = picture.encode_pictures([NOISE, odd, NOISE])

    assert np.linalg.norm(alone) == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(among[1:2], alone, atol=1e-3)


@pytest.mark.parametrize(
    "data",
    [
        saved(Image.fromarray(NOISE), "JPEG")[:700],
        saved(Image.fromarray(NOISE).convert("CMYK"), "JPEG")[:2_000],
        saved(Image.fromarray(NOISE))[:-200],
        bomb(60_000, 60_000),
        saved(Image.fromarray(NOISE)) + bytes(LIMITS.max_bytes),
        b"",
    ],
    ids=["truncated", "truncated CMYK", "without its end", "huge", "too many bytes", "nothing"],
)
def test_a_broken_or_huge_picture_is_refused(data: bytes) -> None:
    """Before any encoder sees it."""
    with pytest.raises(InvalidPicture):
        decode(data, LIMITS)


@pytest.mark.parametrize("shape", [(1, 512), (512, 1), (3, 511), (64, 512)])
def test_a_strip_is_widened_for_model_libraries(shape: tuple[int, int]) -> None:
    """They scale the shorter side to their own: 1 × 512 would become 224 × 114,688."""
    height, width = shape
    image = to_pillow(np.zeros((height, width, 3), dtype=np.uint8))

    assert max(image.size) == max(shape)
    assert max(image.size) <= 8 * min(image.size)
    assert (np.asarray(image) == 0).all(axis=2).sum() == height * width


@pytest.mark.parametrize("unit", ["red shoe ", "红色的鞋子", "ﷺ", "a", " ", "\0", "\ud800"])
def test_a_text_of_100_000_characters_is_read_soon(text: TextEncoder, unit: str) -> None:
    """It is cut before it is tokenised; what is left decides its vector."""
    long = (unit * 100_000)[:100_000]
    text.encode_documents(["warm"])

    start = time.perf_counter()
    vectors = text.encode_documents([long, long + "and more"])
    took_seconds = time.perf_counter() - start

    assert took_seconds < PATIENCE_SECONDS
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)


def test_an_empty_text_is_like_any_other(text: TextEncoder) -> None:
    """It has a vector, and a batch keeps its order around it."""
    vectors = text.encode_queries(["red shoe", "", "blue hat"])

    np.testing.assert_allclose(vectors[1:2], text.encode_queries([""]), atol=1e-5)
    np.testing.assert_allclose(vectors[2:], text.encode_queries(["blue hat"]), atol=1e-5)


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L"])
def test_sixteen_bits_of_either_order_keep_their_brightness(mode: str) -> None:
    """A PNG has them one way, a TIFF of an old camera the other."""
    raw = np.full((4, 4), 0x8000, dtype=">u2" if mode == "I;16B" else "<u2")
    image = Image.frombytes(mode, (4, 4), raw.tobytes())
    file = io.BytesIO()
    image.save(file, "TIFF")

    assert decode(file.getvalue(), LIMITS)[0, 0].tolist() == [128, 128, 128]
