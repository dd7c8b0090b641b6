"""The colours goods come in, and the few colour sums that shading and patterns need."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

RGB = tuple[int, int, int]

WHITE: Final[RGB] = (255, 255, 255)
CREAM: Final[RGB] = (253, 248, 236)
INK: Final[RGB] = (38, 38, 46)
STEEL: Final[RGB] = (176, 182, 190)
BRASS: Final[RGB] = (206, 168, 92)
TAN: Final[RGB] = (190, 140, 92)
WOOD: Final[RGB] = (196, 148, 100)
RUBBER: Final[RGB] = (244, 242, 238)
SHADOW: Final[RGB] = (72, 76, 96)

GROUND: Final = 0.58  # from here up, a deep print stands out better than a white one
PALE: Final = 0.85  # from this luminance up, white trimmings would not show
LIGHT: Final = 0.7  # from here up, dark fittings look better than light ones
DARK: Final = 0.25  # up to here, dark stitches would not show


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour of goods: its name in English and Chinese, and what it looks like in plain light (sRGB)."""

    name: str
    rgb: RGB
    chinese: str


COLOURS: Final = MappingProxyType(
    {
        colour.name: colour
        for colour in (
            Colour("black", (46, 46, 52), "黑色"),
            Colour("white", (246, 246, 244), "白色"),
            Colour("grey", (150, 154, 160), "灰色"),
            Colour("beige", (222, 204, 172), "米色"),
            Colour("brown", (124, 78, 48), "棕色"),
            Colour("red", (206, 44, 52), "红色"),
            Colour("pink", (244, 154, 182), "粉色"),
            Colour("orange", (240, 132, 44), "橙色"),
            Colour("yellow", (248, 208, 66), "黄色"),
            Colour("green", (58, 140, 82), "绿色"),
            Colour("teal", (28, 138, 142), "青色"),
            Colour("sky blue", (122, 188, 234), "天蓝色"),
            Colour("navy", (40, 56, 108), "藏青色"),
            Colour("purple", (128, 84, 168), "紫色"),
        )
    }
)


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """`first` with `share` (0 to 1) of `second` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def luminance(rgb: RGB) -> float:
    """How light a colour looks, 0 to 1 (Rec. 601 weights on the stored values)."""
    return (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) / 255


def darker(rgb: RGB, amount: float) -> RGB:
    """Towards a cool shadow rather than black, so that shaded cloth keeps its hue."""
    cool = (round(rgb[0] * 0.28), round(rgb[1] * 0.28), round(rgb[2] * 0.36))
    return mix(rgb, cool, amount)


def lighter(rgb: RGB, amount: float) -> RGB:
    """Towards white."""
    return mix(rgb, WHITE, amount)


def accents(rgb: RGB) -> tuple[tuple[RGB, RGB, RGB], ...]:
    """Choices of three colours (main figure, second, third) that stand out on a ground of `rgb`."""
    light = luminance(rgb)
    if light > PALE:
        return (
            ((52, 72, 130), (206, 60, 64), (96, 150, 110)),
            ((60, 62, 70), (150, 154, 160), (200, 150, 80)),
            ((226, 120, 140), (242, 184, 70), (100, 160, 116)),
        )
    if light > GROUND:  # it carries white and one deep tone
        return (
            (WHITE, darker(rgb, 0.75), (90, 130, 100)),
            (darker(rgb, 0.7), WHITE, (232, 112, 96)),
            (CREAM, (196, 70, 74), (70, 110, 92)),
        )
    return (
        (CREAM, (246, 202, 92), lighter(rgb, 0.45)),
        (lighter(rgb, 0.72), WHITE, (150, 200, 150)),
        ((250, 226, 190), (238, 140, 120), (160, 196, 150)),
    )
