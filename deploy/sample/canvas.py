"""A white drawing board: shapes in board units (0 to 100), anti-aliased, shaded from one light at the top left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from deploy.sample.palette import COLOURS, DARK, PALE, RGB, SHADOW, WHITE, accents, darker, lighter, luminance
from deploy.sample.patterns import pattern_layers
from deploy.sample.shapes import move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.sample.article import Article
    from deploy.sample.shapes import Points

SUPERSAMPLING: Final = 3
SOFT_REDUCTION: Final = 4  # soft light needs no detail: it is blurred on a quarter of the size
PADDING: Final = 3.0  # board units around a shape, so that a blur fades out before the cut
LINE: Final = 0.62
GAP: Final = 1.6  # supersampled pixels between two segments, from which on a bend is rounded with a disc


@dataclass(frozen=True, slots=True)
class Mask:
    """How much of each pixel a shape covers ("L", 0 to 255), and where its top left corner lies on the board (px)."""

    image: Image.Image
    left: int
    top: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in pixels."""
        return self.left, self.top, self.left + self.image.width, self.top + self.image.height


class Canvas:
    """One picture in the making. Each shape is covered `SUPERSAMPLING` times finer than the picture, then reduced."""

    def __init__(self, article: Article, side_px: int) -> None:
        self.side_px = side_px
        self.unit = side_px / 100
        self.image = Image.new("RGB", (side_px, side_px), WHITE)
        self.article = article
        self.base = COLOURS[article.colour].rgb
        self.outline = darker(self.base, 0.62 if luminance(self.base) < PALE else 0.5)
        self.deep = darker(self.base, 0.42)
        self.light = lighter(self.base, 0.35)
        self.accents = article.choose("accent", accents(self.base))

    # -- shapes ----------------------------------------------------------------------------------------------------

    def fill(self, shapes: Sequence[Points], colour: RGB) -> Mask:
        """Flat colour on one or more shapes."""
        mask = self._covered(shapes)
        self._paint(mask, colour)
        return mask

    def cloth(self, shape: Points, angle: float = 0, depth: float = 4) -> Mask:
        """A piece in the article's colour and pattern (turned by `angle` degrees), shaded and outlined."""
        mask = self.fill([shape], self.base)
        for layer in pattern_layers(self.article, self.side_px, round(angle / 30) * 30 % 180):
            crop = layer.image.crop(mask.box)
            self.image.paste(self.accents[layer.tone], mask.box, ImageChops.multiply(crop, mask.image))
        self._shade(mask, self.base, depth)
        self.strokes([np.concatenate([shape, shape[:1]])], self.outline, LINE)
        return mask

    def solid(self, shape: Points, colour: RGB, depth: float = 2.5) -> Mask:
        """A piece in a colour of its own, shaded and outlined."""
        mask = self.fill([shape], colour)
        self._shade(mask, colour, depth)
        dark = darker(colour, 0.6 if luminance(colour) < PALE else 0.45)
        self.strokes([np.concatenate([shape, shape[:1]])], dark, LINE)
        return mask

    # -- lines -----------------------------------------------------------------------------------------------------

    def strokes(self, lines: Sequence[Points], colour: RGB, width: float = LINE) -> None:
        """Lines of one width with round ends."""
        self._paint(self._stroked(lines, width), colour)

    def stitches(self, lines: Sequence[Points], colour: RGB, width: float = 0.4) -> None:
        """Dashed seams."""
        self.strokes([dash for line in lines for dash in _dashes(line, 1.3, 0.9)], colour, width)

    # -- light -----------------------------------------------------------------------------------------------------

    def creases(self, lines: Sequence[Points], clip: Mask, width: float = 2.2, strength: float = 0.5) -> None:
        """Soft dark folds inside a shape that was drawn."""
        self._soft(lines, clip, width, (darker(self.base, 0.62), strength))

    def gleams(self, lines: Sequence[Points], clip: Mask, width: float = 1.8, strength: float = 0.5) -> None:
        """Soft bright reflections inside a shape that was drawn."""
        self._soft(lines, clip, width, (WHITE, strength))

    def lift(self, *shapes: Points) -> None:
        """The shadow of something lying flat: soft, a little down and to the right."""
        self._cast([move(shape, 1.1, 1.8) for shape in shapes], 1.5, 0.34)

    def ground(self, x: float, y: float, wide: float, high: float = 2.2) -> None:
        """The shadow under something standing, centred at (x, y)."""
        angle = np.linspace(0, 2 * np.pi, 40)
        for share, strength in ((1.0, 0.22), (0.8, 0.34)):
            shape = np.stack([x + wide * share * np.cos(angle), y + high * share * np.sin(angle)], axis=1)
            self._cast([shape], 1.3, strength)

    # -- underneath ------------------------------------------------------------------------------------------------

    def _paint(self, mask: Mask, colour: RGB) -> None:
        self.image.paste(colour, mask.box, mask.image)

    def _covered(self, shapes: Sequence[Points]) -> Mask:
        """The mask of the shapes' union, a margin around it."""
        mask, draw = self._blank(shapes, PADDING)
        for shape in shapes:
            draw.polygon(((shape * self.unit - (mask.left, mask.top)) * SUPERSAMPLING).ravel().tolist(), fill=255)
        return Mask(mask.image.reduce(SUPERSAMPLING), mask.left, mask.top)

    def _stroked(self, lines: Sequence[Points], width: float) -> Mask:
        mask, draw = self._blank(lines, 1 + width / 2)
        broad = max(1, round(width * self.unit * SUPERSAMPLING))
        for line in lines:
            spots = (line * self.unit - (mask.left, mask.top)) * SUPERSAMPLING
            draw.line(spots.ravel().tolist(), fill=255, width=broad)
            for x, y in _corners(spots, broad).tolist():
                reach = broad / 2
                draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)
        return Mask(mask.image.reduce(SUPERSAMPLING), mask.left, mask.top)

    def _blank(self, shapes: Sequence[Points], margin: float) -> tuple[Mask, ImageDraw.ImageDraw]:
        points = np.concatenate(shapes)
        left, top = np.floor((points.min(axis=0) - margin) * self.unit).astype(int).tolist()
        right, bottom = np.ceil((points.max(axis=0) + margin) * self.unit).astype(int).tolist()
        image = Image.new("L", ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING))
        return Mask(image, left, top), ImageDraw.Draw(image)

    def _shade(self, mask: Mask, colour: RGB, depth: float) -> None:
        """Round the piece off: its edges turn from the light, those at the top left catch it."""
        small = mask.image.reduce(SOFT_REDUCTION)
        soft = small.filter(ImageFilter.GaussianBlur(depth * self.unit / SOFT_REDUCTION))
        reach = max(1, round(depth * self.unit / SOFT_REDUCTION * 0.55))
        light = luminance(colour)
        for shift, tone, strength in (
            (-reach, darker(colour, 0.66), 0.62 if light < PALE else 0.5),
            (reach, lighter(colour, 0.8), 0.5 if light > DARK else 0.34),
        ):
            moved = Image.new("L", soft.size)
            moved.paste(soft, (shift, shift))
            edge = moved.point(_inverted(strength)).resize(mask.image.size, Image.Resampling.BILINEAR)
            self.image.paste(tone, mask.box, ImageChops.multiply(edge, mask.image))

    def _soft(self, lines: Sequence[Points], clip: Mask, width: float, ink: tuple[RGB, float]) -> None:
        small = self.unit / SOFT_REDUCTION
        low, size = self._frame(lines, 1.5 * width)
        image = Image.new("L", size)
        draw = ImageDraw.Draw(image)
        for line in lines:
            spots = line * small - low
            draw.line(spots.ravel().tolist(), fill=round(255 * ink[1]), width=max(1, round(width * small)))
        image = image.filter(ImageFilter.GaussianBlur(width * small * 0.55))
        image = image.resize((size[0] * SOFT_REDUCTION, size[1] * SOFT_REDUCTION), Image.Resampling.BILINEAR)
        left, top = low[0] * SOFT_REDUCTION, low[1] * SOFT_REDUCTION
        inside = clip.image.crop(
            (left - clip.left, top - clip.top, left - clip.left + image.width, top - clip.top + image.height)
        )
        self.image.paste(ink[0], (left, top), ImageChops.multiply(image, inside))

    def _frame(self, shapes: Sequence[Points], margin: float) -> tuple[tuple[int, int], tuple[int, int]]:
        """Corner and size of the shapes' frame with a margin (board units), in pixels of the reduced board."""
        points = np.concatenate(shapes)
        low = np.floor((points.min(axis=0) - margin) * (self.unit / SOFT_REDUCTION)).astype(int)
        high = np.ceil((points.max(axis=0) + margin) * (self.unit / SOFT_REDUCTION)).astype(int)
        (left, top), (wide, tall) = low.tolist(), (high - low).tolist()
        return (left, top), (max(1, wide), max(1, tall))

    def _cast(self, shapes: Sequence[Points], blur: float, strength: float) -> None:
        """A soft shadow of the shapes on the board."""
        small = self.unit / SOFT_REDUCTION
        low, size = self._frame(shapes, PADDING + blur)
        image = Image.new("L", size)
        draw = ImageDraw.Draw(image)
        for shape in shapes:
            draw.polygon((shape * small - low).ravel().tolist(), fill=round(255 * strength))
        image = image.filter(ImageFilter.GaussianBlur(blur * small))
        image = image.resize((image.width * SOFT_REDUCTION, image.height * SOFT_REDUCTION), Image.Resampling.BILINEAR)
        self.image.paste(SHADOW, (low[0] * SOFT_REDUCTION, low[1] * SOFT_REDUCTION), image)


@lru_cache
def _inverted(strength: float) -> list[int]:
    return [round((255 - value) * strength) for value in range(256)]


def _corners(spots: Points, broad: float) -> Points:
    """The ends of a line and the bends sharp enough to show a gap between two segments `broad` pixels wide."""
    if len(spots) == 2:  # noqa: PLR2004 - a straight stroke has ends only
        return spots
    steps = spots[1:] - spots[:-1]
    headings = np.arctan2(steps[:, 1], steps[:, 0])
    turns = np.abs((headings[1:] - headings[:-1] + np.pi) % (2 * np.pi) - np.pi)
    sharp = turns * broad > GAP
    return np.concatenate([spots[:1], spots[1:-1][sharp], spots[-1:]])


def _dashes(line: Points, dash: float, gap: float) -> list[Points]:
    """The line cut into dashes, lengths in board units."""
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    starts = np.arange(0, lengths[-1], dash + gap)
    ends = np.minimum(starts + dash, lengths[-1])
    at = np.stack([starts, ends], axis=1)
    return list(np.stack([np.interp(at, lengths, line[:, 0]), np.interp(at, lengths, line[:, 1])], axis=2))
