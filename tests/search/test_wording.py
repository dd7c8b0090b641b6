"""What a refusal says of a field: what it takes, in plain words, and which name was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.builders import JsonObject
    from tests.search.shop import Shop


@pytest.mark.parametrize(
    ("request_body", "message"),
    [
        ({"txt": "shoe"}, "is not known here; did you mean text?"),
        ({"terms": [{"text": "shoe", "wieght": 2}]}, "is not known here; did you mean weight?"),
        ({"groupBy": "group_id"}, "is not known here; did you mean group_by?"),
        ({"elephants": 3}, "is not known here"),
        ({"terms": [{"text": "shoe", "filter": {}}]}, "is not known here"),
        ({"limit": 101}, "takes 100 or less"),
        ({"limit": "5"}, "takes a whole number"),
        ({"page": 0}, "takes 1 or more"),
        ({"diversity": 9}, "takes 1 or less"),
        ({"diversity": "1"}, "takes a number"),
        ({"text": 3}, "takes text"),
        ({"text": "x" * 1001}, "takes at most 1000 characters"),
        ({"terms": [{"product": ""}]}, "takes at least 1 characters"),
        ({"explain": "yes"}, "takes true or false"),
        ({"filter": {"brand": ["A"] * 65}}, "takes at most 64"),
        ({"filter": {"brand": []}}, "takes at least 1"),
        ({"filter": {f"attributes.a{n}": "x" for n in range(65)}}, "takes at most 64"),
        ({"fusion": "sum"}, "takes 'convex' or 'rrf'"),
        ({"facets": "brand"}, "takes a list"),
        ({"filter": ["brand"]}, "takes an object"),
        ({"arms": ["text"]}, "takes an object"),
        ({"text": " "}, "is empty; leave it out to browse"),
    ],
)
def test_a_refusal_says_what_a_field_takes(shop: Shop, request_body: JsonObject, message: str) -> None:
    """The same few phrases, whichever field and whatever is wrong with it."""
    (error,) = shop.refused(**request_body)["errors"]

    assert error["message"] == message


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("price_min=cheap", "takes a number"),
        ("price_max=nan", "takes a finite number"),
        ("limit=5;", "takes a whole number"),
        ("in_stock=perhaps", "takes true or false"),
        ("brnad=Alder", "is not known here; did you mean brand?"),
        ("sort=price", "is not known here"),
    ],
)
def test_a_parameter_is_refused_in_the_same_words(shop: Shop, query: str, message: str) -> None:
    """In the API's answer as on the page."""
    answer = shop.http.get(f"/v1/search?{query}").json()

    assert answer["errors"][0]["message"] == message


def test_the_page_speaks_so_too(shop: Shop) -> None:
    """Who changed the address by hand is told in words."""
    page = shop.http.get("/?price_min=cheap")

    assert page.status_code == 422
    assert "takes a number" in page.text


def test_a_name_as_long_as_the_body_is_refused_quickly(shop: Shop) -> None:
    """Only its beginning is compared, and told."""
    (error,) = shop.refused(**{"x" * 100_000: 1})["errors"]

    assert error["message"] == "is not known here"
    assert len(error["field"]) == 200


def test_missing_fields_are_called_missing(shop: Shop) -> None:
    """Both of what an explanation needs."""
    answer = shop.http.post("/v1/explain", json={}).json()

    assert [(one["field"], one["message"]) for one in answer["errors"]] == [
        ("request", "is missing"),
        ("product", "is missing"),
    ]
