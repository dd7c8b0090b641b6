"""What is printed or woven on the cloth: masks over the whole board, made once per pattern, size and turn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw

from deploy.sample.shapes import Points, box, ellipse, move, path, rotate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deploy.sample.article import Article

SUPERSAMPLING: Final = 3
LOW, HIGH = -40, 140  # board units the bands cover, so that turned ones still fill the board
SIZES: Final = (0.85, 1.0, 1.25)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern's name, how English titles put it before and behind the noun, and the Chinese word."""

    name: str
    adjective: str
    phrase: str
    chinese: str


@dataclass(frozen=True, slots=True)
class Layer:
    """Where one of an article's three accent colours (`tone`) goes, and how opaque: an "L" image of the board."""

    tone: int
    image: Image.Image


@dataclass(frozen=True, slots=True)
class _Figure:
    """A shape in board units; motifs lie round the origin. Figures of one `sheet` share a mask."""

    shape: Points
    tone: int = 0
    opacity: float = 1.0
    sheet: int = 0


@dataclass(frozen=True, slots=True)
class _Design:
    """Bands right across the board, and motifs strewn on a grid of `step` board units, by turns."""

    bands: Sequence[_Figure] = ()
    motifs: Sequence[Sequence[_Figure]] = ()
    step: float = 10.0


PATTERNS: Final = MappingProxyType(
    {
        pattern.name: pattern
        for pattern in (
            Pattern("plain", "", "", "纯色"),
            Pattern("stripes", "Striped", "with Stripes", "条纹"),
            Pattern("dots", "Dotted", "with Dots", "波点"),
            Pattern("checks", "Gingham", "Gingham", "方格"),
            Pattern("plaid", "Tartan", "Tartan", "苏格兰格纹"),
            Pattern("floral", "Floral", "with Floral Print", "碎花"),
            Pattern("chevron", "Chevron", "with Chevron Print", "人字纹"),
            Pattern("stars", "Star-Print", "with Stars", "星星图案"),
        )
    }
)


def pattern_layers(article: Article, side_px: int, angle_degrees: int) -> tuple[Layer, ...]:
    """The layers of the article's pattern, turned by `angle_degrees`, in the order of painting; none if it is plain."""
    if article.pattern == "plain":
        return ()
    return _layers(article.pattern, side_px, angle_degrees, article.choose("pattern size", SIZES))


@lru_cache(maxsize=64)
def _layers(pattern: str, side_px: int, angle_degrees: int, size: float) -> tuple[Layer, ...]:
    """Made once for many articles: the masks depend on neither the colour nor the cut."""
    design = _DESIGNS[pattern](size)
    unit = side_px / 100 * SUPERSAMPLING
    sheets: dict[tuple[int, int], Image.Image] = {}

    def put(figure: _Figure, points: Points) -> None:
        key = (figure.sheet, figure.tone)
        if key not in sheets:
            sheets[key] = Image.new("L", (side_px * SUPERSAMPLING, side_px * SUPERSAMPLING))
        ImageDraw.Draw(sheets[key]).polygon(points.ravel().tolist(), fill=round(figure.opacity * 255))

    for figure in design.bands:
        put(figure, rotate(figure.shape, angle_degrees) * unit)
    turned = [
        [replace(figure, shape=rotate(figure.shape, angle_degrees, (0, 0)) * unit) for figure in motif]
        for motif in design.motifs
    ]
    for number, place in enumerate(_places(design.step, angle_degrees) if turned else ()):
        for figure in turned[number * 7 % len(turned)]:
            put(figure, figure.shape + place * unit)
    return tuple(Layer(tone, sheets[sheet, tone].reduce(SUPERSAMPLING)) for sheet, tone in sorted(sheets))


def _places(step: float, angle_degrees: int) -> Points:
    """The points of a turned grid that lie on the board or close by; every second row is shifted by half a step."""
    at = np.arange(LOW, HIGH, step)
    columns, rows = np.meshgrid(at, at)
    columns = columns + (np.arange(len(at)) % 2)[:, None] * step / 2
    places = rotate(np.stack([columns.ravel(), rows.ravel()], axis=1), angle_degrees)
    near = np.all((places > -step) & (places < 100 + step), axis=1)
    return places[near]


