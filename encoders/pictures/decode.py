"""Bytes to an RGB array, within limits: the only file that knows Pillow."""

from __future__ import annotations

import io
import math
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from catalog.errors import InvalidPicture
from encoders.pictures.sides import LARGEST_SIDE_PX

if TYPE_CHECKING:
    from encoders.interface import Picture

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
# Whatever Pillow's parsers may stumble over: one that got away would end the ingest worker, at every start again.
_DAMAGED: Final = (
    Image.DecompressionBombError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_WHITE: Final = (255, 255, 255, 255)
_LONGEST_RATIO: Final = 8
_MEDIA_TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a picture, as fractions of its upright width and height: 0 ≤ left < right ≤ 1, likewise down."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What is taken: beyond it a picture is refused before its pixels are unpacked."""

    max_bytes: int = 10 * 2**20
    max_pixels: int = 25_000_000


def decode(
    data: bytes, limits: PictureLimits, *, needed_side_px: int = LARGEST_SIDE_PX, crop: Crop | None = None
) -> Picture:
    """Return the first frame upright, in RGB on white, at most `LARGEST_SIDE_PX` a side.

    Of a JPEG no more is unpacked than gives its longer side, or that of the part, `needed_side_px`: the
    `Description.needed_side_px` of the encoder that will read it.

    Raises `InvalidPicture` for what is no picture, is damaged, or is beyond the limits.
    """
    if len(data) > limits.max_bytes:
        raise InvalidPicture(f"the picture has {len(data):,} bytes, at most {limits.max_bytes:,} are taken")
    _ignore_pillows_warnings()
    try:
        return _decoded(data, limits, needed_side_px, crop)
    except UnidentifiedImageError as error:
        raise InvalidPicture(f"the bytes are no picture ({', '.join(_FORMATS)})") from error
    except Image.DecompressionBombError as error:
        raise InvalidPicture(f"the picture has more pixels than the {limits.max_pixels:,} that are taken") from error
    except _DAMAGED as error:
        raise InvalidPicture(f"the bytes are no readable picture ({', '.join(_FORMATS)}): {error}") from error


def media_type(data: bytes) -> str:
    """Return the media type of a picture by its content; raises `InvalidPicture` where a browser would not show it."""
    _ignore_pillows_warnings()
    try:
        with Image.open(io.BytesIO(data), formats=tuple(_MEDIA_TYPES)) as image:
            return _MEDIA_TYPES[image.format or ""]
    except _DAMAGED as error:
        raise InvalidPicture(f"the bytes are not a picture for a browser: {error}") from error


def to_pillow(picture: Picture) -> Image.Image:
    """Return a decoded picture as Pillow's image, for model libraries that take nothing else.

    A strip is widened with white to 8 : 1. Scaled until its shorter side fills a network, one of 1 × 512 pixels would
    be 25 million of them.
    """
    image = Image.fromarray(picture)
    width, height = image.size
    narrowest = -(-max(width, height) // _LONGEST_RATIO)
    if min(width, height) >= narrowest:
        return image
    canvas = Image.new("RGB", (max(width, narrowest), max(height, narrowest)), _WHITE[:3])
    canvas.paste(image, ((canvas.width - width) // 2, (canvas.height - height) // 2))
    return canvas


def _ignore_pillows_warnings() -> None:
    """Ignore what Pillow says of odd metadata, for the pixels are what counts.

    For the whole process, because `catch_warnings` would restore one thread's filters under another.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _decoded(data: bytes, limits: PictureLimits, needed_side_px: int, crop: Crop | None) -> Picture:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        width, height = image.size
        if width * height > limits.max_pixels:
            raise InvalidPicture(
                f"the picture is {width} × {height} pixels, at most {limits.max_pixels:,} pixels are taken"
            )
        image.draft("RGB", _sufficient(image.size, needed_side_px, crop))  # a JPEG unpacks at 1/2, 1/4 or 1/8 then
        upright = ImageOps.exif_transpose(image)
        part = upright.crop(_box(crop, upright.size)) if crop else upright
        part.thumbnail((LARGEST_SIDE_PX, LARGEST_SIDE_PX))
        return np.ascontiguousarray(_on_white(part), dtype=np.uint8)


def _sufficient(size: tuple[int, int], needed_side_px: int, crop: Crop | None) -> tuple[int, int]:
    """Return a size of the whole that leaves a part what its longer side needs, whichever way the picture is turned."""
    share = min(crop.right - crop.left, crop.bottom - crop.top) if crop else 1.0
    scale = min(1.0, needed_side_px / max(1.0, share * max(size)))
    return math.ceil(size[0] * scale), math.ceil(size[1] * scale)


def _box(crop: Crop, size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = size
    left, top = min(int(crop.left * width), width - 1), min(int(crop.top * height), height - 1)
    return left, top, max(left + 1, round(crop.right * width)), max(top + 1, round(crop.bottom * height))


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image.convert("RGBA"))
    return image.convert("RGB")
