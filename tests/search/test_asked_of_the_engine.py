"""How often the engine is asked for one search, and for how much."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.processes.parts import open_async_engine, search_core
from encoders.fakes import fake_encoders
from search.access import EVERYTHING
from search.kept_rows import KeptRows
from search.results.boosts import Boosts
from search.results.diversity import DEEP
from search.retriever import Retriever
from search.schemas import SearchRequest
from search.service import SearchService, ServedIndex
from tests.builders import bare, deleted, patched
from tests.search.shop import open_shop, shop_settings
from tests.search.stock import catalogue, selective_encoders
from tests.search.test_candidate_set import requests, some_examples, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qdrant_client import models

    from catalog.engine import Engine
    from deploy.settings import QdrantSettings
    from encoders.interface import Encoders
    from search.access import Scope
    from search.parts import Part
    from tests.builders import JsonObject
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
VERSIONS = count(2)
"""Newer than whatever another test has written to the same shop."""
LIFTING = Boosts(popularity=0.3, newness=0.2, in_stock=0.5)


class Counted(Retriever):
    """Reads a shop, and remembers how many questions each call to its engine held."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(
            open_async_engine(shop.settings, shop.index.engine), shop.index.collection, depth=shop.settings.api.depth
        )
        self.calls: list[int] = []
        self.points_read = 0
        self.meanwhile: Callable[[], None] = lambda: None

    async def _ask(self, requests: Sequence[models.QueryRequest]) -> list[models.QueryResponse]:
        self.calls.append(len(requests))
        answers = await super()._ask(requests)
        self.meanwhile()
        return answers

    async def read(self, parts: Sequence[Part], scope: Scope) -> list[dict[str, models.ScoredPoint]]:
        self.points_read = sum(len(part.point_ids) for part in parts)
        return await super().read(parts, scope)

    async def _scroll(self, *given: Any, **named: Any) -> list[models.Record]:  # noqa: ANN401 - passed on as they are
        self.calls.append(1)
        return await super()._scroll(*given, **named)


class Asked(NamedTuple):
    """The answer to a search, how many questions each call held that it made, and how many points it read."""

    body: JsonObject
    calls: list[int]
    points_read: int


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


async def asked(
    shop: Shop,
    encoders: Encoders,
    requests: Sequence[Mapping[str, object]],
    *,
    boosts: Boosts | None = None,
    kept: KeptRows | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> list[Asked]:
    """Return the answers to requests, one after the other, from a service that keeps products or does not."""
    core, retriever = search_core(shop.settings, shop.index.engine, encoders), Counted(shop)
    service = SearchService(
        index=ServedIndex(shop.index.collection, "fake"),
        encoder=core.encoder,
        retriever=retriever,
        words=core.words,
        metrics=core.metrics,
        boosts=boosts,
        kept=kept,
    )
    retriever.meanwhile = meanwhile or retriever.meanwhile
    answers = []
    try:
        for request in requests:
            retriever.calls = []
            answer = await service.search(SearchRequest.model_validate(request), EVERYTHING)
            answers.append(Asked(answer.body, retriever.calls, retriever.points_read))
    finally:
        core.encoder.close()
        await core.service.close()
        await retriever.close()
    return answers
