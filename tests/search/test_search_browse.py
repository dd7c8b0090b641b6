"""Browsing and paging: one order, no gap and no repetition, and an end."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from tests.builders import JsonObject, bare
from tests.search.shop import culprits, ids

if TYPE_CHECKING:
    from tests.search.shop import Shop

RANKED = (
    bare("most-popular", popularity=1e9),
    bare("popular-new", popularity=5, created_at="2026-05-02T00:00:00Z"),
    bare("popular-old", popularity=5, created_at="2026-05-01T23:59:59+00:00"),
    bare("popular-ancient", popularity=5, created_at="1960-01-01T00:00:00Z"),
    bare("popular-undated", popularity=5),
    bare("slightly", popularity=1e-3),
    bare("a-new", created_at="2026-05-01T12:00:00Z"),
    bare("b-new", created_at="2026-05-01T13:00:00+01:00"),
    bare("a-plain"),
    bare("b-plain", popularity=0),
)


def ranked_ids() -> list[str]:
    """Return the ids in the order in which they must come."""
    return [product["id"] for product in RANKED]


@pytest.mark.parametrize("order", list(permutations(range(3)))[:4])
def test_browsing_goes_by_popularity_then_age_then_id(shop: Shop, order: tuple[int, ...]) -> None:
    """Whatever order they came in; what has no value comes last, and equal times are equal."""
    shop.sell(*(product for start in order for product in RANKED[start::3]))

    assert shop.found() == ranked_ids()


def pages(shop: Shop, limit: int, **request: object) -> list[JsonObject]:
    """Return the answers of all pages up to the first without hits."""
    answers: list[JsonObject] = []
    while not answers or answers[-1]["hits"]:
        answers.append(shop.search(limit=limit, page=len(answers) + 1, **request))
    return answers


@pytest.mark.parametrize("limit", [1, 3, 5, 10])
@pytest.mark.parametrize("request_body", [{}, {"text": "thing"}, {"text": "thing", "fusion": "rrf"}])
def test_pages_partition_the_set(shop: Shop, limit: int, request_body: dict[str, object]) -> None:
    """Put together, the pages are the whole: each hit once, in the order of one long page."""
    shop.sell(*RANKED)
    whole = shop.found(limit=100, **request_body)

    answers = pages(shop, limit, **request_body)

    assert [product_id for answer in answers for product_id in ids(answer)] == whole
    assert {answer["total"]["value"] for answer in answers} == {10}
    assert {answer["page"]["pages"] for answer in answers} == {-(-10 // limit)} == {len(answers) - 1}
    assert [answer["page"]["number"] for answer in answers] == list(range(1, len(answers) + 1))


def test_the_last_page_may_be_short(shop: Shop) -> None:
    """Ten products, four a page."""
    shop.sell(*RANKED)

    assert shop.found(limit=4, page=3) == ranked_ids()[8:]


def test_past_the_last_page_there_is_nothing(shop: Shop) -> None:
    """It is no error to look behind the end."""
    shop.sell(*RANKED)

    answer = shop.search(limit=4, page=4)

    assert answer["hits"] == []
    assert answer["total"]["value"] == 10
    assert answer["page"] == {"number": 4, "size": 4, "pages": 3}


def test_past_the_depth_is_refused(shop: Shop) -> None:
    """A thousand are paged through, and the answer says so."""
    assert shop.search(limit=20, page=50)["hits"] == []
    for request in ({"page": 51}, {"limit": 100, "page": 11}, {"text": "thing", "page": 51}, {"page": 1_000_000}):
        answer = shop.refused(**request)
        assert culprits(answer) == ["page"]
        assert "1000" in answer["detail"]


def test_browsing_counts_beyond_the_depth(small_shop: Shop) -> None:
    """The total of a filter is exact; what lies past the depth is not promised as a page."""
    small_shop.sell(*(bare(f"sku-{n:02d}", popularity=100 - n) for n in range(25)))

    answer = small_shop.search(limit=4, page=3)

    assert ids(answer) == ["sku-08", "sku-09"]
    assert answer["total"] == {"value": 25, "exact": True, "products": 25}
    assert answer["page"] == {"number": 3, "size": 4, "pages": 3}
    assert culprits(small_shop.refused(limit=4, page=4)) == ["page"]


def test_every_page_that_is_promised_can_be_had(small_shop: Shop) -> None:
    """Also where the arms together found more than the depth."""
    small_shop.sell(*(bare(f"sku-{n:02d}", title=f"thing {n}") for n in range(40)))
    few = {"arms": {"text": 1, "lexical": 1}, "limit": 3}

    answer = small_shop.search(text="thing 7 thing 21", **few)

    assert answer["total"]["value"] >= 10
    for page in range(1, answer["page"]["pages"] + 1):
        assert small_shop.search(text="thing 7 thing 21", page=page, **few)["hits"]


def test_a_filter_narrows_browsing_and_its_total(shop: Shop) -> None:
    """Everything that passes, exactly."""
    shop.sell(*RANKED)

    answer = shop.search(filter={"popularity": {"gte": 1}}, limit=2)

    assert ids(answer) == ["most-popular", "popular-new"]
    assert answer["total"] == {"value": 5, "exact": True, "products": 5}
