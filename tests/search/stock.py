"""A catalogue drawn at random, with gaps in every field, and shops that have it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from catalog.vectors import IMAGE, LEXICAL, TEXT
from encoders.fakes import fake_encoders
from encoders.interface import PICTURE_QUERY, PRODUCT_QUERY, TEXT_QUERY, Unrelated
from tests.search.shop import BLUE, GREEN, RED, data_url

if TYPE_CHECKING:
    from encoders.interface import Encoders
    from tests.builders import JsonObject

WORDS: Final = ("red", "blue", "green", "shoe", "hat", "scarf", "wool", "canvas")
BRANDS: Final = ("Alder", "Birch", "Cedar", "Fir=x", None)
CATEGORIES: Final = ("Women > Shoes", "Women > Hats", "Men > Shoes", "Women", "Men > Shoes > Boots", None)
PRICES: Final[tuple[float | None, ...]] = (0.0, 5.0, 9.99, 10.0, 19.9, 20.0, 49.5, 120.0, 1999.0, None)
COLOURS: Final[tuple[object, ...]] = ("red", ["red", "blue"], ["blue"], [], "a=b", None)
TIMES: Final = ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00.25Z", "2026-04-01T10:00:00Z", None)
PICTURES: Final[tuple[object, ...]] = ([data_url(RED)], [data_url(GREEN)], [data_url(BLUE)], None)


def catalogue(seed: int, count: int) -> list[JsonObject]:
    """Return products of which each field may lack; several share a group, a price, a time."""
    draw = random.Random(seed)
    return [
        {
            name: value
            for name, value in {
                "id": f"p-{number:03}",
                "title": " ".join(draw.sample(WORDS, draw.randint(1, 3))),
                "brand": draw.choice(BRANDS),
                "category": draw.choice(CATEGORIES),
                "price": draw.choice(PRICES),
                "in_stock": draw.choice((True, False, None)),
                "popularity": draw.choice((0.0, 1.0, 1.5, None)),
                "created_at": draw.choice(TIMES),
                "images": draw.choice(PICTURES),
                "group_id": draw.choice((f"g-{draw.randrange(count // 4)}", None)),
                "codes": [f"code-{number}"],
                "attributes": {
                    "colour": draw.choice(COLOURS),
                    "size": draw.choice((38, 39.5, "40", True, None)),
                    "heel height": draw.choice((1, 2.5, 11, None)),
                },
            }.items()
            if value is not None
        }
        for number in range(count)
    ]


def selective_encoders() -> Encoders:
    """Return the fake encoders on scales that leave something below the threshold."""
    dense = Unrelated(mean=0.05, deviation=0.1, threshold=0.4)
    return fake_encoders().with_calibration(
        {(kind, arm): dense for kind in (TEXT_QUERY, PICTURE_QUERY, PRODUCT_QUERY) for arm in (TEXT, IMAGE)}
        | {(TEXT_QUERY, LEXICAL): Unrelated(mean=0.0, deviation=1.0, threshold=0.8)}
    )
