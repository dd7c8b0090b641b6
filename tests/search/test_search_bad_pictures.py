"""Pictures in queries: the odd ones that can be read are, and what cannot is refused before it costs anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.builders import bare, jpeg
from tests.encoders.drawn import bomb, saved
from tests.search.shop import BLUE, RED, culprits, data_url, encoded, png, problem

if TYPE_CHECKING:
    from tests.search.shop import Shop


@pytest.fixture
def colours(shop: Shop) -> Shop:
    """Return a shop of a red and a blue thing."""
    shop.sell(bare("red", images=[data_url(RED)]), bare("blue", images=[data_url(BLUE)]))
    return shop


def readable() -> dict[str, bytes]:
    """Return red pictures in the stranger forms that cameras, scanners and browsers make."""
    red = Image.new("RGB", (30, 20), RED)
    frames = [Image.new("RGB", (30, 20), BLUE)] * 2
    return {
        "one pixel": png(RED, size=(1, 1)),
        "a line": png(RED, size=(5000, 1)),
        "CMYK": saved(red.convert("CMYK"), "JPEG"),
        "progressive": saved(red, "JPEG", progressive=True),
        "animated": saved(red, "GIF", save_all=True, append_images=frames, duration=10),
        "palette": saved(red.quantize(4), "PNG"),
        "transparent": png((*RED, 255), mode="RGBA"),
        "WebP": saved(red, "WEBP", lossless=True),
        "BMP": saved(red, "BMP"),
        "TIFF": saved(red, "TIFF", compression="tiff_lzw"),
        "with junk behind": png(RED) + b"junk" * 100,
    }


@pytest.mark.parametrize("name", readable())
def test_a_strange_picture_is_read(colours: Shop, name: str) -> None:
    """It looks like what it shows."""
    assert colours.found(terms=[{"image": {"data": encoded(readable()[name])}}]) == ["red", "blue"]


def test_sixteen_bits_are_read_as_grey(colours: Shop) -> None:
    """A scanner's picture is one, if not a colourful one."""
    grey = saved(Image.fromarray(np.full((9, 9), 40_000, dtype=np.uint16)), "PNG")

    assert len(colours.found(terms=[{"image": {"data": encoded(grey)}}])) == 2


UNREADABLE = {
    "nothing": b"",
    "text": b"I am no picture",
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>',
    "PDF": b"%PDF-1.7\n",
    "only the magic": b"\x89PNG\r\n\x1a\n",
    "half a JPEG": jpeg(RED, size=(64, 64))[:400],
    "half a PNG": png(RED)[:40],
    "25 megapixels and a row": bomb(5000, 5001),
    "a bomb": bomb(2**31 - 1, 2**31 - 1),
    "no width": bomb(0, 5),
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "zeros": bytes(10_000),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_picture_is_refused(colours: Shop, name: str) -> None:
    """As base64 and as an upload alike, naming the term."""
    picture = UNREADABLE[name]

    assert culprits(colours.refused(terms=[{"image": {"data": encoded(picture)}}])) == ["terms.0.image"]
    answer = problem(colours.http.post("/v1/search", files=[("image", ("a.png", picture))]), 422)
    assert culprits(answer) == ["terms.0.image"]
    assert "object at 0x" not in answer["detail"]


@pytest.mark.parametrize("data", ["!", "QQ", "QQ=Q", "QQ==\n", "Q Q=", "éé==", "data:", "data:image/png,abc", "\u0000"])
def test_what_is_no_base64_is_refused(colours: Shop, data: str) -> None:
    """The message says which of the two is wrong."""
    answer = colours.refused(terms=[{"image": {"data": data}}])

    assert culprits(answer) == ["terms.0.image"]


def test_the_limit_on_pixels_is_in_the_answer(colours: Shop) -> None:
    """So that the client knows how far to shrink."""
    answer = colours.refused(terms=[{"image": {"data": encoded(bomb(5000, 5001))}}])

    assert "25,000,000" in answer["detail"]


def test_a_picture_at_the_limit_is_taken(colours: Shop) -> None:
    """Twenty-five megapixels, all red."""
    large = saved(Image.new("RGB", (5000, 5000), RED), "JPEG", quality=30)

    assert colours.found(terms=[{"image": {"data": encoded(large)}}]) == ["red", "blue"]
