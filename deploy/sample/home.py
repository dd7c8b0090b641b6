"""For the home and the way there: mug, lamp, chair, cushion, vase, umbrella."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.sample.palette import BRASS, INK, STEEL, WOOD, darker, lighter
from deploy.sample.shapes import box, ellipse, mirror, move, path, ribbon, ring, symmetric

if TYPE_CHECKING:
    from deploy.sample.article import Article
    from deploy.sample.canvas import Canvas


def mug(canvas: Canvas, article: Article) -> None:
    """A mug with a handle, coffee in it."""
    canvas.ground(46, 83, 31)
    grip = article.vary("grip", 86, 92)
    handle = path(f"M66 39 C{grip - 8} 35 {grip} 42 {grip} 52 C{grip} 64 {grip - 8} 70 66 68")
    ear = canvas.solid(ribbon(handle, 7), canvas.base, 2.4)
    canvas.gleams([handle[4:22] - (0.8, 0.4)], ear, 1.6, 0.6)
    foot = article.vary("foot", 20, 24)
    body = path(f"M18 28 L74 28 L{92 - foot} 76 Q{90 - foot} 83 {84 - foot} 83 L{foot + 8} 83 Q{foot + 2} 83 {foot} 76")
    mask = canvas.cloth(body)
    canvas.gleams([path(f"M26 34 L{foot + 7} 74")], mask, 3.4, 0.6)
    canvas.creases([path(f"M69 34 L{86 - foot} 76")], mask, 4, 0.35)
    rim = ellipse(46, 28, 28, 6.4)
    canvas.solid(rim, lighter(canvas.base, 0.3), 1)
    canvas.solid(ellipse(46, 28.6, 25.4, 5), (236, 232, 226), 1)
    canvas.solid(
        ellipse(46, 29.8, 23.6, 3.9), article.choose("drink", ((96, 60, 40), (140, 92, 58), (150, 74, 40))), 1.2
    )


def lamp(canvas: Canvas, article: Article) -> None:
    """A table lamp: a shade in the colour on a turned foot."""
    canvas.ground(50, 90, 21)
    metal = article.choose("foot", (BRASS, WOOD, STEEL, (232, 230, 226)))
    style = article.choose("style", ("round", "slim", "column"))
    foot = {
        "round": symmetric("M50 54 L52.5 54 C54 58 67 62 67 74 Q66 85 57 87 L50 87.4"),
        "slim": symmetric("M50 50 L51.8 50 L52.2 80 Q53 85 60 86 L50 87"),
        "column": symmetric("M50 50 L55 52 Q58 56 55.4 60 Q52.6 64 55.6 68 Q60 74 56 80 L58 86 L50 87"),
    }[style]
    mask = canvas.solid(foot, metal, 3)
    canvas.gleams([path("M44 66 Q41 74 45 82"), path("M49.4 56 L49.4 80")], mask, 1.6, 0.6)
    canvas.solid(box(37, 86, 63, 90, 1.6), darker(metal, 0.12), 1.2)
    top = article.vary("top", 58, 66)
    shade = symmetric(f"M50 12 L{top} 12 Q{top + 1} 12 {top + 1.4} 14 L77 52 Q66 55 50 55.4")
    cloth = canvas.cloth(shade)
    canvas.gleams([path("M46 20 L42 50")], cloth, 9, 0.34)
    edge = path(f"M{100 - top - 1} 14 Q50 16.4 {top + 1} 14")
    hem = path("M23.4 51.4 Q50 56.6 76.6 51.4")
    canvas.strokes([edge, hem], canvas.outline, 1.5)
    canvas.strokes([edge, hem], darker(canvas.base, 0.15), 0.9)
    canvas.strokes([path("M62 54.4 L62 63")], darker(BRASS, 0.2), 0.5)
    canvas.fill([ellipse(62, 64, 1.1)], BRASS)


def chair(canvas: Canvas, article: Article) -> None:
    """An upholstered chair on wooden legs."""
    canvas.ground(50, 91, 30)
    wood = article.choose("wood", (WOOD, darker(WOOD, 0.5), lighter(WOOD, 0.35)))
    for leg in ("M30 62 L26.5 90 L30 90 L36 62", "M70 62 L73.5 90 L70 90 L64 62"):
        canvas.solid(path(leg), darker(wood, 0.3), 1)
    top = article.vary("back", 9, 15)
    curve = article.vary("curve", 66, 74)
    back = symmetric(f"M50 {top} C62 {top} {curve} {top + 2} {curve + 1} 24 Q{curve + 1} 42 66 56 L50 57")
    mask = canvas.cloth(back)
    if article.has("tufted"):
        spots = [(40, 24), (60, 24), (50, 33), (40, 42), (60, 42)]
        canvas.creases([path(f"M{x - 4} {y - 3} L{x} {y} L{x + 4} {y - 3}") for x, y in spots], mask, 1.6, 0.5)
        canvas.fill([ellipse(x, y, 1) for x, y in spots], canvas.outline)
    else:
        canvas.creases([path(f"M40 {top + 6} Q39 34 42 54"), path(f"M60 {top + 6} Q61 34 58 54")], mask, 1.8, 0.45)
    canvas.gleams([path(f"M32 {top + 10} Q30 30 34 46")], mask, 3, 0.4)
    seat = path("M26 58 Q50 52 74 58 Q80 62 78 68 Q50 76 22 68 Q20 62 26 58")
    lap = canvas.cloth(seat)
    canvas.gleams([path("M30 60 Q46 56.4 60 57.4")], lap, 2.4, 0.45)
    rail = path("M22 67 Q50 75 78 67 L77 72 Q50 79 23 72")
    canvas.solid(rail, darker(canvas.base, 0.3), 1.4)
    for shape in (path("M24 71.5 L20 92 L23.6 92 L31 73.6"), mirror(path("M24 71.5 L20 92 L23.6 92 L31 73.6"))):
        canvas.solid(shape, wood, 1)


def cushion(canvas: Canvas, article: Article) -> None:
    """A square cushion, piped or tasselled."""
    plump = article.vary("plump", 2, 6)
    shape = path(f"M14 16 Q50 {16 + plump} 86 14 Q{86 - plump} 50 88 86 Q50 {86 - plump} 12 88 Q{14 + plump} 50 14 16")
    canvas.lift(shape)
    if article.has("tassel"):
        for x, y, reach, down in ((14, 16, -4, -4), (86, 14, 4, -4), (88, 86, 4, 4), (12, 88, -4, 4)):
            ends = [path(f"M{x} {y} L{x + reach + i} {y + down - i * 0.6}") for i in (-2, -1, 0, 1, 2)]
            canvas.strokes(ends, darker(canvas.base, 0.4), 0.9)
    mask = canvas.cloth(shape, 0, 7)
    corners = [
        path("M20 22 Q28 30 34 34"),
        path("M80 20 Q72 28 66 34"),
        path("M82 80 Q74 72 68 68"),
        path("M18 82 Q26 74 32 68"),
    ]
    canvas.creases(corners, mask, 2.6, 0.34)
    canvas.gleams([path("M30 40 Q36 28 52 27")], mask, 7, 0.3)
    canvas.strokes([ring(shape)], darker(canvas.base, 0.3), 1.3)
    canvas.stitches([ring(shape)], lighter(canvas.base, 0.3), 0.5)


def vase(canvas: Canvas, article: Article) -> None:
    """A glazed vase, twigs in it now and then."""
    canvas.ground(50, 91, 21)
    neck = article.vary("neck", 55, 61)
    belly = article.vary("belly", 70, 78)
    low = article.vary("low", 58, 68)
    if article.has("twigs"):
        twigs = [path("M50 36 Q48 20 40 9"), path("M50 36 Q51 18 54 6"), path("M51 36 Q56 22 65 13")]
        canvas.strokes(twigs, (122, 104, 78), 0.9)
        buds = [(40, 9), (43.4, 14), (46.6, 20), (54, 6), (52.4, 13), (51.6, 20), (65, 13), (60.4, 17.4), (56.4, 23)]
        canvas.fill([ellipse(x, y, 2.1, 1.6) for x, y in buds], (150, 130, 96))
        canvas.fill([ellipse(x - 0.3, y - 0.3, 1.6, 1.1) for x, y in buds], (222, 206, 170))
    body = symmetric(
        f"M50 32 L{neck + 2} 31 Q{neck - 2} 38 {neck} 42 C{belly} 48 {belly + 3} {low} {belly - 4} 76 "
        "Q64 88 60 91 L50 91.4"
    )
    mask = canvas.cloth(body, 0, 6)
    canvas.gleams([path(f"M{104 - belly} {low + 8} Q{101 - belly} {low - 8} 40 48")], mask, 3.4, 0.75)
    canvas.creases([path(f"M{belly - 6} 52 Q{belly - 2} {low + 6} 62 86")], mask, 5, 0.35)
    canvas.solid(ellipse(50, 31.6, neck - 47.6, 2.6), lighter(canvas.base, 0.25), 0.8)
    canvas.fill([ellipse(50, 31.8, neck - 49.2, 1.7)], darker(canvas.base, 0.72))


def umbrella(canvas: Canvas, article: Article) -> None:
    """Open, its crook handle down."""
    top = article.vary("top", 13, 19)
    handle = article.choose("handle", (WOOD, INK, darker(WOOD, 0.5)))
    shaft = path("M50 40 L50 82")
    canvas.strokes([shaft], darker(STEEL, 0.5), 1.9)
    canvas.strokes([shaft], lighter(STEEL, 0.2), 1.1)
    crook = path("M50 70 L50 84 C50 93 63 93 62.4 84")
    canvas.strokes([crook], darker(handle, 0.55), 4.2)
    canvas.strokes([crook], handle, 3.2)
    canvas.strokes([crook - (0.6, 0)], lighter(handle, 0.4), 0.6)
    canvas.strokes([path(f"M50 {top} L50 {top - 6}")], darker(STEEL, 0.4), 1.6)
    under = path("M6 57 Q50 44 94 57 L50 52")
    canvas.solid(under, darker(canvas.base, 0.6), 2)
    canopy = symmetric(f"M50 {top} C76 {top} 94 36 95 58 Q86 50 77.5 57 Q71 50.4 64 57 Q57 50.6 50 56.6")
    mask = canvas.cloth(canopy, 0, 5)
    ribs = [path(f"M50 {top} Q{50 + x * 0.72} {top + 14} {50 + x} 57") for x in (-27.5, -14, 0, 14, 27.5)]
    canvas.creases([move(rib, 1, 0) for rib in ribs], mask, 2.4, 0.5)
    canvas.strokes(ribs, canvas.outline, 0.45)
    canvas.gleams([path(f"M20 46 Q26 {top + 14} 40 {top + 8}")], mask, 3.2, 0.5)
    canvas.fill([ellipse(50, top, 1.7, 1.2)], canvas.outline)
    canvas.strokes([path(f"M{x} 57 L{x} 59.4") for x in (5.2, 22.5, 36, 50, 64, 77.5, 94.8)], darker(STEEL, 0.4), 0.8)
