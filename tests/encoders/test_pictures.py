"""Bytes to pixels: upright, on white, cropped, small enough, and never by way of a crash."""

from __future__ import annotations

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from catalog.errors import InvalidPicture
from encoders.pictures.decode import Crop, PictureLimits, decode, media_type, to_pillow
from tests.encoders.drawn import bomb, saved, solid

if TYPE_CHECKING:
    from encoders.interface import Picture

LIMITS = PictureLimits()
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
ORIENTATION = 0x0112
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


def red_left_of_blue(size: tuple[int, int] = (40, 20)) -> Image.Image:
    """Return a wide picture of two halves."""
    image = solid(RED, size=size)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image


def corners(picture: Picture) -> list[tuple[int, ...]]:
    """Return the colours at top left, top right, bottom left, bottom right."""
    return [tuple(picture[row, column].tolist()) for row in (0, -1) for column in (0, -1)]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_becomes_the_same_pixels(kind: str) -> None:
    """An array of bytes, height first, three channels; JPEG may be a shade off."""
    picture = decode(saved(solid(RED, size=(10, 6)), kind), LIMITS)

    assert picture.shape == (6, 10, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert np.abs(picture.astype(int) - RED).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright(orientation: int) -> None:
    """All eight ways to hold a camera; red was up left in each."""
    upright = solid(BLUE, size=(40, 20))
    upright.paste(RED, (0, 0, 20, 10))
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    held = upright.transpose(back[orientation]) if orientation in back else upright
    exif = Image.Exif()
    exif[ORIENTATION] = orientation

    picture = decode(saved(held, exif=exif), LIMITS)

    assert picture.shape == (20, 40, 3)
    assert corners(picture) == [RED, BLUE, BLUE, BLUE]


def test_a_crop_is_of_the_upright_picture() -> None:
    """Its fractions are those of what a person sees, not of what lies in the file."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    lying = red_left_of_blue().transpose(Image.Transpose.ROTATE_90)

    assert corners(decode(saved(lying, exif=exif), LIMITS, crop=Crop(0, 0, 0.5, 1))) == [RED] * 4
    assert corners(decode(saved(lying, exif=exif), LIMITS, crop=Crop(0.5, 0, 1, 1))) == [BLUE] * 4


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.integers(1, 50), st.integers(1, 50))
def test_any_crop_leaves_a_picture(edges: list[float], width: int, height: int) -> None:
    """At least a pixel, at most the whole."""
    left, right = sorted(edges[:2])
    top, bottom = sorted(edges[2:])

    picture = decode(saved(solid(RED, size=(width, height))), LIMITS, crop=Crop(left, top, right, bottom))

    assert 1 <= picture.shape[0] <= height
    assert 1 <= picture.shape[1] <= width
    assert corners(picture) == [RED] * 4


@pytest.mark.parametrize(
    ("image", "options", "expected"),
    [
        (solid((255, 0, 0, 0), mode="RGBA"), {}, WHITE),
        (solid((255, 0, 0, 255), mode="RGBA"), {}, RED),
        (solid((0, 0, 0, 128), mode="RGBA"), {}, (127, 127, 127)),
        (solid((0, 0), mode="LA"), {}, WHITE),
        (solid(RED).quantize(2), {"transparency": 0}, WHITE),
        (solid(RED), {"transparency": RED}, WHITE),
    ],
    ids=["clear", "opaque", "half", "grey", "palette", "key colour"],
)
def test_what_is_transparent_lies_on_white(
    image: Image.Image, options: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    """As goods are photographed."""
    assert np.abs(decode(saved(image, **options), LIMITS)[0, 0].astype(int) - expected).max() <= 1


def test_sixteen_bits_are_scaled_to_eight() -> None:
    """Half bright stays half bright; cut off at 255 it would be white."""
    grey = Image.fromarray(np.full((5, 7), 0x8000, dtype=np.uint16))

    assert corners(decode(saved(grey), LIMITS)) == [(128, 128, 128)] * 4


def test_print_colours_are_read() -> None:
    """A CMYK photo is one from a catalogue."""
    picture = decode(saved(solid(RED).convert("CMYK"), "JPEG"), LIMITS)

    assert np.abs(picture.astype(int) - RED).max() <= 10


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_of_several_frames_counts(kind: str) -> None:
    """An animation is its first picture."""
    data = saved(solid(RED), kind, save_all=True, append_images=[solid(BLUE)])

    assert np.abs(decode(data, LIMITS).astype(int) - RED).max() <= 2


def test_a_large_picture_is_made_smaller() -> None:
    """At most 512 a side, in proportion; encoders read no more."""
    assert decode(saved(red_left_of_blue((4000, 1000)), "JPEG"), LIMITS).shape == (128, 512, 3)
    assert decode(saved(solid(RED, size=(3000, 2))), LIMITS).shape == (1, 512, 3)


@pytest.mark.parametrize(("side", "unpacked"), [(2000, 250), (1600, 200), (1000, 250), (400, 200), (383, 383)])
def test_a_photo_is_unpacked_no_larger_than_is_needed(side: int, unpacked: int) -> None:
    """At an eighth, a quarter or half of its side, never below what the encoder needs; other formats stay whole."""
    photo = solid(RED, size=(side, side // 2))

    assert decode(saved(photo, "JPEG"), LIMITS, needed_side_px=192).shape[1] == unpacked
    assert decode(saved(photo, "PNG"), LIMITS, needed_side_px=192).shape[1] == min(side, 512)


@pytest.mark.parametrize("orientation", [1, 6])
def test_of_a_part_as_much_is_unpacked_as_of_a_whole(orientation: int) -> None:
    """However small the whole would do, and whichever way the photo lies; one with less than is needed stays whole."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    photo = saved(solid(RED, size=(2000, 2000)), "JPEG", exif=exif)

    half = decode(photo, LIMITS, needed_side_px=192, crop=Crop(0.5, 0.5, 1.0, 1.0))
    small = decode(photo, LIMITS, needed_side_px=192, crop=Crop(0.9, 0.2, 1.0, 0.25))

    assert half.shape == (250, 250, 3)
    assert small.shape == (100, 200, 3)


def test_a_part_unpacked_smaller_shows_the_same() -> None:
    """A quarter of a large photo, to a shade what it is when cut out of the whole photo and made smaller then."""
    waves = np.sin(np.arange(1600) / 90)
    grey = (127 + 120 * np.outer(waves[:1200], waves)).astype(np.uint8)
    photo = Image.fromarray(np.stack([grey, grey[:, ::-1], 255 - grey], axis=2))

    part = decode(saved(photo, "JPEG"), LIMITS, needed_side_px=192, crop=Crop(0.25, 0.25, 0.75, 0.75))

    assert part.shape == (150, 200, 3)
    assert np.abs(part.astype(int) - photo.crop((400, 300, 1200, 900)).resize((200, 150))).max() <= 8


@pytest.mark.parametrize(("width", "height"), [(5001, 5000), (10_000, 9_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_size(width: int, height: int) -> None:
    """Before its pixels are unpacked, and however Pillow itself would have taken it."""
    with pytest.raises(InvalidPicture, match="25,000,000"):
        decode(bomb(width, height), LIMITS)


def test_limits_are_the_callers() -> None:
    """On bytes and on pixels; what is at the limit is taken."""
    data = saved(solid(RED, size=(10, 10)))
    taken = PictureLimits(max_bytes=len(data), max_pixels=100)

    assert decode(data, taken).shape == (10, 10, 3)
    with pytest.raises(InvalidPicture, match="bytes"):
        decode(data + b"x", taken)
    with pytest.raises(InvalidPicture, match="99 pixels"):
        decode(data, PictureLimits(max_pixels=99))


@pytest.mark.parametrize("kind", FORMATS)
def test_half_a_picture_is_refused(kind: str) -> None:
    """Wherever it was cut off; what is left of it would be half grey."""
    noise = np.random.default_rng(1).integers(0, 255, (30, 30, 3), dtype=np.uint8)
    whole = saved(Image.fromarray(noise), kind)

    for share in (0.02, 0.3, 0.7):
        with pytest.raises(InvalidPicture):
            decode(whole[: int(len(whole) * share)], LIMITS)


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"<svg/>", b"%PDF-1.7", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", bytes(5000)]
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    """In words that say which formats are taken."""
    with pytest.raises(InvalidPicture, match=r"JPEG, PNG, WEBP, GIF, BMP, TIFF"):
        decode(data, LIMITS)
    with pytest.raises(InvalidPicture):
        media_type(data)


SEEDS = tuple(
    saved(Image.fromarray((np.arange(20 * 30 * 3) % 251).astype(np.uint8).reshape(20, 30, 3)), kind) for kind in FORMATS
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=12))
def test_damage_is_refused_or_repaired(seed: bytes, damage: list[tuple[int, int]]) -> None:
    """Whatever bytes are turned, the outcome is a picture or the one error that callers expect."""
    data = bytearray(seed)
    for place, value in damage:
        data[place % len(data)] = value
    try:
        picture = decode(bytes(data), LIMITS)
    except InvalidPicture:
        return
    assert picture.ndim == 3
    assert picture.dtype == np.uint8


@pytest.mark.parametrize(
    ("kind", "expected"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("GIF", "image/gif")]
)
def test_the_media_type_is_by_content(kind: str, expected: str) -> None:
    """For a browser, that shows these four."""
    assert media_type(saved(solid(RED), kind)) == expected


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_what_no_browser_shows_has_no_media_type(kind: str) -> None:
    """It can be searched with, not shown."""
    with pytest.raises(InvalidPicture):
        media_type(saved(solid(RED), kind))


def test_threads_do_not_undo_each_others_filters() -> None:
    """Pillow warns of large pictures; many threads at once ignore that, and go on to hear whatever others warn of."""
    data = bomb(10_000, 9_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start = threading.Barrier(4)

        def work() -> None:
            start.wait()
            for _ in range(50):
                with pytest.raises(InvalidPicture, match="are taken"):
                    decode(data, LIMITS)

        with ThreadPoolExecutor(4) as threads:
            for running in [threads.submit(work) for _ in range(4)]:
                running.result()
        with pytest.raises(UserWarning, match="ours"):
            warnings.warn("ours", stacklevel=1)


def test_pixels_go_back_to_pillow() -> None:
    """For libraries that take nothing else."""
    assert to_pillow(decode(saved(red_left_of_blue()), LIMITS)).getpixel((39, 0)) == BLUE
