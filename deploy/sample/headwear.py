"""Hats: cap, beanie, sun hat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.sample.palette import darker, lighter
from deploy.sample.shapes import box, ellipse, move, path, symmetric

if TYPE_CHECKING:
    from deploy.sample.article import Article
    from deploy.sample.canvas import Canvas


def cap(canvas: Canvas, article: Article) -> None:
    """A baseball cap, its peak to the right."""
    canvas.ground(50, 71, 40, 1.8)
    high = article.vary("crown", 22, 30)
    crown = path(f"M14 66 C11 44 22 {high} 42 {high} C60 {high} 70 42 71 62 Q42 70 14 66")
    mask = canvas.cloth(crown)
    seams = [path(f"M42 {high} C34 36 31 52 32 67"), path(f"M42 {high} C52 36 57 52 57 66")]
    canvas.creases(seams, mask, 1.8, 0.4)
    canvas.strokes(seams, canvas.outline, 0.4)
    canvas.gleams([path("M22 54 Q24 38 36 32")], mask, 3.4, 0.45)
    canvas.fill([ellipse(26, 47, 1.0, 1.3), ellipse(63.5, 48, 0.9, 1.3)], darker(canvas.base, 0.75))
    tone = canvas.accents[0] if article.has("contrast") else darker(canvas.base, 0.14)
    peak = path("M44 66.6 C52 58 62 56 71 57.4 C82 58 92 64 94 71 Q92 74 87 72.4 C74 68 58 68 44 70.6 Q41.6 69 44 66.6")
    brim = canvas.solid(peak, tone, 2.4)
    canvas.gleams([path("M64 60.6 Q78 61 88 67.6")], brim, 1.8, 0.5)
    canvas.stitches([path("M50 66.6 C62 60.4 78 61 91 70"), path("M54 67.8 C64 63.6 76 64 88 70.6")], darker(tone, 0.5))
    canvas.solid(ellipse(42, high, 2.4, 1.5), tone, 0.8)


def beanie(canvas: Canvas, article: Article) -> None:
    """A knitted hat with a turned-up cuff, a bobble now and then."""
    top = article.vary("top", 20, 26)
    dome = symmetric(f"M50 {top} C70 {top} 81 40 81 66 L50 70")
    canvas.lift(dome)
    bobble = article.has("bobble")
    if bobble:
        tone = lighter(canvas.base, 0.55) if article.has("contrast") else canvas.base
        tufts = [
            ellipse(50 + x, top - 4 + y, 4.6)
            for x, y in ((-6, 0), (-4, -5), (1, -7), (5, -4), (7, 1), (0, 2), (-4, 3), (4, 4))
        ]
        canvas.fill(tufts, darker(tone, 0.5))
        canvas.fill([(tuft - tuft.mean(axis=0)) * 0.9 + tuft.mean(axis=0) for tuft in tufts], tone)
        canvas.solid(ellipse(50, top - 4.6, 7.4, 7), tone, 3)
    mask = canvas.cloth(dome)
    ribs = [path(f"M{50 + x * 0.28} {top + 3} Q{50 + x} {top + 14} {50 + x * 1.06} 64") for x in range(-28, 29, 7)]
    canvas.creases(ribs, mask, 1.5, 0.45)
    canvas.gleams([move(rib, 2.6, 0) for rib in ribs[1:5]], mask, 1.6, 0.3)
    cuff = box(16.5, 61, 83.5, 80, 4)
    fold = canvas.solid(cuff, darker(canvas.base, 0.08), 2.4)
    lines = [path(f"M{x} 62.4 L{x} 78.8") for x in range(20, 82, 4)]
    canvas.creases(lines, fold, 1.1, 0.6)
    canvas.solid(box(60, 66.5, 71, 74.5, 1), darker(canvas.base, 0.55), 0.8)
    canvas.strokes([path("M62.4 69.2 L68.6 69.2"), path("M62.4 71.8 L68.6 71.8")], lighter(canvas.base, 0.7), 0.45)


def sun_hat(canvas: Canvas, article: Article) -> None:
    """A wide soft brim and a ribbon."""
    canvas.ground(50, 73, 40, 3)
    wave = article.vary("wave", -3, 3)
    brim = path(f"M6 62 C12 {50 + wave} 88 {50 - wave} 94 62 C92 72 74 {77 + wave} 50 76 C26 {77 - wave} 8 72 6 62")
    mask = canvas.cloth(brim)
    canvas.creases([path("M12 66 Q50 77 88 66")], mask, 2.6, 0.35)
    canvas.gleams([path("M12 60 Q22 55 30 55")], mask, 2.4, 0.5)
    top = article.vary("crown", 26, 33)
    crown = symmetric(f"M50 {top} C64 {top - 1} 71 {top + 8} 72.5 58 Q66 64 50 64.6")
    dome = canvas.cloth(crown)
    canvas.creases(
        [path(f"M42 {top + 4} Q50 {top + 9} 60 {top + 4}"), path(f"M65 {top + 10} Q67 48 66 56")], dome, 2.4, 0.4
    )
    tone = canvas.accents[0] if article.pattern != "plain" else darker(canvas.base, 0.5)
    band = symmetric("M50 57.6 Q65 57 71.4 51.4 L72.6 58 Q66 64 50 64.8")
    canvas.solid(band, tone, 1.6)
