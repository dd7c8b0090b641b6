"""Cursors: what did not change appears exactly once, whatever is written meanwhile."""

from __future__ import annotations

import pytest

from tests.builders import bare, deleted, patched, upserted
from tests.search.shop import Shop, culprits, ids


def walk(shop: Shop, between: list[list[dict[str, object]]], **request: object) -> list[str]:
    """Return the ids of all pages, with events heard after each."""
    answer = shop.search(limit=4, **request)
    found = ids(answer)
    while answer["cursor"]:
        if between:
            shop.hear(*between.pop(0))
        answer = shop.search(limit=4, cursor=answer["cursor"], **request)
        found += ids(answer)
    return found


@pytest.mark.parametrize("request_body", [{}, {"sort": "price"}, {"sort": "price", "text": "thing"}])
def test_writes_between_pages_lose_nothing(small_shop: Shop, request_body: dict[str, object]) -> None:
    """Prices of others change, products come and go: those left alone come once each."""
    small_shop.sell(*(bare(f"p-{n:02}", price=float(n % 5), popularity=float(n % 3)) for n in range(9)))
    small_shop.hear(upserted(bare("restless", price=0.5, popularity=9)))

    found = walk(
        small_shop,
        [
            [
                patched("restless", version=2, price=4.5, popularity=0),
                upserted(bare("newcomer", price=0.1, popularity=7)),
            ],
            [deleted("newcomer", version=2), patched("restless", version=3, price=0.2)],
        ],
        **request_body,
    )

    settled = [product_id for product_id in found if product_id.startswith("p-")]
    assert sorted(settled) == [f"p-{n:02}" for n in range(9)]


def test_a_tie_of_more_than_can_be_read_is_gone_through(small_shop: Shop) -> None:
    """Twenty-five products without price or popularity, ten at most read at once."""
    small_shop.sell(*(bare(f"p-{n:02}") for n in range(25)))

    for request_body in ({}, {"sort": "price"}, {"sort": "-created_at"}):
        assert sorted(walk(small_shop, [], **request_body)) == [f"p-{n:02}" for n in range(25)]


def test_a_tie_that_grows_while_it_is_paged_keeps_its_order(small_shop: Shop) -> None:
    """Eight of one price become thirteen: the first eight still come once each."""
    small_shop.sell(*(bare(f"p-{n:02}", price=1.0) for n in range(8)))
    late = [upserted(bare(f"q-{n:02}", price=1.0)) for n in range(5)]

    found = walk(small_shop, [late], sort="price")

    assert [one for one in found if one.startswith("p-")] == [f"p-{n:02}" for n in range(8)]


def test_the_last_page_has_no_cursor(shop: Shop) -> None:
    """Also where it is full."""
    shop.sell(*(bare(f"p-{n}", price=1.0) for n in range(4)))

    assert shop.search(limit=4, sort="price")["cursor"] is None
    assert shop.search(limit=4)["cursor"] is None
    assert shop.search(text="thing")["cursor"] is None


def test_a_cursor_belongs_to_its_query(shop: Shop) -> None:
    """With another filter, order or grouping it is refused; with another limit or other facets it is not."""
    shop.sell(*(bare(f"p-{n}", price=float(n), brand="A") for n in range(5)))
    cursor = shop.search(limit=2, sort="price")["cursor"]

    assert shop.found(limit=3, sort="price", cursor=cursor, facets=["brand"]) == ["p-2", "p-3", "p-4"]
    for other in (
        {"sort": "-price"},
        {"sort": "price", "filter": {"brand": ["A"]}},
        {"sort": "price", "group_by": "group_id"},
        {"sort": "price", "text": "thing"},
        {},
    ):
        assert culprits(shop.refused(cursor=cursor, **other)) == ["cursor"]
    assert shop.refused(cursor=cursor, sort="price", page=2)


def test_the_order_of_conditions_makes_no_other_query(shop: Shop) -> None:
    """Neither among the keys of a filter nor between a query string and a body."""
    shop.sell(*(bare(f"p-{n}", price=float(n), brand="A", category="C") for n in range(5)))
    cursor = shop.search(limit=2, filter={"brand": ["A"], "category": ["C"], "price": {"gte": 1}})["cursor"]

    reordered = {"price": {"gte": 1.0}, "category": ["C"], "brand": ["A"]}
    assert shop.found(limit=2, filter=reordered, cursor=cursor) == ["p-3", "p-4"]
    got = shop.http.get("/v1/search?brand=A&category=C&price_min=1&limit=2").json()
    assert got["cursor"] == cursor
