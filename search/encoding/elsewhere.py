"""What nobody asks a shop for: phrases of other fields, letters at random, and pictures that show nothing.

No product answers these, so what the nearest one scores for them says how near is near by chance. They are no goods
on purpose: a shop may sell machines and books, but neither a weather forecast nor a heart attack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from encoders.interface import Picture

PHRASES: Final = (
    "annual report of the central bank",
    "symptoms of a heart attack",
    "divorce law and custody of children",
    "prime numbers and modular arithmetic",
    "causes of the French Revolution",
    "weather forecast for tomorrow morning",
    "train departures to Berlin",
    "how to conjugate irregular verbs",
    "interest rate of a savings account",
    "election of the new parliament",
    "solubility of salts in water",
    "migration of birds in autumn",
    "orbit of the moon around the earth",
    "unemployment statistics by region",
    "diagnosis and treatment of diabetes",
    "binary search tree in C++",
    "population of Brazil",
    "court of appeal decision",
    "appointment at the dentist",
    "earthquake off the coast of Japan",
    "apply for a building permit",
    "football results second division",
    "opening hours of the town hall",
    "inflation and monetary policy",
    "job interview for accountants",
    "vaccination against measles",
    "translation of a birth certificate",
    "pension contributions of the self-employed",
    "speed of light in a vacuum",
    "renew a driving licence",
    "theory of evolution by natural selection",
    "traffic jam on the motorway",
    "cloud server outage status page",
    "volcano eruption warning",
    "nearest petrol station",
    "blood pressure too high",
    "solve quadratic equation",
    "what is the capital of Mongolia",
    "tax deduction for commuters",
    "reset the router password",
    "peace talks between the two countries",
    "boiling point of ethanol",
    "university admission deadline",
    "pregnancy week twelve",
    "stock market closing prices",
    "noise complaint about neighbours",
    "crude oil price per barrel",
    "protein folding simulation",
    "vbnmrt",
    "qwzxp kjhgf",
    "trplk",
    "wqeiuz mnbvy opkl",
    "xkcdqv",
    "lkjh 8842 zz",
    "gfhj",
    "rtzu bnm",
    "mubcr lsbq",
    "cnnc",
    "rnbs",
    "uusbs",
    "hbre nerdsj",
    "ssug",
    "rwcs tgpv",
    "osoljh wyhcs",
    "pkxojtcd nfykepnb",
    "szkkwltp",
    "明天天气怎么样",
    "公司年度财务报告",
    "心脏病的症状",
    "离婚诉讼程序",
    "英语语法练习",
    "地震预警",
    "怎么申请签证",
    "病毒的传播途径",
)

_SIDE_PX: Final = 96
_SEED: Final = 0
_COLOURS: Final = (
    (0, 0, 0),
    (255, 255, 255),
    (128, 128, 128),
    (220, 40, 40),
    (40, 160, 60),
    (40, 70, 200),
    (240, 210, 50),
    (150, 60, 160),
    (110, 70, 40),
    (240, 170, 190),
)
_GRAINS: Final = (96, 48, 16, 8, 5)
"""Of noise: how many dots stand side by side."""
_OF_EACH: Final = 2


def pictures_of_nothing() -> list[Picture]:
    """Return pictures that show nothing, always the same: plain colours, shades, noise fine to coarse."""
    return list(_drawn(np.random.default_rng(_SEED)))


def _drawn(chance: np.random.Generator) -> Iterator[Picture]:
    for colour in _COLOURS:
        yield np.full((_SIDE_PX, _SIDE_PX, 3), colour, dtype=np.uint8)
    along = np.linspace(0, 1, _SIDE_PX)
    for _ in range(2 * _OF_EACH):
        first, last = chance.integers(0, 256, (2, 1, 3))
        run = first + (last - first) * along[:, None]  # (side, 3)
        yield np.repeat(run[:, None], _SIDE_PX, axis=1).astype(np.uint8)
    for grain in _GRAINS * _OF_EACH:
        yield _smoothed(chance.integers(0, 256, (grain, grain, 3)).astype(np.float64))


def _smoothed(dots: NDArray[np.float64]) -> Picture:
    """Return dots of shape (n, n, 3) as a picture in which one runs over into the next."""
    at = np.linspace(0, len(dots) - 1, _SIDE_PX)
    before = np.floor(at).astype(int)
    after = np.minimum(before + 1, len(dots) - 1)
    part = (at - before)[:, None, None]
    rows = dots[before] * (1 - part) + dots[after] * part  # (side, n, 3)
    part = (at - before)[None, :, None]
    picture: Picture = (rows[:, before] * (1 - part) + rows[:, after] * part).astype(np.uint8)
    return picture
