"""Bags: handbag, backpack, tote, wallet, suitcase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.sample.palette import BRASS, DARK, INK, LIGHT, STEEL, TAN, darker, lighter, luminance
from deploy.sample.shapes import arc, box, ellipse, mirror, move, path, ribbon, ring, symmetric

if TYPE_CHECKING:
    from deploy.sample.article import Article
    from deploy.sample.canvas import Canvas


def handbag(canvas: Canvas, article: Article) -> None:
    """A flap or zip bag with a curved handle and metal fittings."""
    canvas.ground(50, 88, 38)
    grip = article.vary("handle", 12, 22)
    arch = arc((50, 42), (18, 42 - grip), 180, 360)
    canvas.strokes([arch], canvas.outline, 4.4)
    canvas.strokes([arch], darker(canvas.base, 0.18), 3.4)
    canvas.strokes([arch - (0.5, 0.6)], lighter(canvas.base, 0.4), 0.5)
    wide = article.vary("wide", 80, 88)
    body = symmetric(f"M50 40 L{wide - 9} 40 Q{wide - 4} 40 {wide - 3.4} 45 L{wide} 80 Q{wide} 88 {wide - 7} 88 L50 88")
    mask = canvas.cloth(body)
    canvas.gleams([path(f"M{103 - wide} 46 L{106 - wide} 82")], mask, 3, 0.4)
    if article.has("flap"):
        flap = symmetric(
            f"M50 39.6 L{wide - 9} 39.6 Q{wide - 3} 40 {wide - 3} 45 L{wide - 3.4} 54 C{wide - 6} 66 64 68 50 68"
        )
        over = canvas.cloth(flap)
        canvas.creases([flap[len(flap) // 4 : len(flap) * 3 // 4] - (0, 1)], over, 1.0, 0.4)
        canvas.stitches(
            [symmetric(f"M50 66 C64 66 {wide - 8} 64 {wide - 5.4} 54 L{wide - 5.4} 44")[:-30]], darker(canvas.base, 0.5)
        )
        canvas.solid(box(45, 63, 55, 72, 1.6), BRASS, 1.6)
        canvas.strokes([ring(ellipse(50, 67.5, 1.8))], darker(BRASS, 0.5), 0.7)
    else:
        canvas.strokes([path(f"M{104 - wide} 46 L{wide - 4} 46")], darker(BRASS, 0.2), 1.4)
        canvas.stitches([path(f"M{104 - wide} 46 L{wide - 4} 46")], lighter(BRASS, 0.5), 0.7)
        canvas.solid(box(wide - 15, 46, wide - 12, 53, 1), BRASS, 0.8)
        canvas.stitches([path(f"M{103 - wide} 76 L{wide - 3} 76")], darker(canvas.base, 0.5))
        canvas.solid(box(42, 56, 58, 62, 1.2), darker(canvas.base, 0.25), 1)
    for x in (32, 68):
        canvas.strokes([ring(ellipse(x, 41.6, 2.6))], darker(BRASS, 0.35), 1.7)
        canvas.strokes([ring(ellipse(x, 41.6, 2.6))], lighter(BRASS, 0.15), 1.0)


def backpack(canvas: Canvas, article: Article) -> None:
    """A rounded pack with a front pocket, zips and straps."""
    canvas.ground(50, 90, 30)
    loop = arc((50, 15), (7, 8), 180, 360)
    canvas.strokes([loop], canvas.outline, 3.2)
    canvas.strokes([loop], darker(canvas.base, 0.35), 2.3)
    strap = path("M27 34 C17 44 17 68 23 84 L28 84 L29 40")
    for shape in (strap, mirror(strap)):
        canvas.solid(shape, darker(canvas.base, 0.4), 1.6)
    top = article.vary("top", 11, 15)
    body = symmetric(f"M50 {top} C66 {top} 74 20 75 36 L76.5 80 Q76.5 90 67 90 L50 90")
    mask = canvas.cloth(body)
    canvas.gleams([path("M30 30 Q27 50 28 80")], mask, 3.4, 0.35)
    zipped = symmetric("M50 22 C62 22 67.5 28 68.5 42")
    half = len(zipped) // 2
    line = [*zipped[half:].tolist(), *zipped[:half].tolist()]
    curve = path("M" + " L".join(f"{x} {y}" for x, y in line))
    canvas.strokes([curve], darker(canvas.base, 0.6), 1.4)
    canvas.stitches([curve], STEEL, 0.6)
    canvas.solid(box(67.4, 42, 69.6, 49, 0.8), BRASS, 0.7)
    deep = article.vary("pocket", 52, 58)
    pocket = symmetric(f"M50 {deep} L66 {deep} Q71 {deep} 71 {deep + 5} L71.6 80 Q71.4 85.6 66 85.6 L50 85.6")
    front = canvas.cloth(pocket)
    canvas.creases([path(f"M30 {deep + 8} L70 {deep + 8}")], front, 1.6, 0.4)
    canvas.strokes([path(f"M31 {deep + 6} L69 {deep + 6}")], darker(canvas.base, 0.6), 1.2)
    canvas.stitches([path(f"M31 {deep + 6} L69 {deep + 6}")], STEEL, 0.55)
    canvas.solid(box(32, deep + 5.6, 34, deep + 11, 0.8), BRASS, 0.7)
    canvas.solid(box(43, 33, 57, 41, 1.4), TAN if luminance(canvas.base) < LIGHT else darker(TAN, 0.3), 1.2)
    canvas.strokes([path("M46 35.5 L54 35.5"), path("M46 38.4 L54 38.4")], darker(TAN, 0.6), 0.5)


def tote(canvas: Canvas, article: Article) -> None:
    """An open shopper with two long handles."""
    canvas.lift(box(22, 36, 78, 90))
    grip = article.vary("handle", 8, 16)
    back = ribbon(path(f"M37 40 C38 {grip + 6} 43 {grip + 3} 50 {grip + 3} C57 {grip + 3} 62 {grip + 6} 63 40"), 3.2)
    canvas.solid(back, darker(canvas.base, 0.4), 1)
    wide = article.vary("wide", 76, 82)
    body = symmetric(f"M50 37 L{wide} 36 L{wide - 3.4} 88 Q{wide - 3.6} 90.4 {wide - 6} 90.4 L50 90.8")
    mask = canvas.cloth(body)
    canvas.creases(
        [path("M34 90 Q37 70 33 54"), path("M66 90 Q62 74 66 60"), path("M50 90 Q52 80 50 70")], mask, 2.6, 0.35
    )
    canvas.gleams([path("M28 44 L31 86")], mask, 3.4, 0.4)
    canvas.stitches([path(f"M{100.6 - wide} 41.4 Q50 42.4 {wide - 0.6} 41.4")], darker(canvas.base, 0.5))
    leather = article.has("leather")
    tone = TAN if leather and luminance(canvas.base) > DARK else darker(canvas.base, 0.16)
    front = ribbon(path(f"M35 50 L36 34 C37 {grip + 2} 42 {grip} 50 {grip} C58 {grip} 63 {grip + 2} 64 34 L65 50"), 3.4)
    canvas.solid(front, tone, 1)
    for x in (35, 65):
        canvas.fill([ellipse(x, 47.6, 0.95)], darker(BRASS, 0.3))
        canvas.fill([ellipse(x - 0.15, 47.45, 0.65)], lighter(BRASS, 0.4))


def wallet(canvas: Canvas, article: Article) -> None:
    """A folded wallet with a tab and a card showing."""
    top = article.vary("top", 28, 33)
    body = box(12, top, 86, 78, 5)
    canvas.lift(body)
    canvas.solid(box(24, top - 7, 66, top + 12, 2), (236, 232, 222), 1.4)
    canvas.solid(box(20, top - 3.6, 72, top + 12, 2), lighter(TAN, 0.5), 1.4)
    mask = canvas.cloth(body)
    canvas.gleams([path(f"M18 {top + 4} L60 {top + 4}")], mask, 3, 0.45)
    canvas.creases([path("M15 70 L84 70")], mask, 2.2, 0.35)
    canvas.stitches(
        [ring(box(14.4, top + 2.4, 83.6, 75.6, 3.4))],
        darker(canvas.base, 0.55) if luminance(canvas.base) > DARK else STEEL,
    )
    if article.has("zip"):
        canvas.strokes([path(f"M16 {top + 9} L82 {top + 9}")], darker(canvas.base, 0.6), 1.8)
        canvas.stitches([path(f"M16 {top + 9} L82 {top + 9}")], lighter(BRASS, 0.3), 0.9)
        canvas.solid(box(70, top + 8, 74, top + 19, 1.4), BRASS, 0.9)
        return
    tab = path("M86.6 48 L68 48 Q62 48 62 54 Q62 60 68 60 L86.6 60")
    canvas.solid(tab, darker(canvas.base, 0.16), 1.6)
    canvas.solid(ellipse(68.6, 54, 2.5), BRASS, 0.9)


def suitcase(canvas: Canvas, article: Article) -> None:
    """A ribbed cabin case on wheels."""
    canvas.ground(50, 92, 27)
    tall = article.vary("handle", 7, 14)
    canvas.strokes([path(f"M42 30 L42 {tall}"), path(f"M58 30 L58 {tall}")], darker(STEEL, 0.35), 2.0)
    canvas.strokes([path(f"M42 30 L42 {tall}"), path(f"M58 30 L58 {tall}")], lighter(STEEL, 0.4), 0.8)
    canvas.solid(box(39, tall - 2, 61, tall + 2, 1.8), INK, 1)
    for x in (32, 68):
        canvas.solid(box(x - 3, 84, x + 3, 92, 2), INK, 1.2)
    body = box(25, 24, 75, 88, 7)
    mask = canvas.cloth(body)
    ribs = [path(f"M{x} 30 L{x} 82") for x in (33, 41.5, 50, 58.5, 67)]
    canvas.creases([move(rib, 1, 0) for rib in ribs], mask, 1.4, 0.6)
    canvas.gleams([rib - (1.1, 0) for rib in ribs], mask, 1.2, 0.5)
    if article.has("band"):
        canvas.strokes([path("M25.2 56 L74.8 56")], darker(canvas.base, 0.6), 1.6)
        canvas.stitches([path("M25.2 56 L74.8 56")], STEEL, 0.7)
    canvas.solid(box(43, 20.6, 57, 26, 1.6), darker(canvas.base, 0.5), 1)
    corners = ((32, 31, 180), (68, 31, 270), (68, 81, 0), (32, 81, 90))
    canvas.strokes([arc((x, y), (6, 6), at, at + 90) for x, y, at in corners], darker(canvas.base, 0.5), 1.6)
    canvas.solid(box(56, 34, 68, 40, 1), lighter(STEEL, 0.2), 0.8)
