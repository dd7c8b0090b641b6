"""Hits, totals, facets, groups, orders and pages of random requests over a random catalogue agree with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from search.schemas import MAX_LIMIT
from tests.search.shop import ids, open_shop, shop_settings
from tests.search.stock import BRANDS, CATEGORIES, WORDS, catalogue, selective_encoders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.engine import Engine
    from deploy.settings import QdrantSettings
    from tests.builders import JsonObject
    from tests.search.shop import Shop

PRODUCTS = catalogue(seed=1, count=90)
SINGLE = ("brand", "in_stock", "group_id")
VALUES = (*SINGLE, "category", "attributes.colour")
NUMBERS = ("price", "popularity", "attributes.heel height", "attributes.size")
some_examples = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module", params=[1_000, 16], ids=["read whole", "counted by the engine"])
def stocked(open_engine: tuple[Engine, QdrantSettings], request: pytest.FixtureRequest) -> Iterator[Shop]:
    """Open a shop with the whole catalogue; one that reads sixteen at most counts by the engine."""
    engine, qdrant = open_engine
    with open_shop(engine, shop_settings(qdrant, depth=request.param), selective_encoders()) as shop:
        shop.sell(*PRODUCTS)
        yield shop


def some(*values: object) -> st.SearchStrategy[object]:
    """Return lists of one or two of the values that are some."""
    return st.lists(
        st.sampled_from([value for value in values if value is not None]), min_size=1, max_size=2, unique=True
    )


filters = st.fixed_dictionaries(
    {},
    optional={
        "brand": some(*BRANDS),
        "category": some(*CATEGORIES),
        "in_stock": st.booleans(),
        "price": st.sampled_from([{"gte": 5, "lt": 20}, {"gt": 9.99}, {"lte": 49.5}]),
        "attributes.colour": some("red", "blue", "a=b"),
    },
)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
terms = st.one_of(
    st.just([]),
    st.tuples(texts).map(lambda given: [{"text": given[0]}]),
    st.tuples(texts, st.sampled_from(PRODUCTS)).map(lambda given: [{"text": given[0]}, {"product": given[1]["id"]}]),
    st.tuples(texts, texts).map(lambda given: [{"text": given[0]}, {"text": given[1], "weight": -0.4}]),
)
requests = st.fixed_dictionaries(
    {
        "terms": terms,
        "filter": filters,
        "exclude": st.sampled_from([{}, {"brand": ["Alder"]}, {"attributes.colour": ["blue"]}]),
        "fusion": st.sampled_from(["convex", "rrf"]),
        "cut_off": st.sampled_from(["auto", "off"]),
    }
)


def everything(shop: Shop, **request: object) -> list[JsonObject]:
    """Return the hits of all pages that can be had."""
    answer = shop.search(limit=7, **request)
    hits = list(answer["hits"])
    for number in range(2, answer["page"]["pages"] + 1):
        hits += shop.search(limit=7, page=number, **request)["hits"]
    return hits


def reachable(shop: Shop, total: int) -> int:
    """Return how many of a total pages go through."""
    return min(total, shop.settings.api.depth)


@some_examples
@given(request=requests)
def test_facets_agree_with_totals(stocked: Shop, request: JsonObject) -> None:
    """What a facet counts is what choosing its value finds, and a single value and none make up the total."""
    names = [*VALUES, *NUMBERS]
    answer = stocked.search(facets=names, limit=1, **request)
    if not answer["total"]["exact"]:
        return
    for name in names:
        facet, total = answer["facets"][name], answer["total"]["products"]
        for chosen, count in choices(name, facet)[:4]:
            narrowed = stocked.search(**(request | {"filter": request["filter"] | {name: chosen}}), limit=1)
            assert narrowed["total"]["products"] == count, (name, chosen)
        if name in {*SINGLE, *NUMBERS} and name not in request["filter"]:
            assert sum(count for _, count in choices(name, facet)) + facet["missing"] == total, name


def choices(name: str, facet: JsonObject) -> list[tuple[object, int]]:
    """Return the filters that a facet offers and how many each is said to find."""
    if name in NUMBERS:
        return [({"gte": one["gte"], "lt": one["lt"]}, one["count"]) for one in facet["buckets"]]
    return [([one["value"]], one["count"]) for one in facet["values"]]


@some_examples
@given(request=requests)
def test_pages_partition_the_set(stocked: Shop, request: JsonObject) -> None:
    """No hit twice, none left out, whichever order; every order has the same set."""
    answer = stocked.search(**request)
    total = answer["total"]["value"]
    found = {}
    for sort in ("relevance", "price", "-price", "-created_at", "-popularity"):
        hits = [hit["product"]["id"] for hit in everything(stocked, sort=sort, **request)]
        assert len(hits) == len(set(hits)) == reachable(stocked, total), sort
        found[sort] = set(hits)
    if total <= stocked.settings.api.depth:
        assert all(one == found["relevance"] for one in found.values())


@some_examples
@given(request=requests)
def test_a_cursor_goes_through_everything_in_order(stocked: Shop, request: JsonObject) -> None:
    """Each product once, beyond the depth of pages too, in the order of the field; who lacks it comes last."""
    for sort in ("price", "-price", "-created_at", "-popularity"):
        hits = follow(stocked, sort=sort, **request)
        assert len({hit["product"]["id"] for hit in hits}) == len(hits)
        assert len(hits) == stocked.search(**request)["total"]["value"]
        name = sort.removeprefix("-")
        values = [hit["product"].get(name) for hit in hits]
        present = [value for value in values if value is not None]
        assert values[: len(present)] == present
        if name != "created_at":
            assert present == sorted(present, reverse=sort.startswith("-"))


def follow(shop: Shop, **request: object) -> list[JsonObject]:
    """Return the hits of a request and of every cursor that it leads to."""
    answer = shop.search(limit=9, **request)
    hits = list(answer["hits"])
    while answer["cursor"]:
        answer = shop.search(limit=9, cursor=answer["cursor"], **request)
        hits += answer["hits"]
    return hits


@some_examples
@given(request=requests, sort=st.sampled_from(["relevance", "price", "-created_at"]))
def test_groups_show_each_group_once(stocked: Shop, request: JsonObject, sort: str) -> None:
    """A group stands where its first variant stood, and its variants are all of the set that are of it."""
    plain = stocked.search(facets=["group_id"], limit=MAX_LIMIT, sort=sort, **request)
    grouped = stocked.search(group_by="group_id", facets=["brand"], limit=MAX_LIMIT, sort=sort, **request)
    groups = {one["value"]: one["count"] for one in plain["facets"]["group_id"]["values"]}

    def group(hit: JsonObject) -> str:
        return str(hit["product"].get("group_id", hit["product"]["id"]))

    assert grouped["total"]["value"] == len(groups)
    assert grouped["total"]["products"] == plain["total"]["products"]
    shown = [group(hit) for hit in grouped["hits"]]
    assert len(shown) == len(set(shown)) == reachable(stocked, len(groups))
    assert all(hit["variants"] == groups[group(hit)] for hit in grouped["hits"])
    firsts = list(dict.fromkeys(group(hit) for hit in plain["hits"]))
    assert shown[: len(firsts)] == firsts[: len(shown)]
    paged = everything(stocked, group_by="group_id", sort=sort, **request)
    assert [group(hit) for hit in paged] == shown


def test_browsing_groups_by_cursor(stocked: Shop) -> None:
    """Each group once, however far apart its variants are."""
    for sort in ("relevance", "price", "-popularity"):
        hits = follow(stocked, group_by="group_id", sort=sort)
        groups = [hit["product"].get("group_id", hit["product"]["id"]) for hit in hits]
        assert len(groups) == len(set(groups)) == stocked.search(group_by="group_id")["total"]["value"]


@some_examples
@given(request=requests, page=st.integers(1, 2), limit=st.integers(1, 9))
def test_a_score_is_of_the_product_alone(stocked: Shop, request: JsonObject, page: int, limit: int) -> None:
    """Neither page nor limit nor facets nor order change a score."""
    scores = {hit["product"]["id"]: hit["score"] for hit in stocked.search(limit=MAX_LIMIT, **request)["hits"]}
    other = stocked.search(limit=limit, page=page, facets=["brand"], sort="price", explain=True, **request)

    if len(scores) == other["total"]["value"]:
        assert all(scores[hit["product"]["id"]] == hit["score"] for hit in other["hits"])


@some_examples
@given(request=requests)
def test_an_explanation_changes_nothing_that_it_explains(stocked: Shop, request: JsonObject) -> None:
    """It reads all that the arms return, others only what has a say: the same hits, scores, total and facets."""
    request |= {"limit": MAX_LIMIT, "facets": ["brand", "category", "price"]}
    plain, explained = (stocked.search(explain=explain, **request) for explain in (False, True))

    assert [(hit["product"], hit["score"]) for hit in plain["hits"]] == [
        (hit["product"], hit["score"]) for hit in explained["hits"]
    ]
    assert (plain["total"], plain["facets"]) == (explained["total"], explained["facets"])


@some_examples
@given(
    request=requests, limit_per=st.dictionaries(st.sampled_from(["brand", "group_id"]), st.integers(1, 2), min_size=1)
)
def test_at_most_so_many_of_a_kind(stocked: Shop, request: JsonObject, limit_per: dict[str, int]) -> None:
    """Through all pages; total and pages count what is left, facets and products all of the set."""
    plain = stocked.search(facets=["brand"], **request)
    answer = stocked.search(limit_per=limit_per, facets=["brand"], **request)
    hits = everything(stocked, limit_per=limit_per, **request)

    for name, most in limit_per.items():
        values = [hit["product"].get(name) for hit in hits]
        assert all(values.count(value) <= most for value in values if value is not None)
    assert len(hits) == reachable(stocked, answer["total"]["value"])
    assert answer["total"]["products"] == plain["total"]["products"]
    assert answer["facets"] == plain["facets"]


def test_the_cut_off_is_a_verdict_on_each_product(stocked: Shop) -> None:
    """A filter leaves of the set what passes it, and no more is near than was."""
    if stocked.settings.api.depth < len(PRODUCTS):
        return
    for text in ("red shoe", "wool", "blue hat canvas"):
        whole = stocked.search(text=text, limit=MAX_LIMIT)
        narrowed = stocked.search(text=text, filter={"brand": ["Birch"]}, limit=MAX_LIMIT)
        assert 0 < len(ids(whole)) < len(PRODUCTS)
        assert [one for one in ids(whole) if PRODUCTS[int(one[2:])].get("brand") == "Birch"] == ids(narrowed)
        assert len(ids(stocked.search(text=text, cut_off="off", limit=MAX_LIMIT))) > len(ids(whole))


def test_an_id_or_a_code_comes_first(stocked: Shop) -> None:
    """However it is written, whatever else its words find, and within the filter."""
    assert stocked.found(text="p-007")[0] == "p-007"
    assert stocked.found(text=" CODE-42 ")[0] == "p-042"
    brand = PRODUCTS[7].get("brand", "")
    assert "p-007" not in stocked.found(text="p-007", exclude={"id": ["p-007"]})
    assert stocked.found(text="P-007", exclude={"brand": [f"not {brand}"]})[0] == "p-007"
