"""Every engine lets the same points through a filter: those that Python lets through."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from qdrant_client import models

from tests.contracts.engines import BRANDS, Item, Subject, ids_where, must

if TYPE_CHECKING:
    from collections.abc import Callable

QUERY = [0.3, -1.0, 0.5, 0.2, 0.9, -0.4, 0.1, 0.7]
BRAND = models.FieldCondition(key="brand", match=models.MatchValue(value=BRANDS[0]))
MAY = datetime(2026, 5, 10, tzinfo=UTC)

FILTERS: dict[str, tuple[models.Filter, Callable[[dict[str, object]], bool]]] = {
    "match value": (must(BRAND), lambda p: p["brand"] == BRANDS[0]),
    "match true": (
        must(models.FieldCondition(key="sale", match=models.MatchValue(value=True))),
        lambda p: p["sale"] is True,
    ),
    "match false": (
        must(models.FieldCondition(key="sale", match=models.MatchValue(value=False))),
        lambda p: p["sale"] is False,
    ),
    "match integer": (
        must(models.FieldCondition(key="stock", match=models.MatchValue(value=3))),
        lambda p: p["stock"] == 3,
    ),
    "match any": (
        must(models.FieldCondition(key="tags", match=models.MatchAny(any=["tag-1", "tag-6"]))),
        lambda p: bool({"tag-1", "tag-6"} & set(_texts(p["tags"]))),
    ),
    "match except": (
        must(models.FieldCondition(key="brand", match=models.MatchExcept(**{"except": [BRANDS[0]]}))),
        lambda p: p["brand"] != BRANDS[0],
    ),
    "match text": (
        must(models.FieldCondition(key="title", match=models.MatchText(text="oak"))),
        lambda p: "oak" in str(p["title"]),
    ),
    "range": (
        must(models.FieldCondition(key="price", range=models.Range(gte=20, lt=60))),
        lambda p: 20 <= _number(p["price"]) < 60,
    ),
    "dates": (
        must(models.FieldCondition(key="created", range=models.DatetimeRange(gt=MAY))),
        lambda p: datetime.fromisoformat(str(p["created"])) > MAY,
    ),
    "must not": (models.Filter(must_not=[BRAND]), lambda p: p["brand"] != BRANDS[0]),
    "should": (
        models.Filter(should=[BRAND, models.FieldCondition(key="stock", match=models.MatchValue(value=0))]),
        lambda p: p["brand"] == BRANDS[0] or p["stock"] == 0,
    ),
    "min should": (
        models.Filter(
            min_should=models.MinShould(
                conditions=[
                    BRAND,
                    models.FieldCondition(key="stock", range=models.Range(gte=5)),
                    models.FieldCondition(key="sale", match=models.MatchValue(value=True)),
                ],
                min_count=2,
            )
        ),
        lambda p: (p["brand"] == BRANDS[0]) + (_number(p["stock"]) >= 5) + bool(p["sale"]) >= 2,
    ),
    "filter in a filter": (
        must(BRAND, models.Filter(must_not=[models.FieldCondition(key="stock", range=models.Range(lt=4))])),
        lambda p: p["brand"] == BRANDS[0] and _number(p["stock"]) >= 4,
    ),
    "nested object": (
        must(
            models.NestedCondition(
                nested=models.Nested(
                    key="offers",
                    filter=must(
                        models.FieldCondition(key="shop", match=models.MatchValue(value="b")),
                        models.FieldCondition(key="price", match=models.MatchValue(value=7)),
                    ),
                )
            )
        ),
        lambda p: p["number"] == 6,
    ),
    "is empty": (
        must(models.IsEmptyCondition(is_empty=models.PayloadField(key="remark"))),
        lambda _: True,
    ),
    "is null": (
        must(models.IsNullCondition(is_null=models.PayloadField(key="remark"))),
        lambda p: "remark" in p,
    ),
    "has id": (must(models.HasIdCondition(has_id=[10, 20, 999])), lambda p: p["number"] in {10, 20}),
    "has vector": (must(models.HasVectorCondition(has_vector="image")), lambda _: True),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_lets_through_what_it_says(filled: Subject, items: list[Item], name: str) -> None:
    """Count, scroll and query agree with Python on who passes."""
    condition, holds = FILTERS[name]
    expected = ids_where(items, holds)

    counted = filled.client.count(filled.collection, count_filter=condition, exact=True).count
    scrolled, _ = filled.client.scroll(filled.collection, scroll_filter=condition, limit=500)
    found = filled.client.query_points(
        filled.collection, query=QUERY, using="image", query_filter=condition, limit=500
    ).points

    assert counted == len(expected)
    assert {record.id for record in scrolled} == expected
    assert {hit.id for hit in found} == expected


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return value


def _texts(value: object) -> list[str]:
    assert isinstance(value, list)
    return value
