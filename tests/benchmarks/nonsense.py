"""What a shop is not asked: other words and other pictures than those that the cut-off is calibrated with."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from search.quality.judgments import Judgment
from search.schemas import SearchRequest
from tests.benchmarks.judged import picture_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from encoders.interface import Picture

OTHER_FIELDS: Final = (
    "helicopter parts",
    "motor oil 5w30",
    "car insurance quotes",
    "diesel engine repair manual",
    "income tax return deadline for small companies",
    "The court held that the statute of limitations had expired",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit",
    "photosynthesis in chloroplasts",
    "quantum field theory",
    "how to bake sourdough bread",
    "python list comprehension syntax",
    "flight to new york tomorrow",
    "mortgage interest rates",
    "chess opening sicilian defence",
    "concrete mixer rental",
    "dog food grain free",
    "garden hose connector",
    "laptop 16gb ram ssd",
    "hydraulic excavator",
    "paracetamol 500 mg tablets",
    "wedding venue booking",
    "unlock iphone sim",
    "lawn mower blades",
    "election results 2024",
    "ballpoint pen refills bulk",
    "solar panel inverter",
    "fishing licence cost",
    "drill bits for masonry",
    "fresh salmon fillet",
    "divorce lawyer near me",
)
LETTERS: Final = (
    "asdkfjh qwpeoiru",
    "xqzvbn",
    "zzzz",
    "hgfd jklq wert",
    "12345 67890",
    "?!?!",
    "bvncmx",
    "qpwoeiruty alskdj",
)
CHINESE: Final = (
    *("直升机零件", "机油 5W30", "所得税申报", "量子力学讲座", "狗粮", "挖掘机租赁"),
    *("房屋贷款利率", "红烧肉做法", "混凝土搅拌机", "北京天气预报", "太阳能发电站", "钢筋水泥价格"),
)
_PLAIN: Final = (
    (255, 255, 255),
    (0, 0, 0),
    (200, 30, 30),
    (30, 60, 180),
    (250, 180, 200),
    (90, 60, 40),
    (245, 240, 220),
)
_SIDE_PX: Final = 200
_OF_EACH: Final = 8


def nonsense() -> dict[str, list[Judgment]]:
    """Return queries that nothing answers, by kind."""
    words = {"other fields": OTHER_FIELDS, "letters": LETTERS, "other fields, Chinese": CHINESE}
    asked = {kind: [Judgment(text, SearchRequest(text=text), {}) for text in texts] for kind, texts in words.items()}
    for kind, pictures in (("noise", _noise()), ("plain colour", _plain()), ("blurred blots", _blots())):
        asked[kind] = [Judgment(kind, picture_request(_png(picture)), {}) for picture in pictures]
    return asked


def _noise() -> Iterator[Picture]:
    chance = np.random.default_rng(3)
    for _ in range(_OF_EACH):
        yield chance.integers(0, 256, (_SIDE_PX, _SIDE_PX, 3), dtype=np.uint8)


def _plain() -> Iterator[Picture]:
    for colour in _PLAIN:
        yield np.full((_SIDE_PX, _SIDE_PX, 3), colour, dtype=np.uint8)


def _blots() -> Iterator[Picture]:
    chance = np.random.default_rng(4)
    for _ in range(_OF_EACH):
        dots = chance.normal(128, 60, (12, 12, 3)).clip(0, 255).astype(np.uint8)
        yield np.asarray(Image.fromarray(dots).resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BICUBIC))


def _png(picture: Picture) -> bytes:
    written = io.BytesIO()
    Image.fromarray(picture).save(written, "PNG")
    return written.getvalue()
