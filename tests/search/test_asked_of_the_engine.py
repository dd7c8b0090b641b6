"""How often the engine is asked for one search, and for how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from encoders.fakes import fake_encoders
from search.kept_rows import KeptRows
from tests.builders import bare, deleted
from tests.search.counted import LIFTING, asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from search.results.boosts import Boosts
    from tests.builders import JsonObject
    from tests.search.counted import Asked
    from tests.search.shop import Shop

ARMS = 3
NAMED = 1
"""One question more for a product whose id or code was typed."""
NEWEST = 1
"""And one for the newest event, in the first search of a second."""
FIRST = ARMS + NAMED + NEWEST
ORDERED_BY_PRODUCTS: list[JsonObject] = [
    {"sort": "price"},
    {"group_by": "group_id"},
    {"limit_per": {"brand": 1}},
    {"limit_per": {"brand": 1}, "group_by": "group_id", "sort": "-price"},
]


@pytest.mark.parametrize(
    ("request_body", "calls"),
    [
        ({}, [FIRST, 1]),
        ({"fields": ["id"]}, [FIRST, 1]),
        ({"filter": {"brand": ["A"]}}, [FIRST, 1]),
        ({"facets": ["brand", "price", "in_stock", "category"]}, [FIRST, 2]),
        ({"facets": ["brand", "price"], "filter": {"brand": ["A"]}}, [2 * (ARMS + NAMED) + NEWEST, 2]),
        (
            {"facets": ["brand", "price"], "filter": {"brand": ["A"], "price": {"lt": 9}}},
            [3 * (ARMS + NAMED) + NEWEST, 2],
        ),
        ({"arms": {"lexical": 1}}, [1 + NAMED + NEWEST, 1]),
        ({"page": 2, "limit": 1}, [FIRST, 1]),
        *((body, [FIRST, 1]) for body in ORDERED_BY_PRODUCTS),
        *((body | {"facets": ["brand"]}, [FIRST, 2]) for body in ORDERED_BY_PRODUCTS),
        ({"diversity": 0.5}, [FIRST, 2]),
        ({"diversity": 0.5, "facets": ["brand"], "group_by": "group_id"}, [FIRST, 3]),
        ({"explain": True}, [FIRST, 3]),
        ({"explain": True, "arms": {"text": 1}}, [1 + NAMED + NEWEST, 2]),
        ({"explain": True, "facets": ["brand"], "sort": "price"}, [FIRST, 4]),
        ({"explain": True, "diversity": 0.5}, [FIRST, 3]),
        ({"explain": True, "text": None, "terms": [{"text": "thing"}, {"text": "blue", "weight": 0.1}]}, [FIRST, 4]),
    ],
)
async def test_twice(shop: Shop, request_body: JsonObject, calls: list[int]) -> None:
    """Once for the arms, and of each selected facet for those without its own condition; once for what is shown.

    Where what each term says is to be told, that holds one question more for the words of each.
    """
    (answer,) = await few_asked(shop, {"text": "thing"} | request_body)
    assert answer.calls == calls


async def test_twice_where_products_are_lifted(shop: Shop) -> None:
    """What lifts them comes with the hits."""
    (answer,) = await few_asked(shop, {"text": "thing"}, boosts=LIFTING)
    assert answer.calls == [FIRST, 1]


async def test_once_before_for_the_products_that_are_searched_with(shop: Shop) -> None:
    """Their vectors are to them what an encoder is to words."""
    plain, explained = await few_asked(
        shop, {"terms": [{"product": "p-0"}]}, {"terms": [{"product": "p-0"}], "explain": True}
    )
    assert plain.calls == [1, 1 + NEWEST, 1]
    assert explained.calls in ([1, 1, 2], [1, 1 + NEWEST, 2])  # a second may be over


@pytest.mark.parametrize(
    "request_body",
    [{}, {"facets": ["brand"]}, *ORDERED_BY_PRODUCTS, {"sort": "price", "facets": ["brand"], "filter": {"brand": "A"}}],
)
async def test_once_where_the_products_are_kept(shop: Shop, request_body: JsonObject) -> None:
    """Whatever is asked next by what was looked at before comes from the arms' answer alone."""
    wide: JsonObject = {"text": "thing", "facets": ["brand"], "sort": "price", "group_by": "group_id"}
    first, then = await few_asked(shop, wide, {"text": "thing"} | request_body, kept=KeptRows())
    assert first.calls == [FIRST, 1]
    arms = (ARMS + NAMED) * (2 if "filter" in request_body else 1)
    assert then.calls in ([arms], [arms + NEWEST])  # a second may be over


