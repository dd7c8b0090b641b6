"""The cut that all tops share: a body and two sleeves on the drawing board, from a handful of measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deploy.sample.palette import darker
from deploy.sample.shapes import Points, mirror, path, symmetric

if TYPE_CHECKING:
    from deploy.sample.canvas import Canvas, Mask

LONG_SLEEVE: Final = 60.0  # sleeves that end lower on the board than this hang down the side


@dataclass(frozen=True, slots=True)
class Cut:
    """Measures of the right half of a top, in board units; x from the left edge, the middle being 50."""

    neck: float = 59.5  # where the collar meets the shoulder
    dip: float = 22.0  # lowest point of the neckline
    chest: float = 70.5
    hem: float = 71.0
    length: float = 87.0
    sleeve: tuple[float, float] = (90.0, 43.0)  # outer end of the sleeve
    cuff: tuple[float, float] = (77.5, 48.0)  # inner end of the sleeve
    vee: bool = False

    @property
    def body(self) -> Points:
        """The body's outline."""
        neckline = f"L{self.neck} 13" if self.vee else f"C55 {self.dip} {self.neck - 1} {self.dip - 3} {self.neck} 13"
        return symmetric(
            f"M50 {self.dip} {neckline} Q66 15 73 18 Q{self.chest - 2.5} 28 {self.chest} 40 "
            f"C{self.chest - 1} 54 {self.hem - 1} 70 {self.hem} {self.length} "
            f"Q60 {self.length + 1.6} 50 {self.length + 1.6}"
        )

    @property
    def right_sleeve(self) -> Points:
        """The sleeve on the right of the picture."""
        (x, y), (inner_x, inner_y) = self.sleeve, self.cuff
        bend = (y - 18) * 0.45
        return path(
            f"M71.5 17.2 C{76 + (x - 76) * 0.4} {18.5 + bend * 0.2} {x - 4} {18 + bend} {x} {y} "
            f"Q{(x + inner_x) / 2 + 0.6} {(y + inner_y) / 2 + 1.4} {inner_x} {inner_y} "
            f"Q{self.chest + (inner_x - self.chest) * 0.35} {40 + (inner_y - 40) * 0.45} {self.chest} 40 "
            "Q67.5 28 71.5 17.2"
        )

    @property
    def neckline(self) -> Points:
        """The front edge of the neck, open, from left to right."""
        if self.vee:
            return path(f"M{100 - self.neck} 13 L50 {self.dip} L{self.neck} 13")
        low, inner = self.dip, self.neck - 1
        return path(
            f"M{100 - self.neck} 13 C{100 - inner} {low - 3} 45 {low} 50 {low} "
            f"C55 {low} {inner} {low - 3} {self.neck} 13"
        )


def draw_back(canvas: Canvas, cut: Cut) -> None:
    """The shadow of the whole top, and the inside of its back, seen through the neck."""
    canvas.lift(cut.body, cut.right_sleeve, mirror(cut.right_sleeve))
    inside = path(f"M{100 - cut.neck} 13 Q50 17.5 {cut.neck} 13 L{cut.neck - 2} {cut.dip} L{102 - cut.neck} {cut.dip}")
    canvas.solid(inside, darker(canvas.base, 0.5))


def draw_sleeves(canvas: Canvas, cut: Cut) -> None:
    """Both sleeves, their pattern turned with the arm, a fold at each elbow."""
    (x, y), (inner_x, inner_y) = cut.sleeve, cut.cuff
    tilt = 30 if y < LONG_SLEEVE else 0
    right = canvas.cloth(cut.right_sleeve, tilt)
    left = canvas.cloth(mirror(cut.right_sleeve), -tilt)
    fold = path(f"M{cut.chest + 1} 41 Q{cut.chest + 4} 36 {(x + inner_x) / 2} {30 + (y - 40) * 0.15}")
    elbow = path(f"M{(cut.chest + inner_x) / 2 + 1} {(40 + inner_y) / 2} L{x - 4} {(y + 20) / 2}")
    for mask, lines in ((right, [fold, elbow]), (left, [mirror(fold), mirror(elbow)])):
        canvas.creases(lines, mask, 1.6, 0.45)


def draw_body(canvas: Canvas, cut: Cut) -> Mask:
    """The front, with folds from the armpits and along the sides."""
    mask = canvas.cloth(cut.body)
    side = path(f"M{cut.chest - 1} 42 Q{cut.chest - 6} 50 {cut.chest - 8} 62")
    drape = path(f"M{cut.hem - 9} {cut.length} Q{cut.hem - 7} {cut.length - 14} {cut.hem - 10} {cut.length - 26}")
    low = path(f"M42 {cut.length} Q44 {cut.length - 10} 42 {cut.length - 20}")
    canvas.creases([side, mirror(side), drape, low], mask, 2.2, 0.4)
    canvas.gleams([path(f"M36 34 Q33 50 35 {cut.length - 16}")], mask, 4, 0.2)
    return mask


def draw_hems(canvas: Canvas, cut: Cut, above: float = 2.2) -> None:
    """A seam above the hem and one round each sleeve."""
    level = cut.length - above
    hem = path(f"M{100 - cut.hem + 0.4} {level} Q50 {level + 2.2} {cut.hem - 0.4} {level}")
    (x, y), (inner_x, inner_y) = cut.sleeve, cut.cuff
    up = 2.0 if y < LONG_SLEEVE else 2.4
    cuff = path(
        f"M{x - up * 0.5} {y - up} "
        f"Q{(x + inner_x) / 2} {(y + inner_y) / 2 - up * 0.2} {inner_x - up * 0.3} {inner_y - up}"
    )
    canvas.strokes([hem, cuff, mirror(cuff)], canvas.outline, 0.35)
