"""Jacket and coat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.sample.cut import Cut, draw_back, draw_body, draw_hems, draw_sleeves
from deploy.sample.palette import BRASS, CREAM, DARK, INK, LIGHT, STEEL, darker, luminance
from deploy.sample.shapes import box, ellipse, mirror, move, path, ring

if TYPE_CHECKING:
    from deploy.sample.article import Article
    from deploy.sample.canvas import Canvas


def jacket(canvas: Canvas, article: Article) -> None:
    """A zipped bomber or biker jacket: stand-up collar, welt pockets, waistband."""
    length = article.vary("length", 74, 80)
    cut = Cut(
        dip=20, neck=59, length=length, hem=68, chest=71.5, sleeve=(article.vary("reach", 88, 91), 72), cuff=(81.5, 75)
    )
    draw_back(canvas, cut)
    draw_sleeves(canvas, cut)
    mask = draw_body(canvas, cut)
    tone = darker(canvas.base, 0.3)
    low = length + 1.6
    canvas.solid(box(31.4, low - 6, 68.6, low + 1.4, 1.4), tone, 1.6)
    canvas.strokes(
        [path(f"M{x} {low - 5} L{x} {low + 0.6}") for x in range(34, 67, 2)], darker(canvas.base, 0.55), 0.35
    )
    cuff = path(f"M{cut.sleeve[0] - 1.6} 67.6 L{cut.sleeve[0] + 0.4} 73.6 L81.2 76.8 L79.4 70.8")
    for shape in (cuff, mirror(cuff)):
        canvas.solid(shape, tone, 1.4)
    collar = path("M50.4 24 L50.4 14 Q55 9.4 60 10.6 L61.6 14.6 Q57 22 50.4 24")
    for shape in (collar, mirror(collar)):
        canvas.solid(shape, tone, 1.6)
    pocket = path("M57 58 L64 66")
    canvas.creases([move(pocket, 0.8, 0.8), move(mirror(pocket), 0.8, 0.8)], mask, 1.2, 0.5)
    canvas.strokes([pocket, mirror(pocket)], darker(canvas.base, 0.7), 1.5)
    canvas.strokes([pocket, mirror(pocket)], STEEL, 0.45)
    zipper = path(f"M50 16 L50 {low + 1}")
    canvas.strokes([zipper], darker(canvas.base, 0.72), 2.0)
    canvas.stitches([zipper], article.choose("zip", (STEEL, BRASS)), 1.1)
    canvas.solid(box(49, 26, 51, 32, 0.8), STEEL, 0.6)


def coat(canvas: Canvas, article: Article) -> None:
    """A long coat: lapels, two rows of buttons or one, flap pockets, a belt now and then."""
    length = article.vary("length", 88, 92)
    cut = Cut(
        dip=34,
        neck=57.6,
        length=length,
        hem=article.vary("hem", 71, 76),
        chest=70.5,
        sleeve=(88.5, 68),
        cuff=(80, 71),
        vee=True,
    )
    draw_back(canvas, cut)
    shirt = path("M43 13.4 L57 13.4 L50 35")
    canvas.solid(shirt, CREAM if luminance(canvas.base) < LIGHT else (150, 160, 176), 1.5)
    draw_sleeves(canvas, cut)
    mask = draw_body(canvas, cut)
    draw_hems(canvas, cut)
    edge = path(f"M50 34 L56 44 L56 {length + 1}")
    canvas.creases([move(edge, 1, 0)], mask, 1.6, 0.55)
    canvas.strokes([edge], canvas.outline, 0.6)
    lapel = path("M50 36 L57.2 12.4 Q60 11 62.4 14 L66 25 L61.6 27 L64 30.4")
    for shape in (lapel, mirror(lapel)):
        canvas.solid(shape, darker(canvas.base, 0.1), 1.8)
    flap = path("M57.5 62 L67.5 60.6 L68 65 L58 66.4")
    for shape in (flap, mirror(flap)):
        canvas.solid(shape, darker(canvas.base, 0.1), 1.2)
    _fasten(canvas, article)


def _fasten(canvas: Canvas, article: Article) -> None:
    """The buttons of a coat, and its belt."""
    columns = (45.0, 53.4) if article.has("double") else (53.2,)
    belted = article.has("belted")
    places = [(x, y) for x in columns for y in ((43, 61, 70) if belted else (43, 52, 61, 70))]
    if belted:
        canvas.solid(box(30.6, 52.4, 69.4, 57, 0.6), darker(canvas.base, 0.24), 1.2)
        canvas.strokes([ring(box(46.5, 51.6, 53.5, 57.8, 0.8))], BRASS, 0.9)
    face = INK if luminance(canvas.base) > DARK else BRASS
    canvas.fill([ellipse(x, y, 1.35) for x, y in places], darker(face, 0.5))
    canvas.fill([ellipse(x - 0.15, y - 0.15, 1.0) for x, y in places], face)