async def test_once_more_for_what_nobody_looked_at(shop: Shop) -> None:
    """A field that orders or counts for the first time is read of all, and from then on kept."""
    plain, grouped = {"text": "thing"}, {"text": "thing", "group_by": "group_id"}
    _, first, then = await few_asked(shop, plain, grouped, grouped, kept=KeptRows())
    assert len(first.calls) == 2
    assert len(then.calls) == 1


async def test_what_terms_say_of_kept_products(shop: Shop) -> None:
    """It is all that is asked for beside the arms."""
    explained = {"text": "thing", "sort": "price", "explain": True}
    first, then = await few_asked(shop, explained, explained, kept=KeptRows())
    assert first.calls == [FIRST, 3]
    assert then.calls in ([ARMS + NAMED, 2], [FIRST, 2])
    assert first.body == then.body


@pytest.mark.parametrize("keeping", [False, True], ids=["carried", "kept"])
@pytest.mark.parametrize("diversity", [0.0, 0.5])
@pytest.mark.parametrize("request_body", [{}, {"explain": True}, *ORDERED_BY_PRODUCTS])
async def test_what_is_deleted_between_the_calls(
    shop: Shop, request_body: JsonObject, diversity: float, *, keeping: bool
) -> None:
    """It is shown nowhere, and the others are."""
    wanted = {"text": "thing", "facets": ["brand"], "diversity": diversity} | request_body
    (answer,) = await few_asked(
        shop,
        wanted,
        boosts=LIFTING,
        kept=KeptRows() if keeping else None,
        meanwhile=lambda: shop.hear(deleted("p-3", version=2)),
    )
    found = [hit["product"]["id"] for hit in answer.body["hits"]]
    assert "p-3" not in found
    assert len(answer.calls) == 2
    if "limit_per" not in request_body:
        assert sorted(found) == ["p-0", "p-1", "p-2"]


@pytest.mark.parametrize("explain", [False, True])
async def test_what_was_not_compared_does_not_come_forward(shop: Shop, *, explain: bool) -> None:
    """Where one of the first two hundred is gone, the next is among them: its vectors were not asked for."""
    shop.index.clear()
    shop.sell(*(bare(f"p-{n}", title="thing", brand="A") for n in range(210)))
    plain = {"text": "thing", "limit": 100}
    (before,) = await asked(shop, fake_encoders(), [plain])
    first, *others = [hit["product"]["id"] for hit in before.body["hits"]]

    (answer,) = await asked(
        shop,
        fake_encoders(),
        [plain | {"diversity": 0.5, "limit_per": {"brand": 500}, "explain": explain}],
        kept=KeptRows(),
        meanwhile=lambda: shop.hear(deleted(first, version=2)),
    )
    assert [hit["product"]["id"] for hit in answer.body["hits"]][:-1] == others


async def few_asked(
    shop: Shop,
    *requests: JsonObject,
    boosts: Boosts | None = None,
    kept: KeptRows | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> list[Asked]:
    """Return the answers of a shop of four things."""
    shop.index.clear()
    shop.sell(*(bare(f"p-{n}", title="thing", brand="A", price=float(n)) for n in range(4)))
    answers = await asked(shop, fake_encoders(), requests, boosts=boosts, kept=kept, meanwhile=meanwhile)
    assert meanwhile or all(answer.body["hits"] for answer in answers)
    return answers
