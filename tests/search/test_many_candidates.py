"""More candidates than a page shows or diversity compares: how much of them is read, and the same answer either way."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.kept_rows import KeptRows
from search.results.boosts import Boosts
from search.results.diversity import DEEP
from tests.builders import patched
from tests.search.counted import LIFTING, asked
from tests.search.shop import open_shop, shop_settings
from tests.search.stock import catalogue, selective_encoders
from tests.search.test_candidate_set import requests, some_examples, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.engine import Engine
    from deploy.settings import QdrantSettings
    from tests.builders import JsonObject
    from tests.search.shop import Shop

VERSIONS = count(2)
"""Newer than whatever another test has written to the same shop."""


@pytest.fixture(scope="module")
def deep(open_engine: tuple[Engine, QdrantSettings]) -> Iterator[Shop]:
    """Open a shop with more products than diversity compares, and than are kept whole of one search."""
    engine, qdrant = open_engine
    with open_shop(engine, shop_settings(qdrant), selective_encoders()) as shop:
        shop.sell(*catalogue(seed=3, count=340))
        yield shop


FACETS = ["brand", "price", "category", "in_stock", "group_id", "attributes.colour", "attributes.weight"]
arranged = st.fixed_dictionaries(
    {"limit": st.sampled_from([3, 20, 50]), "page": st.integers(1, 13)},
    optional={
        "facets": st.lists(st.sampled_from(FACETS), unique=True, max_size=2),
        "sort": st.sampled_from(["price", "-price", "-popularity"]),
        "group_by": st.just("group_id"),
        "limit_per": st.sampled_from([{"brand": 5}, {"category": 45}, {"group_id": 1, "brand": 40}]),
        "diversity": st.sampled_from([0.3, 1.0]),
        "fields": st.sampled_from([["price"], ["title", "brand", "attributes"]]),
        "explain": st.just(value=True),
    },
)


@some_examples
@given(request=requests, arrangement=arranged, text=texts, lifting=st.sampled_from([Boosts(), LIFTING]))
def test_never_more_and_one_answer(
    deep: Shop, request: JsonObject, arrangement: JsonObject, text: str, lifting: Boosts
) -> None:
    """Of any request, whether products are kept or not, and known or not: in two calls, and the same answer.

    What terms say of a page is asked for once it is known, where too many may be on it.
    """
    wanted = request | arrangement | ({} if request["terms"] else {"text": text})
    encodings = any("product" in term for term in request["terms"])

    (carried,) = asyncio.run(asked(deep, selective_encoders(), [wanted], boosts=lifting))
    cold, warm = asyncio.run(asked(deep, selective_encoders(), [wanted] * 2, boosts=lifting, kept=KeptRows()))

    many = carried.body["total"]["products"] > DEEP + wanted["limit"]
    telling = bool(wanted.get("explain")) and many
    assert all(len(one.calls) <= 2 + encodings + telling for one in (carried, cold, warm))
    assert carried.body == cold.body == warm.body
    left = carried.body["total"]["value"] - (wanted["page"] - 1) * wanted["limit"]
    assert len(carried.body["hits"]) == max(0, min(left, wanted["limit"]))


writes = st.lists(
    st.tuples(
        st.integers(0, 339),
        st.sampled_from([{"price": 0.5}, {"price": 5_000}, {"brand": "Alder"}, {"popularity": 9}, {"group_id": "g-1"}]),
    ),
    max_size=5,
)


@some_examples
@given(
    steps=st.lists(st.tuples(writes, arranged), min_size=2, max_size=4),
    lifting=st.sampled_from([Boosts(), LIFTING]),
)
def test_what_one_search_kept_serves_another(
    deep: Shop, steps: list[tuple[list[tuple[int, JsonObject]], JsonObject]], lifting: Boosts
) -> None:
    """Whole or in part, by whatever fields others ordered and counted, and with writes between: as if read anew."""
    kept = KeptRows()
    for written, arrangement in steps:
        deep.hear(*(patched(f"p-{number:03}", version=next(VERSIONS), **change) for number, change in written))
        wanted = [{"text": "red hat", "cut_off": "off"} | arrangement]
        (carried,) = asyncio.run(asked(deep, selective_encoders(), wanted, boosts=lifting))
        (found,) = asyncio.run(asked(deep, selective_encoders(), wanted, boosts=lifting, kept=kept))
        assert found.body == carried.body


@pytest.mark.parametrize("narrowed", [{}, {"group_by": "group_id"}, {"limit_per": {"brand": 40}}])
async def test_few_writes_cost_few_reads(deep: Shop, narrowed: JsonObject) -> None:
    """Where all but some candidates are known, what may be on the page is read, whichever side of it they belong to."""
    kept, core = KeptRows(), {"text": "red hat", "cut_off": "off", "sort": "price", "limit": 10, "page": 2} | narrowed
    before, again = await asked(deep, selective_encoders(), [core] * 2, kept=kept)
    assert before.points_read >= 340
    assert again.points_read <= 10

    known = [hit["product"]["id"] for hit in before.body["hits"]]
    prices = {known[0]: 0.01, known[9]: 99_999.0}
    deep.hear(*(patched(one, version=next(VERSIONS), price=price) for one, price in prices.items()))
    (after,) = await asked(deep, selective_encoders(), [core], kept=kept)
    (carried,) = await asked(deep, selective_encoders(), [core])
    assert after.body == carried.body != before.body
    assert len(after.calls) == 2
    assert after.points_read <= 2 + 10 + 2 * 2


async def test_what_terms_say_where_many_may_be_shown(deep: Shop) -> None:
    """Vectors are read of the page alone: a third time, unless its order is known from the products that are kept."""
    explained = {"text": "red hat", "cut_off": "off", "sort": "price", "limit": 10, "explain": True}
    (carried,) = await asked(deep, selective_encoders(), [explained])
    cold, warm = await asked(deep, selective_encoders(), [explained] * 2, kept=KeptRows())

    assert [len(one.calls) for one in (carried, cold, warm)] == [2, 3, 2]
    assert carried.body == cold.body == warm.body
    assert all(hit["explanation"]["terms"] for hit in carried.body["hits"])


@pytest.mark.parametrize(
    "narrowed",
    [
        {},
        {"group_by": "group_id"},
        {"limit_per": {"brand": 40}},
        {"limit_per": {"group_id": 1, "brand": 30}},
        {"group_by": "group_id", "limit_per": {"category": 24}},
    ],
)
async def test_behind_what_is_compared_nothing_is_lost(deep: Shop, narrowed: JsonObject) -> None:
    """Where diversity stops, what groups and limits leave over may hang on the order before it: each page is whole."""
    wide = {"text": "red hat", "cut_off": "off", "diversity": 0.9, "limit": 20} | narrowed
    pages = [wide | {"page": page} for page in range(1, 18)]
    carried = await asked(deep, selective_encoders(), pages)
    kept = await asked(deep, selective_encoders(), pages, kept=KeptRows())

    assert [one.body for one in carried] == [one.body for one in kept]
    assert sum(len(one.body["hits"]) for one in carried) == carried[0].body["total"]["value"]
