"""Small things to wear: belt, watch, sunglasses, tie, scarf, socks, gloves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deploy.sample.palette import BRASS, CREAM, DARK, INK, LIGHT, STEEL, WHITE, darker, lighter, luminance
from deploy.sample.shapes import arc, box, ellipse, mirror, move, path, ribbon, ring, rotate

if TYPE_CHECKING:
    from deploy.sample.article import Article
    from deploy.sample.canvas import Canvas
    from deploy.sample.shapes import Points


def belt(canvas: Canvas, article: Article) -> None:
    """A closed belt standing on its edge: the buckle in front, the end through a keeper."""
    metal = article.choose("metal", (BRASS, STEEL))
    broad = article.vary("broad", 10, 13)
    middle, reach = (50.0, 47.0), (38.0, 20.0)
    canvas.ground(50, 72.5, 34, 3)
    back = ribbon(arc(middle, (37.6, 14), 176, 364), broad * 0.8)
    inner = canvas.solid(back, darker(canvas.base, 0.4), 2)
    canvas.creases([arc((50, 49), (36, 13), 180, 360)], inner, 2.4, 0.5)
    mask = canvas.cloth(ribbon(arc(middle, reach, 188, -8), broad))
    canvas.gleams([arc((50, 45), reach, 165, 125), arc((50, 45), reach, 50, 15)], mask, 2, 0.5)
    thread = darker(canvas.base, 0.6) if luminance(canvas.base) > DARK else STEEL
    canvas.stitches([arc(middle, (reach[0], reach[1] + side * (broad / 2 - 1.4)), 172, 8) for side in (-1, 1)], thread)
    tip = arc(middle, (reach[0] + 0.5, reach[1] + 0.8), 112, 44)
    end = np.concatenate([ribbon(tip, broad * 0.86)[:25], move(tip[-1:], 3.4, -2.4), ribbon(tip, broad * 0.86)[25:]])
    canvas.cloth(end)
    canvas.fill([ellipse(float(tip[at, 0]), float(tip[at, 1]), 0.85) for at in (14, 17, 20)], darker(canvas.base, 0.8))
    keeper = rotate(box(62, 66 - broad * 0.62, 66, 66 + broad * 0.62, 1), -17, (64, 66))
    canvas.solid(keeper, darker(canvas.base, 0.2), 1)
    frame = rotate(box(36, 66.4 - broad * 0.78, 50, 66.4 + broad * 0.78, 3), 5, (43, 66.4))
    canvas.strokes([ring(frame)], darker(metal, 0.5), 3.4)
    canvas.strokes([ring(frame)], metal, 2.5)
    canvas.strokes([ring(frame) - (0.4, 0.5)], lighter(metal, 0.65), 0.7)
    for tone, width in ((darker(metal, 0.5), 2.3), (lighter(metal, 0.2), 1.5)):
        canvas.strokes([path("M37 65.8 L51 67.4")], tone, width)


def watch(canvas: Canvas, article: Article) -> None:
    """A round or square dial on a strap."""
    metal = article.choose("metal", (BRASS, STEEL))
    square = article.has("square")
    upper = path("M40.5 34 L43 7 Q50 5 57 7 L59.5 34")
    lower = path("M40.5 66 L43.5 91 Q50 96 56.5 91 L59.5 66")
    canvas.lift(upper, lower, ellipse(50, 50, 22))
    for strap in (upper, lower):
        mask = canvas.cloth(strap)
        canvas.gleams([path("M45 8 L43.6 32"), path("M43.6 68 L45.6 90")], mask, 1.4, 0.5)
    thread = darker(canvas.base, 0.55) if luminance(canvas.base) > DARK else STEEL
    canvas.stitches(
        [path("M43 32 L45 9"), path("M57 32 L55 9"), path("M43 68 L45.5 90"), path("M57 68 L54.5 90")], thread
    )
    canvas.fill([ellipse(50, y, 0.9, 1.2) for y in (76, 81, 86)], darker(canvas.base, 0.8))
    canvas.solid(box(71, 47.4, 76, 52.6, 1.2), metal, 1)
    case = box(28.5, 28.5, 71.5, 71.5, 8) if square else ellipse(50, 50, 22.5)
    canvas.solid(case, metal, 2.6)
    rim = box(32, 32, 68, 68, 5.6) if square else ellipse(50, 50, 18.8)
    face = article.choose("face", (WHITE, CREAM, (44, 50, 66)))
    mask = canvas.solid(rim, face, 2)
    ink = INK if luminance(face) > LIGHT else CREAM
    ticks = [rotate(path("M50 34.2 L50 36.6"), hour * 30) for hour in range(12)]
    canvas.strokes(ticks, ink, 0.7)
    canvas.strokes([rotate(path("M50 33.6 L50 37.4"), hour * 90) for hour in range(4)], ink, 1.3)
    canvas.strokes([rotate(path("M50 52 L50 40.6"), article.vary("hour", -80, -40))], ink, 1.5)
    canvas.strokes([rotate(path("M50 53 L50 36.4"), article.vary("minute", 30, 80))], ink, 1.0)
    canvas.strokes([rotate(path("M50 55 L50 35.4"), article.vary("second", 120, 240))], (206, 60, 60), 0.45)
    canvas.fill([ellipse(50, 50, 1.3)], metal)
    canvas.gleams([path("M38 44 Q41 37 49 34.6")], mask, 2.4, 0.5)


def sunglasses(canvas: Canvas, article: Article) -> None:
    """A frame in the colour, dark lenses with a reflection, folded temples."""
    style = "round" if article.has("round") else "cat" if article.has("cat-eye") else "square"
    lens = {
        "round": ellipse(71.4, 52, 17.4, 17),
        "square": path("M56 41 Q72 37.5 89 41 Q90.5 56 85 64 Q72 70 60 64 Q54 56 56 41"),
        "cat": path("M55.5 45 Q66 37 92 35.5 Q93 56 84 64 Q72 69 61 64 Q54.5 57 55.5 45"),
    }[style]
    canvas.lift(lens, mirror(lens))
    joint = path("M84 41 Q92 39.6 94.6 42 Q95.4 46 93 49 L84 50")
    for shape in (joint, mirror(joint)):
        canvas.solid(shape, darker(canvas.base, 0.25), 1.2)
    bridge = ribbon(path("M44 47.5 Q50 41.5 56 47.5"), 4.6)
    canvas.solid(bridge, canvas.base, 1.2)
    tint = article.choose("tint", ((52, 56, 66), (78, 58, 50), (50, 70, 88)))
    for shape in (lens, mirror(lens)):
        canvas.cloth(shape, 0, 2)
        centre = tuple(shape.mean(axis=0).tolist())
        glass = (shape - centre) * (0.79, 0.79) + centre
        mask = canvas.solid(glass, tint, 3)
        x, y = centre
        canvas.creases([path(f"M{x - 16} {y + 1.4} L{x + 16} {y - 0.4}")], mask, 3, 0.5)
        canvas.gleams([path(f"M{x - 9} {y + 3} L{x + 1} {y - 9}")], mask, 4, 0.55)
        canvas.gleams([path(f"M{x - 3} {y + 7} L{x + 7} {y - 6}")], mask, 1.6, 0.4)
    rivets = [ellipse(x, 45, 0.8) for x in (8.6, 91.4)]
    canvas.fill(rivets, lighter(STEEL, 0.5))


def tie(canvas: Canvas, article: Article) -> None:
    """A knot and a long blade."""
    broad = article.vary("broad", 7, 8.4) if article.has("narrow") else article.vary("broad", 10.5, 13)
    tip = article.vary("tip", 90, 93)
    back = path(f"M47 20 L54 20 L{54 + broad * 0.5} 80 L53 86 L49 80")
    blade = path(f"M46 19 L54 19 L{50 + broad} {tip - 11} L50 {tip} L{50 - broad} {tip - 11}")
    knot = path("M41.5 8 Q50 5.6 58.5 8 L54.8 20 Q50 22 45.2 20")
    canvas.lift(blade, knot)
    canvas.solid(back, darker(canvas.base, 0.4), 1.2)
    mask = canvas.cloth(blade, 30)
    canvas.creases([path("M50 19 Q51 30 49 38"), path("M47 20 Q46 34 44 46")], mask, 1.6, 0.5)
    canvas.gleams([path(f"M46.5 30 L{52 - broad} {tip - 14}")], mask, 2.4, 0.4)
    top = canvas.cloth(knot, -30)
    canvas.creases([path("M47 8 Q49 14 47.4 20")], top, 1.2, 0.4)


def scarf(canvas: Canvas, article: Article) -> None:
    """Wrapped once, knotted, two broad fringed ends."""
    low = article.vary("length", 80, 87)
    left = path(f"M42 38 C38 52 33 66 29 {low - 8} L48.6 {low - 3} C51 68 55 52 57 40")
    right = path(f"M48 38 C52 54 54 64 56 {low - 14} L75 {low - 19} C71 60 66 48 60 38")
    canvas.lift(left, right, ellipse(50, 26, 30, 15))
    for start, end, level, down in ((29, 48.6, low - 8, 5), (56, 75, low - 14, -5)):
        slant = down / (end - start)
        fringe = [
            path(f"M{x} {level + (x - start) * slant} L{x - 0.4} {level + (x - start) * slant + 6.4}")
            for x in np.arange(start + 1, end, 2.2)
        ]
        canvas.strokes(fringe, canvas.outline, 1.5)
        canvas.strokes(fringe, canvas.base, 0.9)
    for shape, fold in ((right, f"M56 44 Q62 58 65 {low - 18}"), (left, f"M48 44 Q44 60 39 {low - 7}")):
        mask = canvas.cloth(shape)
        canvas.creases([path(fold)], mask, 2.4, 0.5)
        canvas.gleams([path(fold) - (4, 0)], mask, 2, 0.3)
    loop = path("M20 26 C18 14 36 10 50 10 C64 10 82 14 80 26 C79 37 66 43 51 43 C34 43 21 37 20 26")
    mask = canvas.cloth(loop)
    canvas.solid(ellipse(50, 21, 22, 7.4), darker(canvas.base, 0.6), 2)
    folds = ["M21 29 Q34 37.6 52 37", "M26 34 Q38 41 54 40.4", "M79 29 Q70 36 56 35.4", "M24 19 Q34 12.4 52 12.2"]
    canvas.creases([path(fold) for fold in folds], mask, 1.8, 0.55)
    knot = canvas.cloth(path("M42 31 Q50 28 59 31.4 Q63 40 59.4 48 Q50 51.4 41.4 47.4 Q38 39 42 31"), 30)
    canvas.creases([path("M44 32 Q42 40 45 47"), path("M55 31 Q58 39 55 48")], knot, 1.8, 0.5)
    canvas.gleams([path("M48.6 33 L48.8 46")], knot, 2.2, 0.4)


def socks(canvas: Canvas, article: Article) -> None:
    """A pair, one behind the other, contrasting cuff, heel and toe."""
    top = article.vary("height", 8, 14) if article.has("high") else article.vary("height", 26, 32)
    sock = path(
        f"M30 {top} L52 {top} L52 52 C53 60 64 64 72 70 C80 77 74 87 64 86 C52 85 40 80 34 74 C29 68 30 60 30 52"
    )
    tone = canvas.accents[0] if article.has("contrast") else darker(canvas.base, 0.25)
    canvas.lift(move(sock, 12, -3), move(sock, -6, 2))
    for right, down in ((12, -3), (-6, 2)):
        mask = canvas.cloth(move(sock, right, down))
        crease = [move(path("M50 56 Q44 60 38 58"), right, down), move(path("M53 60 Q46 66 40 64"), right, down)]
        canvas.creases(crease, mask, 1.8, 0.45)
        canvas.gleams([move(path(f"M36 {top + 8} L36 56"), right, down)], mask, 2.4, 0.35)
        heel = move(path("M30.6 58 Q40 60 41 70 Q40 75 36.6 76 C29.6 70 30 64 30.6 58"), right, down)
        toe = move(path("M70 68.4 C80 77 74 87 63 85.9 Q60 76 70 68.4"), right, down)
        cuff = move(box(29.4, top - 1, 52.6, top + 8, 1.4), right, down)
        for part in (heel, toe, cuff):
            canvas.solid(part, tone, 1.5)
        ribs = [move(path(f"M{x} {top + 0.4} L{x} {top + 7}"), right, down) for x in np.arange(32, 52, 2.2)]
        canvas.strokes(ribs, darker(tone, 0.35), 0.35)


def gloves(canvas: Canvas, article: Article) -> None:
    """A pair of gloves with ribbed cuffs and three seams on the back."""
    low = article.vary("cuff", 82, 89)
    hand = path(
        "M31 73 L30 62 C24 56 18 50 14 44 C12 40 17 37 20 40 L29 48 L25 24 C24.6 19 30.6 18 31.6 23 L34 40 L34 17 "
        "C34 12 40 12 40.2 17 L40.6 40 L43 20 C43.8 15.4 49.4 16.4 49 21 L47 42 L50 29 "
        "C51.4 25 56 26.6 55.4 31 L51 58 L50 73"
    )
    cuff = path(f"M30.4 71 Q40 73.4 50.6 71 L52 {low} Q40 {low + 2} 29 {low}")
    ribs = [path(f"M{40.4 + at * 2} 73 L{40.4 + at * 2.25} {low}") for at in range(-4, 5)]
    seams = [path("M33.6 47 L34.6 56"), path("M39.8 46 L40 56"), path("M45.8 48 L45 57")]

    def place(points: Points, side: int) -> Points:
        moved = rotate(move(points, 31, 3), 8, (70, 60))
        return moved if side > 0 else mirror(moved)

    canvas.lift(*(place(shape, side) for side in (1, -1) for shape in (hand, cuff)))
    for side in (1, -1):
        mask = canvas.cloth(place(hand, side))
        canvas.creases([place(move(seam, 0.6, 0), side) for seam in seams], mask, 1.2, 0.4)
        canvas.gleams([place(path("M36 50 L35.4 68"), side)], mask, 3, 0.35)
        canvas.strokes([place(seam, side) for seam in seams], canvas.outline, 0.4)
        canvas.solid(place(cuff, side), darker(canvas.base, 0.14), 1.6)
        canvas.strokes([place(rib, side) for rib in ribs], darker(canvas.base, 0.42), 0.4)