def _bands(step: float, width: float, figure: _Figure, turn: float = 0) -> list[_Figure]:
    return [
        replace(figure, shape=rotate(box(LOW, at, HIGH, at + width), turn))
        for at in np.arange(LOW, HIGH, step).tolist()
    ]


def _stripes(size: float) -> _Design:
    return _Design(_bands(8.0 * size, 3.1 * size, _Figure(_NOTHING)))


def _dots(size: float) -> _Design:
    return _Design(motifs=[[_Figure(ellipse(0, 0, 1.55 * size))]], step=6.4 * size)


def _checks(size: float) -> _Design:
    """Two half-opaque sheets: where the bands cross they add up."""
    both = [_bands(7.0 * size, 3.5 * size, _Figure(_NOTHING, 0, 0.5, sheet), sheet * 90) for sheet in (0, 1)]
    return _Design(both[0] + both[1])


def _plaid(size: float) -> _Design:
    bands: list[_Figure] = []
    for sheet in (0, 1):
        bands += _bands(15.0 * size, 5.4 * size, _Figure(_NOTHING, 1, 0.42, sheet), sheet * 90)
        thin = _bands(15.0 * size, 1.1 * size, _Figure(_NOTHING, 0, 0.8, sheet + 2), sheet * 90)
        bands += [replace(band, shape=move(band.shape, 9.6 * size, 9.6 * size)) for band in thin]
    return _Design(bands)


def _floral(size: float) -> _Design:
    """Five-petalled flowers of several sizes with two leaves and a bud beside each."""
    leaf = path("M0 0 Q2.4 -1.7 4.6 0 Q2.4 1.7 0 0")
    petal = ellipse(0, -1.6, 1.15, 1.5)[::2]
    motifs = []
    for turn, grow, aside in (
        (0, 1.1, 0),
        (51, 0.72, 2.2),
        (107, 1.2, -1),
        (160, 0.85, 1.6),
        (235, 1.05, -1.8),
        (300, 0.7, 1),
    ):
        shapes = [(rotate(leaf, turn + at, (0, 0)), 2, 0) for at in (20, 160)]
        shapes += [(rotate(petal, turn + at, (0, 0)), 0, 1) for at in range(0, 360, 72)]
        shapes += [(ellipse(0, 0, 0.95)[::2], 1, 2), (rotate(ellipse(5.4, 1.3, 0.75)[::3], turn * 2, (0, 0)), 1, 2)]
        motifs.append(
            [_Figure(move(shape * (grow * size), aside, -aside), tone, 1.0, sheet) for shape, tone, sheet in shapes]
        )
    return _Design(motifs=motifs, step=11.0 * size)


def _chevron(size: float) -> _Design:
    across = np.arange(LOW, HIGH, 4.0 * size)
    wave = np.where(np.arange(len(across)) % 2 == 0, 0.0, 3.4 * size)
    tops = [np.stack([across, at + wave], axis=1) for at in np.arange(LOW, HIGH, 7.6 * size)]
    return _Design([_Figure(np.concatenate([top, move(top, 0, 2.7 * size)[::-1]])) for top in tops])


def _stars(size: float) -> _Design:
    angle = np.radians(np.arange(10) * 36 - 90)
    reach = np.where(np.arange(10) % 2 == 0, 2.5, 1.05) * size
    star = np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1)
    return _Design(motifs=[[_Figure(rotate(star, turn, (0, 0)))] for turn in (0, 20, -14, 33, 8)], step=8.6 * size)


_NOTHING: Final = np.zeros((1, 2))
_DESIGNS: Final[dict[str, Callable[[float], _Design]]] = {
    "stripes": _stripes,
    "dots": _dots,
    "checks": _checks,
    "plaid": _plaid,
    "floral": _floral,
    "chevron": _chevron,
    "stars": _stars,
}
