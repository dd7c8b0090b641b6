"""Tops: T-shirt, shirt, sweater, hoodie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.sample.cut import Cut, draw_back, draw_body, draw_hems, draw_sleeves
from deploy.sample.palette import CREAM, INK, LIGHT, darker, lighter, luminance
from deploy.sample.shapes import box, ellipse, mirror, path, ribbon, symmetric

if TYPE_CHECKING:
    from deploy.sample.article import Article
    from deploy.sample.canvas import Canvas


def tshirt(canvas: Canvas, article: Article) -> None:
    """Short sleeves, a ribbed round or V neck."""
    down = article.vary("sleeve", -3, 4)
    cut = Cut(
        dip=article.vary("neck", 19.5, 25),
        length=article.vary("length", 82, 88),
        hem=article.vary("hem", 68.5, 72.5),
        sleeve=(90.5 - down * 0.1, 42.5 + down),
        cuff=(78.5, 48.5 + down),
        vee=article.has("vee"),
    )
    draw_back(canvas, cut)
    draw_sleeves(canvas, cut)
    draw_body(canvas, cut)
    draw_hems(canvas, cut)
    canvas.strokes([cut.neckline], canvas.outline, 2.5)
    canvas.strokes([cut.neckline], darker(canvas.base, 0.12), 1.7)
    if article.pattern == "plain" and article.has("pocket"):
        pocket = path("M55.5 36 L65 36 L65 46 L60.2 48.6 L55.5 46")
        canvas.solid(pocket, canvas.base, 1.5)
        canvas.stitches([path("M56.2 37.6 L64.3 37.6")], canvas.outline)


def shirt(canvas: Canvas, article: Article) -> None:
    """Long sleeves with cuffs, a collar, a button placket, a chest pocket."""
    cut = Cut(
        dip=23,
        neck=58,
        length=article.vary("length", 84, 89),
        hem=article.vary("hem", 68.5, 71.5),
        sleeve=(article.vary("reach", 86.5, 90), 74),
        cuff=(80, 77),
        vee=True,
    )
    draw_back(canvas, cut)
    draw_sleeves(canvas, cut)
    mask = draw_body(canvas, cut)
    cuff = path(f"M{cut.sleeve[0] - 1} 69.5 L{cut.sleeve[0] + 0.4} 75.4 L79.7 78.6 L78.4 72.6")
    for shape in (cuff, mirror(cuff)):
        canvas.solid(shape, darker(canvas.base, 0.08), 1.5)
    hem = cut.length + 1.4
    canvas.creases([path(f"M53.4 24 L53.4 {hem}")], mask, 1.0, 0.5)
    canvas.strokes([path(f"M47.3 24 L47.3 {hem}"), path(f"M52.7 24 L52.7 {hem}")], canvas.outline, 0.4)
    collar = path("M50 23.5 L56.5 11.2 Q58.6 11 60.6 13.4 L58.6 26.5 Z")
    for shape in (collar, mirror(collar)):
        canvas.solid(shape, canvas.base, 1.6)
    _buttons(canvas, [(50, 28 + i * (hem - 34) / 5) for i in range(6)], 0.95)
    if article.has("pocket"):
        canvas.strokes([path("M56.5 36 L65.5 36 L65.5 45.5 L61 48 L56.5 45.5 L56.5 36")], canvas.outline, 0.45)
        canvas.strokes([path("M56.5 38 L65.5 38")], canvas.outline, 0.35)


def sweater(canvas: Canvas, article: Article) -> None:
    """Knitwear: ribbed neck, cuffs and hem; a roll neck now and then."""
    cut = Cut(
        dip=20.5,
        length=article.vary("length", 79, 85),
        hem=69,
        chest=71.5,
        sleeve=(article.vary("reach", 88, 92), 70),
        cuff=(82, 73),
    )
    draw_back(canvas, cut)
    draw_sleeves(canvas, cut)
    mask = draw_body(canvas, cut)
    if article.pattern == "plain":
        knots = [path(f"M{x - 1.6} {y} L{x} {y + 1.5} L{x + 1.6} {y}") for x in (42, 50, 58) for y in range(28, 76, 3)]
        canvas.strokes(knots, darker(canvas.base, 0.3), 0.55)
        canvas.gleams([path("M42 28 L42 76"), path("M50 28 L50 76"), path("M58 28 L58 76")], mask, 1.6, 0.2)
    _ribbing(canvas, cut)
    if article.has("roll"):
        neck = symmetric("M50 7.5 Q57 7.5 58.4 9 L60.4 18 Q58 21.6 50 22.4")
        canvas.solid(neck, darker(canvas.base, 0.06), 2)
        ribs = [path(f"M{50 + i * 1.7} 8.6 L{50 + i * 1.95} 21.4") for i in range(-4, 5)]
        canvas.strokes(ribs, darker(canvas.base, 0.35), 0.35)
        return
    canvas.strokes([cut.neckline], canvas.outline, 3.3)
    canvas.strokes([cut.neckline], darker(canvas.base, 0.12), 2.5)


def hoodie(canvas: Canvas, article: Article) -> None:
    """A hood behind the neck, cords, a kangaroo pocket, ribbed ends."""
    cut = Cut(
        dip=25,
        neck=60.5,
        length=article.vary("length", 80, 85),
        hem=69,
        chest=71.5,
        sleeve=(article.vary("reach", 88, 91.5), 71),
        cuff=(81.5, 74),
    )
    canvas.lift(cut.body, cut.right_sleeve, mirror(cut.right_sleeve))
    hood = symmetric("M50 5 C57 5 63.5 8.5 64.8 16.5 Q64.4 21 59 24 L50 28")
    draw_sleeves(canvas, cut)
    draw_body(canvas, cut)
    canvas.cloth(hood)
    opening = symmetric("M50 9.4 C56 9.6 59.4 13.5 58.4 18 Q56 23 50 26.6")
    canvas.solid(opening, darker(canvas.base, 0.55), 3)
    canvas.strokes([path("M50 26.6 L50 30.5")], canvas.outline, 0.5)
    _ribbing(canvas, cut)
    pocket = symmetric("M50 58 L59.5 58 L66 68 L66 76.4 L50 77")
    mask = canvas.solid(pocket, darker(canvas.base, 0.06), 2)
    canvas.creases([path("M60 58.6 L66.2 68.4"), path("M40 58.6 L33.8 68.4")], mask, 1.2, 0.6)
    cords = [path("M46.4 24.6 Q45 32 45.8 40"), path("M53.6 24.6 Q55 32 54.4 42.4")]
    ink = CREAM if luminance(canvas.base) < LIGHT else INK
    canvas.strokes(cords, darker(ink, 0.4), 1.25)
    canvas.strokes(cords, ink, 0.8)


def _ribbing(canvas: Canvas, cut: Cut) -> None:
    """Ribbed hem and cuffs over the ends of body and sleeves."""
    tone = darker(canvas.base, 0.1)
    low = cut.length + 1.6
    canvas.solid(box(99.3 - cut.hem, low - 5.4, cut.hem + 0.7, low + 0.9, 1.2), tone, 1.6)
    ribs = [path(f"M{x} {low - 4.6} L{x} {low + 0.2}") for x in range(33, 69, 2)]
    (x, y), (inner_x, inner_y) = cut.sleeve, cut.cuff
    line = path(f"M{x - 0.6} {y - 1.2} L{inner_x} {inner_y - 1.2}")
    for shape in (ribbon(line, 5), mirror(ribbon(line, 5))):
        canvas.solid(shape, tone, 1.5)
    for share in (0.2, 0.4, 0.6, 0.8):
        across = x + (inner_x - x) * share
        down = y + (inner_y - y) * share
        rib = path(f"M{across - 1.2} {down - 3.4} L{across + 0.1} {down + 0.8}")
        ribs += [rib, mirror(rib)]
    canvas.strokes(ribs, darker(canvas.base, 0.4), 0.35)


def _buttons(canvas: Canvas, places: list[tuple[float, float]], radius: float) -> None:
    """Round buttons with a rim."""
    face = lighter(canvas.base, 0.75) if luminance(canvas.base) < LIGHT else CREAM
    canvas.fill([ellipse(x, y, radius + 0.25) for x, y in places], canvas.outline)
    canvas.fill([ellipse(x, y, radius) for x, y in places], face)
    canvas.fill([ellipse(x + dx, y, 0.2) for x, y in places for dx in (-0.3, 0.3)], canvas.outline)
