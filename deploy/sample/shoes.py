"""Shoes with laces or soles of weight, seen from the side: sneaker, boot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from deploy.sample.palette import INK, PALE, RUBBER, TAN, WHITE, darker, lighter, luminance
from deploy.sample.shapes import ellipse, move, path

if TYPE_CHECKING:
    from deploy.sample.article import Article
    from deploy.sample.canvas import Canvas
    from deploy.sample.shapes import Points


@dataclass(frozen=True, slots=True)
class Upper:
    """Where a low and a high sneaker differ; path descriptions, from the heel round the collar to the instep."""

    collar: str
    instep: str
    tongue: str
    throat: str


HIGH_TOP: Final = Upper(
    collar="C9.6 60 11.4 50 12.2 40 L12.4 27 Q12.6 23.4 16 23 Q28 27.6 38 22.6 L44.6 20.6",
    instep="C46.4 30 49 39 54.4 45.6",
    tongue="M38 30 L41.6 14.6 Q46 11.6 50 15 Q53 34 62 52",
    throat="M45.6 24 Q48.4 37 55 46.4 Q61 52.6 69 55.8",
)
LOW_TOP: Final = Upper(
    collar="C9.4 60 10.4 53 12.8 47 C13.4 43 14 40.8 16.6 40 Q19 39.6 20.6 42 C24 47.8 33 48.4 40 43 L45.6 38.4",
    instep="C48 41 50 43 52.6 45.4",
    tongue="M38 47 L43.4 34.4 Q47.6 31.6 51.6 35 Q55 44 62 52",
    throat="M46 40.4 Q50 44.6 55 47.8 Q61 52.6 69 55.8",
)


def sneaker(canvas: Canvas, article: Article) -> None:
    """Low or high, a cushioned sole, toe cap, heel counter, laces over a tongue."""
    canvas.ground(51, 81, 43)
    accent = canvas.accents[0] if article.pattern != "plain" else lighter(canvas.base, 0.62)
    if luminance(canvas.base) > PALE:
        accent = (198, 203, 210)
    cut = HIGH_TOP if article.has("high") else LOW_TOP
    upper = path(f"M11 70 {cut.collar} {cut.instep} C60 52 67 55 75 57.4 C85 60.2 92.4 62.6 93 69.6 Q60 74 11 70")
    canvas.solid(path(cut.tongue), darker(canvas.base, 0.16))
    mask = canvas.cloth(upper)
    canvas.creases([path("M66 69 Q70 63 68 57"), path("M30 70 Q33 60 29 50")], mask, 2.4, 0.4)
    canvas.gleams([path("M76 60.6 Q85 62.6 89 66.4"), path("M17 45 Q15.4 54 15.6 62")], mask, 2.0, 0.6)
    for shape in (
        "M72.6 71 C73 64 77 60 81.4 59.2 C88.6 61.4 92.8 64 93 69.6",
        "M11 70 C9.6 60 10.6 53.6 12.2 48.6 C19 51.6 25.4 58 26.4 71",
    ):
        canvas.solid(path(shape), accent, 2)
    if article.has("mark"):
        for right in (0, 8):
            canvas.solid(
                path(f"M{35 + right} 71 L{43.6 + right} 53 L{47.2 + right} 55.4 L{40 + right} 71"), accent, 0.8
            )
    _laces(canvas, path(cut.throat))
    _sole(canvas, accent)


def _laces(canvas: Canvas, throat: Points) -> None:
    """An eyestay along the throat, and laces from its eyelets over the tongue."""
    below = move(throat, -6, 5.6)
    stay = np.concatenate([throat, below[::-1]])
    canvas.solid(stay, darker(canvas.base, 0.2), 1.2)
    spots = throat[np.linspace(2, len(throat) - 6, 5).astype(int)]
    laces = [path(f"M{x - 3.6} {y + 3.2} L{x + 3.4} {y - 1.8}") for x, y in spots.tolist()]
    canvas.fill([ellipse(x - 3.6, y + 3.2, 0.95) for x, y in spots.tolist()], darker(canvas.base, 0.75))
    canvas.strokes(laces, darker(canvas.base, 0.7) if luminance(canvas.base) < PALE else (130, 134, 142), 2.2)
    canvas.strokes(laces, WHITE, 1.5)


def _sole(canvas: Canvas, accent: tuple[int, int, int]) -> None:
    """A white midsole with a line round it on a darker tread."""
    canvas.solid(
        path("M8 75 Q9 77 16 77 L88 76 Q94 75 94.8 72 L95 75 Q94 81.6 87 81.8 L15 82.2 Q8.2 82 8 75"),
        (150, 128, 104),
        0.8,
    )
    middle = path(
        "M9 67.6 C20 71 40 71.6 55 70.8 C70 70 83 69.4 92 66.4 Q95.6 68 95 72.4 Q94 78.2 87 79 L16 79.8 "
        "Q8.8 79.8 8 75 Q7.6 70.6 9 67.6"
    )
    canvas.solid(middle, RUBBER, 1.8)
    line = path("M8.4 73.6 C30 76.4 70 76 94.6 71.4")
    canvas.strokes([line], accent if luminance(canvas.base) > PALE else canvas.base, 0.9)


def boot(canvas: Canvas, article: Article) -> None:
    """An ankle boot on a block heel, laced or with elastic at the sides."""
    top = article.vary("shaft", 14, 26)
    canvas.ground(55, 88.6, 38)
    canvas.solid(ellipse(36, top, 15, 3.4), darker(canvas.base, 0.6), 1)
    upper = path(
        f"M21 79.6 C18.4 72 19.4 64 22 57 C23.6 48 22.4 38 21 {top} Q36 {top + 6} 51 {top} C50 34 49.4 42 51.6 48.4 "
        "C54.4 56 62 59 70 62.4 C81 67 90 70 91.4 80 L91 84.8 L60 84.6 C50 83.4 40 81 21 79.6"
    )
    mask = canvas.cloth(upper)
    canvas.creases(
        [path("M50.4 49 Q42 55 31 53"), path("M53.4 54.6 Q46 60.4 35 60.4"), path("M70 84 Q74 76 71 66")],
        mask,
        2.2,
        0.5,
    )
    canvas.gleams([path(f"M28 {top + 6} Q29.6 44 27 60"), path("M68 65 Q79 68.6 85 75")], mask, 2.6, 0.5)
    if article.has("laced"):
        _bootlaces(canvas, top)
    else:
        _gore(canvas, top)
    canvas.stitches([path("M56 57.6 Q56 70 47 81.4"), path("M22 58 Q34 63 35 79.4")], lighter(canvas.base, 0.4))
    leather = darker(TAN, 0.82)
    canvas.solid(path("M19.4 82.6 L20.4 89 L40 89 L41.6 84"), leather, 1.3)
    canvas.solid(
        path("M19.6 78.8 C40 80.4 50 83 60 84 L91.6 83.8 Q93.4 86.6 90.6 89 L60 89 C52 88.6 46 86.2 41 84.6 L19.6 83"),
        leather,
        1.2,
    )
    canvas.stitches([path("M21 80.4 C40 82 50 84.6 60 85.6 L91 85.4")], (222, 190, 140), 0.45)


def _gore(canvas: Canvas, top: float) -> None:
    """Elastic at the side, a loop to pull."""
    gore = path(f"M30 {top + 3} Q37 {top + 4} 44 {top + 2.4} L41 {top + 26} Q37.4 {top + 29} 34 {top + 26}")
    canvas.solid(gore, darker(canvas.base, 0.5), 1.5)
    ribs = [path(f"M{x} {top + 4.6} L{37.4 + (x - 37.2) * 0.45} {top + 26}") for x in (32.6, 34.9, 37.2, 39.5, 41.8)]
    canvas.strokes(ribs, darker(canvas.base, 0.78), 0.45)
    canvas.strokes(
        [path(f"M22 {top + 5} Q16.6 {top - 4} 21 {top - 5} Q25 {top - 4} 24.6 {top + 4}")],
        darker(canvas.base, 0.6),
        1.4,
    )


def _bootlaces(canvas: Canvas, top: float) -> None:
    """Laces up the front of the shaft, a padded collar."""
    throat = path(f"M50.4 {top + 3} C49.6 36 49 42 51.4 48.6 Q54 55.4 62 59")
    facing = np.concatenate([throat, (throat - (6.4, -2.2))[::-1]])
    canvas.solid(facing, darker(canvas.base, 0.22), 1)
    spots = throat[np.linspace(2, len(throat) - 7, 6).astype(int)].tolist()
    laces = [path(f"M{x - 4.6} {y + 2.2} L{x + 1.6} {y - 1.4}") for x, y in spots]
    canvas.fill([ellipse(x - 4.8, y + 2.4, 0.9) for x, y in spots], darker(canvas.base, 0.8))
    canvas.strokes(laces, INK, 2.0)
    canvas.strokes(laces, (240, 220, 178), 1.3)
    collar = path(f"M20.6 {top - 0.6} Q36 {top + 5.6} 51.4 {top - 0.6} L51.2 {top + 4} Q36 {top + 10} 21 {top + 4}")
    canvas.solid(collar, darker(canvas.base, 0.22), 1.2)
