"""Open and elegant shoes, seen from the side: sandal, high heel, ballet flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.sample.palette import BRASS, TAN, darker, lighter
from deploy.sample.shapes import arc, box, ellipse, move, path, ribbon, ring, rotate

if TYPE_CHECKING:
    from deploy.sample.article import Article
    from deploy.sample.canvas import Canvas


def sandal(canvas: Canvas, article: Article) -> None:
    """Two broad straps and a sling over a cork footbed, flat or on a platform."""
    canvas.ground(50, 82, 43)
    up = article.vary("lift", -4, -2) if article.has("platform") else article.vary("lift", 3, 4.5)
    sling = move(path("M44 53 C34 57 24 54 17 49 Q11.6 46 11 54 L12.4 68"), 0, up)
    far = move(path("M60 66 C62 52 70 46 84 55 L82 66"), 0, up)
    near = move(path("M54 71.4 C55 59 59 50.6 65.4 48.8 C72 47.4 79 50.6 83 55.4 C80.8 61 80 66 80.6 73"), 0, up)
    back = move(path("M31 70.4 C33 58 38 47 46.4 39.6 C50 40.4 54 42.6 56.6 45.4 C50.6 53 47 61 46.6 69.6"), 0, up)
    canvas.solid(ribbon(sling, 4.4), darker(canvas.base, 0.16), 1.4)
    foot = move(
        path("M8.6 67.6 C24 71.6 34 64.6 50 67.4 C66 71.4 82 72.6 93 68 Q80 64 50 62.6 Q22 60.6 8.6 67.6"), 0, up
    )
    canvas.solid(foot, lighter(TAN, 0.4), 1.5)
    canvas.solid(far, darker(canvas.base, 0.55), 1.5)
    canvas.solid(
        move(path("M46.4 39.6 Q52 36.8 58.6 40.6 Q58 48 57 60 L50 62 Z"), 0, up), darker(canvas.base, 0.55), 1.5
    )
    for shape, angle, light in ((near, 30, "M61 66 Q63 56 69 52.6"), (back, 150, "M37 64 Q40 53 47 45")):
        mask = canvas.cloth(shape, angle)
        canvas.gleams([move(path(light), 0, up)], mask, 2.4, 0.55)
    canvas.stitches([move(path("M56 71 C57 60.6 60.6 53 66 51.2"), 0, up)], darker(canvas.base, 0.5))
    side = path(
        f"M8.2 {67.4 + up} C24 {72 + up} 34 {65.4 + up} 50 {68.2 + up} "
        f"C66 {72.2 + up} 82 {73.4 + up} 93.4 {68 + up} Q95 {73 + up} 92 79 L10 79 Q6.6 75 8.2 {67.4 + up}"
    )
    canvas.solid(side, lighter(TAN, 0.14), 1.8)
    canvas.solid(path("M8.4 77.4 Q50 78.6 93 77 Q93.4 80.6 91 82 L10.4 82 Q8 80.6 8.4 77.4"), darker(TAN, 0.66), 1)
    buckle = rotate(box(41.4, 48, 47.4, 54, 0.9), 30, (44.4, 51))
    canvas.strokes([move(ring(buckle), 0, up)], darker(BRASS, 0.4), 1.5)
    canvas.strokes([move(ring(buckle), 0, up), move(path("M42 49.6 L47 52.4"), 0, up)], lighter(BRASS, 0.2), 0.8)


def heel(canvas: Canvas, article: Article) -> None:
    """A pointed pump on a slim heel, with an ankle strap or a bow."""
    canvas.ground(74, 88, 21, 1.7)
    canvas.ground(17, 88, 8, 1.4)
    seat = article.vary("heel", 54, 63)
    strap = rotate(ellipse(27.6, seat - 26, 15.4, 5.2), -6, (27.6, seat - 26))
    if article.has("strap"):
        canvas.strokes([strap[24:48]], canvas.outline, 2.7)
        canvas.strokes([strap[24:48]], darker(canvas.base, 0.4), 1.7)
    _heel_below(canvas, seat, article.vary("slim", 2.0, 6.0))
    upper = path(
        f"M11.4 {seat} C9 {seat - 8} 9.4 {seat - 18} 12.6 {seat - 22} Q14.6 {seat - 24} 16.6 {seat - 20} "
        f"C20 {seat - 9} 29 {seat - 3} 39 {seat + 2} "
        f"C50 {seat + 7} 57 70.6 63.6 72 Q67.6 71.4 70 67.8 C79 71.4 89 79 96.4 86.6 Q80 88 64 87 "
        f"C54 86 46 {seat + 16} 34 {seat + 8.4} C26 {seat + 4} 18 {seat + 2} 11.4 {seat}"
    )
    mask = canvas.cloth(upper, 30)
    canvas.gleams(
        [path("M72 71.6 Q82 76.4 88 82"), path(f"M14 {seat - 14} Q16 {seat - 6} 24 {seat - 1}")], mask, 2.2, 0.7
    )
    canvas.creases([path(f"M30 {seat + 7} Q46 {seat + 14} 58 86")], mask, 2.4, 0.4)
    if article.has("strap"):
        canvas.strokes([strap[0:25]], canvas.outline, 2.7)
        canvas.strokes([strap[0:25]], canvas.base, 1.8)
        x, y = strap[9].tolist()
        canvas.solid(box(x - 1.8, y - 1.8, x + 1.8, y + 1.8, 0.6), BRASS, 0.7)
    elif article.has("bow"):
        _bow(canvas, 68, 69)


def _heel_below(canvas: Canvas, seat: float, slim: float) -> None:
    """The heel itself, the sole, and the lining that shows above the near side."""
    post = path(
        f"M11.6 {seat} Q13 {seat + 14} {15.4 - slim / 4} 88 L{17 + slim * 0.7} 88 "
        f"Q{18 + slim} {seat + 20} 32 {seat + 8}"
    )
    canvas.solid(post, darker(canvas.base, 0.2), 1.6)
    lining = path(f"M13 {seat - 20} Q20 {seat - 17} 30 {seat - 8} C44 {seat + 1} 58 62 69 67.6 L64 73 L24 {seat}")
    canvas.solid(lining, lighter(TAN, 0.5), 2)
    sole = path(
        f"M11.4 {seat - 1} C24 {seat + 4} 38 {seat + 12} 48 80 Q54 88.4 66 88.6 L95.6 88 L95 85 L60 85 "
        f"C46 {seat + 12} 30 {seat} 11.4 {seat - 1}"
    )
    canvas.solid(sole, darker(TAN, 0.8), 0.9)


def flat(canvas: Canvas, article: Article) -> None:
    """A ballet flat: low, open, with a bow or a strap over the instep."""
    canvas.ground(50, 77.6, 43)
    canvas.solid(path("M14 56 Q40 58.6 72 59 L72 70 L16 72"), lighter(TAN, 0.5), 2)
    strapped = article.has("strap")
    band = path("M44.6 72 C43.6 62 45 54 51.4 52.4 Q58.4 51.6 60.4 66")
    if strapped:
        canvas.solid(ribbon(band[6:], 4), darker(canvas.base, 0.3), 1.2)
    edge = "C21 63 34 66.6 48 66.6 C58 66.6 63 60.4 70 58.4"
    upper = path(
        f"M8.6 74.4 C6.6 64 7.8 53 11.4 49.4 Q14.6 47.4 16.8 51.6 {edge} C84 58.4 94 66 94.4 73.4 Q50 78.4 8.6 74.4"
    )
    mask = canvas.cloth(upper)
    canvas.gleams([path("M73 62 Q85 63 90.4 69.4"), path("M11.6 56 Q12.4 65 19 69")], mask, 2.4, 0.6)
    canvas.creases([path("M30 73 Q50 76 80 74")], mask, 2.4, 0.35)
    canvas.strokes([path(f"M16.8 51.6 {edge}")], darker(canvas.base, 0.5), 1.5)
    canvas.solid(
        path("M8 73.4 Q50 77.6 95 72.8 Q95.6 75.6 93.4 77 L34 78 L32 79.6 L10 79.6 Q7.4 77 8 73.4"),
        darker(TAN, 0.72),
        1,
    )
    if strapped:
        canvas.solid(ribbon(band[:9], 4), canvas.base, 1.2)
        canvas.solid(ellipse(44.4, 69.6, 1.5), BRASS, 0.6)
        return
    _bow(canvas, 72, 60)


def _bow(canvas: Canvas, x: float, y: float) -> None:
    """Two loops and a knot, centred at (x, y)."""
    tone = darker(canvas.base, 0.12)
    for loop in (
        "M0 0 C-8 -8 -12.4 -3 -10.4 1.4 C-8.6 5.6 -3.6 4 0 0",
        "M0 0 C4 -9.6 11 -6.4 10.6 -1.4 C9.8 3.6 4.6 3 0 0",
    ):
        mask = canvas.solid(move(path(loop), x, y), tone, 1.4)
        canvas.creases([move(path("M0 0 L-5 -1"), x, y), move(path("M0 0 L5 -2"), x, y)], mask, 1.2, 0.6)
    canvas.solid(move(arc((0, 0), (1.9, 1.7), 0, 345), x, y), darker(canvas.base, 0.25), 0.7)
