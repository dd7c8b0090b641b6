"""Dress, skirt, jeans, shorts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deploy.sample.palette import BRASS, DARK, LIGHT, RGB, TAN, darker, lighter, luminance
from deploy.sample.shapes import box, ellipse, mirror, move, path, ring, symmetric

if TYPE_CHECKING:
    from deploy.sample.article import Article
    from deploy.sample.canvas import Canvas
    from deploy.sample.shapes import Points


def dress(canvas: Canvas, article: Article) -> None:
    """A fitted bodice, a waist, a swinging skirt; strapless to short-sleeved, mini to midi."""
    hem = article.vary("length", 82, 93)
    flare = article.vary("flare", 72, 82)
    style = "straps" if article.has("straps") else "short" if article.has("sleeves") else "wide"
    skirt = symmetric(
        f"M50 44 L59.5 44 C62 54 {flare - 5} {hem - 18} {flare} {hem - 3} Q{flare - 12} {hem + 1} 50 {hem + 1.5}"
    )
    top = {
        "straps": "M50 23 Q55 23.5 58.5 18.5 Q61 17.5 62.5 19.5 Q61.5 26 64 30",
        "wide": "M50 20 Q55 19.5 56.5 8.5 L63 8 Q61.5 18 65 28",
        "short": "M50 17 Q55.5 16.5 57 9 L65 10.5 Q63.5 20 65 28",
    }[style]
    bodice = symmetric(f"{top} Q62 36 59.5 44.5 L50 45.2")
    sleeve = path("M63.5 9.8 Q70 12 74.5 23 Q71.5 27 65 28 Q62.5 19 63.5 9.8")
    straps = [path("M59.7 18.6 Q58.5 12 57.5 7.5"), mirror(path("M59.7 18.6 Q58.5 12 57.5 7.5"))]
    canvas.lift(skirt, bodice)
    if style == "straps":
        canvas.strokes(straps, canvas.outline, 1.9)
        canvas.strokes(straps, canvas.base, 1.0)
    else:
        canvas.solid(path("M43.5 8.6 Q50 12 56.5 8.6 L57 22 L43 22"), darker(canvas.base, 0.5))
    if style == "short":
        canvas.cloth(sleeve, 30)
        canvas.cloth(mirror(sleeve), -30)
    mask = canvas.cloth(skirt)
    folds = [path(f"M{50 + x * 0.34} 47 Q{50 + x * 0.5} 62 {50 + x} {hem}") for x in (-24, -13, -2, 9, 20)]
    canvas.creases(folds, mask, 2.4, 0.5)
    canvas.gleams([path(f"M{50 + x * 0.34} 50 Q{50 + x * 0.5} 64 {50 + x} {hem}") for x in (-19, 4)], mask, 2.6, 0.3)
    body = canvas.cloth(bodice)
    dart = path("M57 43 Q57 36 60.5 31")
    canvas.creases([dart, mirror(dart)], body, 1.4, 0.5)
    _waist(canvas, article)


def _waist(canvas: Canvas, article: Article) -> None:
    """A sash, a belt or a plain seam."""
    finish = article.choose("waist", ("sash", "belt", "seam"))
    tone = canvas.accents[0] if article.pattern != "plain" else darker(canvas.base, 0.35)
    if finish == "seam":
        canvas.strokes([path("M40.5 44.4 Q50 46 59.5 44.4")], canvas.outline, 0.6)
        return
    tone = tone if finish == "sash" else (TAN if luminance(canvas.base) > DARK else BRASS)
    canvas.solid(symmetric("M50 43.4 Q56 43.2 59.9 42.4 L59.9 46 Q56 46.8 50 47"), tone, 1.2)
    if finish == "belt":
        canvas.strokes([ring(box(48, 42.8, 52, 47.6, 0.8))], BRASS, 0.7)
        return
    for shape in ("M50 45 C44 38 40 42 42 45 C42 49 47 48 50 45", "M50 45 C56 38 60 42 58 45 C58 49 53 48 50 45"):
        canvas.solid(path(shape), tone, 1.0)
    for shape in ("M49.5 45.5 L45 58 L48 58.5 L50 47", "M50.5 45.5 L53 60 L56 59 L51.5 46"):
        canvas.solid(path(shape), tone, 1.0)


def skirt(canvas: Canvas, article: Article) -> None:
    """A waistband and pleats."""
    hem = article.vary("length", 70, 86)
    flare = article.vary("flare", 76, 85)
    count = 8 if article.has("pleated") else 4
    shape = symmetric(
        f"M50 20 L63 20 C66 34 {flare - 5} {hem - 20} {flare} {hem - 3} Q{flare - 14} {hem + 2} 50 {hem + 2.5}"
    )
    band = symmetric("M50 14.5 Q57 14.5 62.6 14 L63.4 20.4 Q57 21.6 50 21.6")
    canvas.lift(shape, band)
    mask = canvas.cloth(shape)
    reach = flare - 53
    at = np.linspace(-1, 1, count + 1)[1:-1].tolist()
    folds = [path(f"M{50 + 11.5 * x} 21 Q{50 + 14 * x} 42 {50 + reach * x} {hem + 1}") for x in at]
    canvas.creases(folds, mask, 2.6, 0.6)
    canvas.gleams([fold - (2.4, 0) for fold in folds], mask, 2.0, 0.3)
    if count > 4:  # noqa: PLR2004 - the pleated cut shows its edges
        canvas.strokes([fold[:-1] for fold in folds], canvas.outline, 0.3)
    canvas.solid(band, darker(canvas.base, 0.14), 1.6)
    if article.has("button"):
        canvas.fill([ellipse(50, 18, 1.5)], canvas.outline)
        canvas.fill([ellipse(49.8, 17.8, 1.1)], BRASS)


def jeans(canvas: Canvas, article: Article) -> None:
    """Trousers with pockets, rivets and stitching."""
    hem_out = article.vary("leg", 63, 66) if article.has("slim") else article.vary("leg", 69, 74)
    leg = path(f"M50 12 L66 12 C68 24 {hem_out + 1} 50 {hem_out} 91 L{hem_out - 13} 92 C55 62 52 46 50 37")
    _trousers(canvas, leg)


def shorts(canvas: Canvas, article: Article) -> None:
    """Short, wide legs, a turned-up hem."""
    hem = article.vary("length", 54, 58) if article.has("mini") else article.vary("length", 66, 73)
    leg = path(f"M50 18 L68 18 C71 30 76 {hem - 14} 78 {hem} Q66 {hem + 3} 54 {hem + 3} L50 45")
    _trousers(canvas, move(leg, 0, 4))


def _trousers(canvas: Canvas, leg: Points) -> None:
    """Both legs, waistband, fly, pockets, stitches."""
    left = mirror(leg)
    top = float(leg[0, 1])
    wide = float(leg[1, 0])
    edge = float(np.interp(top + 14.5, leg[1:16, 1], leg[1:16, 0]))
    thread = BRASS if luminance(canvas.base) < LIGHT else darker(canvas.base, 0.4)
    canvas.lift(leg, left)
    _leg(canvas, leg, 1, thread)
    _leg(canvas, left, -1, thread)
    band = symmetric(
        f"M50 {top + 1.6} Q58 {top + 1.2} {wide} {top - 1} L{wide + 0.6} {top + 5} Q58 {top + 7} 50 {top + 7}"
    )
    pocket = path(f"M{wide - 9} {top + 6.4} Q{wide - 7.5} {top + 13} {edge} {top + 14.5}")
    canvas.strokes([pocket, mirror(pocket)], canvas.outline, 0.6)
    canvas.stitches([pocket - (1, -1), mirror(pocket - (1, -1))], thread)
    canvas.solid(band, darker(canvas.base, 0.1), 1.6)
    fly = path(f"M50 {top + 7} L50 {top + 24}")
    canvas.strokes([fly], canvas.outline, 0.6)
    canvas.stitches([path(f"M54.5 {top + 7.5} L54.5 {top + 17} Q54 {top + 21} 50.6 {top + 23}")], thread)
    loops = [box(x - 0.9, top - 0.2, x + 0.9, top + 7.6, 0.4) for x in (38, 62)]
    for loop in loops:
        canvas.solid(loop, darker(canvas.base, 0.16), 0.8)
    canvas.fill([ellipse(50, top + 4.2, 1.5)], darker(BRASS, 0.5))
    canvas.fill([ellipse(49.8, top + 4, 1.15)], lighter(BRASS, 0.2))


def _leg(canvas: Canvas, leg: Points, side: int, thread: RGB) -> None:
    """One leg, on the right (`side` 1) or the left (-1): creases at the hip, light on the thigh, a stitched hem."""
    top, low = float(leg[0, 1]), float(leg[:, 1].max())
    mask = canvas.cloth(leg)
    middle = float(leg[:, 0].mean()) + side
    canvas.gleams([path(f"M{middle} {top + 20} L{middle + side} {low - 6}")], mask, 6, 0.28)
    whiskers = [
        path(f"M{50 + side * 2} {top + down} Q{50 + side * 8} {top + down - 2} {50 + side * 13} {top + down - 5}")
        for down in (24, 27)
    ]
    canvas.creases(whiskers, mask, 1.1, 0.45)
    at_hem = leg[leg[:, 1] > low - 3.2]
    inner, outer = sorted((float(at_hem[:, 0].min()), float(at_hem[:, 0].max())), key=lambda x: x * side)
    canvas.stitches([path(f"M{inner + side * 0.8} {low - 2.6} L{outer - side * 0.8} {low - 3.2}")], thread)
