"""Filters through the whole chain: what passes each of them, and how those that make no sense are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import bare, patched
from tests.search.shop import culprits

if TYPE_CHECKING:
    from tests.search.shop import Shop


@pytest.fixture
def racks(shop: Shop) -> Shop:
    """Return a shop of four products that differ in everything; the last one has nothing but a title."""
    shop.sell(
        bare(
            "sandal", category="Women > Shoes > Sandals", brand="Alder", price=30.0, stock=4, currency="EUR",
            popularity=5, group_id="summer", codes=["4006381333931", "S-1"], language="en",
            url="https://shop.example/sandal",
            created_at="2026-05-01T12:00:00+02:00", updated_at="2026-06-01T00:00:00Z",
            attributes={"colour": "red", "size": 38, "vegan": True, "tags": ["beach", "a=b"], "heel height": 2.5},
        ),
        bare(
            "boot", category="Women>Shoes>Boots", brand="Birch", price=120.5, stock=0, currency="USD",
            popularity=0.5, group_id="winter", codes=["B-2"], created_at="2025-01-01T00:00:00Z",
            attributes={"colour": "black", "size": 42.5, "vegan": False, "tags": ["snow"], "heel height": 7},
        ),
        bare("tie", category="Men", brand="alder", price=0.0, in_stock=True, attributes={"colour": ["red", "blue"]}),
        bare("bare"),
    )  # fmt: skip
    return shop


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"category": "Women"}, "sandal boot"),
        ({"category": "Women > Shoes"}, "sandal boot"),
        ({"category": " Women>Shoes  >Boots "}, "boot"),
        ({"category": ["Women > Shoes > Sandals", "Men"]}, "sandal tie"),
        ({"category": "Shoes"}, ""),
        ({"category": "women"}, ""),
        ({"brand": "Alder"}, "sandal"),
        ({"brand": ["Alder", "alder"]}, "sandal tie"),
        ({"brand": "Alder", "price": {"lt": 20}}, ""),
        ({"brand": ["Alder", "Birch"], "category": "Women > Shoes > Boots"}, "boot"),
        ({"price": {"gte": 30, "lt": 120.5}}, "sandal"),
        ({"price": {"gt": 30, "lte": 120.5}}, "boot"),
        ({"price": {"gte": 0}}, "sandal boot tie"),
        ({"price": [0, 30.0]}, "sandal tie"),
        ({"price": 120.5}, "boot"),
        ({"price": {"gt": 50, "lt": 10}}, ""),
        ({"stock": {"gte": 1}}, "sandal"),
        ({"stock": 0}, "boot"),
        ({"stock": 3.5}, ""),
        ({"popularity": {"gt": 0.5}}, "sandal"),
        ({"in_stock": True}, "sandal tie"),
        ({"in_stock": False}, "boot"),
        ({"in_stock": [True, False]}, "sandal boot tie"),
        ({"attributes.colour": "red"}, "sandal tie"),
        ({"attributes.colour": ["blue", "black"]}, "boot tie"),
        ({"attributes.size": 38}, "sandal"),
        ({"attributes.size": 38.0}, "sandal"),
        ({"attributes.size": [38, 42.5]}, "sandal boot"),
        ({"attributes.size": {"gte": 40}}, "boot"),
        ({"attributes.heel height": {"gt": 2, "lt": 3}}, "sandal"),
        ({"attributes.vegan": True}, "sandal"),
        ({"attributes.vegan": [True, False]}, "sandal boot"),
        ({"attributes.tags": "a=b"}, "sandal"),
        ({"attributes.tags": ["beach", "snow"]}, "sandal boot"),
        ({"attributes.never seen": "x"}, ""),
        ({"attributes.colour": "a\u0000b"}, ""),
        ({"id": "boot"}, "boot"),
        ({"id": ["boot", "bare", "nobody"]}, "boot bare"),
        ({"group_id": "winter"}, "boot"),
        ({"group_id": ["summer", "bare"]}, "sandal bare"),
        ({"codes": "4006381333931"}, "sandal"),
        ({"codes": ["S-1", "B-2"]}, "sandal boot"),
        ({"currency": "EUR"}, "sandal"),
        ({"language": "en"}, "sandal"),
        ({"url": "https://shop.example/sandal"}, "sandal"),
        ({"created_at": {"gte": "2026-05-01T10:00:00Z"}}, "sandal"),
        ({"created_at": {"gt": "2026-05-01T10:00:00Z"}}, ""),
        ({"created_at": {"lt": "2026-01-01"}}, "boot"),
        ({"created_at": "2026-05-01T11:00:00+01:00"}, "sandal"),
        ({"created_at": {"gte": "0001-01-01T00:00:00Z", "lte": "9999-12-31T23:59:59Z"}}, "sandal boot"),
        ({"updated_at": {"gte": "2026-06-01"}}, "sandal"),
    ],
)  # fmt: skip
def test_a_filter_lets_through(racks: Shop, filters: dict[str, Any], expected: str) -> None:
    """Values of one field are *or*, fields are *and*; what lacks the field never passes."""
    assert racks.selected(**filters) == set(expected.split())


@pytest.mark.parametrize(
    ("excluded", "expected"),
    [
        ({"brand": "Alder"}, "boot tie bare"),
        ({"brand": ["Alder", "Birch"], "in_stock": True}, "bare"),
        ({"price": {"lt": 50}}, "boot bare"),
        ({"category": "Women"}, "tie bare"),
        ({"attributes.colour": "red"}, "boot bare"),
        ({"id": ["tie", "bare"]}, "sandal boot"),
    ],
)
def test_exclude_removes(racks: Shop, excluded: dict[str, Any], expected: str) -> None:
    """Each condition removes what it matches; what lacks the field stays."""
    assert set(racks.found(exclude=excluded)) == set(expected.split())
    assert set(racks.found(text="thing", exclude=excluded)) == set(expected.split())


def test_filter_and_exclude_narrow_a_query_together(racks: Shop) -> None:
    """Both hold for every arm."""
    answer = racks.search(text="thing", filter={"category": "Women"}, exclude={"stock": {"lte": 0}})

    assert [hit["product"]["id"] for hit in answer["hits"]] == ["sandal"]
    assert answer["total"]["value"] == 1


def test_stock_and_in_stock_are_one_question(shop: Shop) -> None:
    """The newer of the two decides; a product that says neither is neither in nor out."""
    shop.sell(bare("a", stock=3), bare("b", in_stock=True), bare("c"))
    shop.hear(patched("a", version=2, in_stock=False), patched("b", version=2, stock=0))

    assert shop.selected(in_stock=False) == {"a", "b"}
    assert shop.selected(in_stock=True) == set()


def test_as_many_values_as_the_limit_are_taken(racks: Shop) -> None:
    """Sixty-four of one field."""
    assert racks.selected(brand=["Alder", *(f"brand-{n}" for n in range(63))]) == {"sandal"}
    assert racks.selected(price=[120.5, *range(1000, 1063)]) == {"boot"}


@pytest.mark.parametrize(
    ("filters", "culprit"),
    [
        ({"title": "x"}, "filter.title"),
        ({"description": "x"}, "filter.description"),
        ({"images": "x"}, "filter.images"),
        ({"colour": "x"}, "filter.colour"),
        ({"attributes": "x"}, "filter.attributes"),
        ({"attributes.": "x"}, "filter.attributes."),
        ({"product.price": 1}, "filter.product.price"),
        ({"derived.visible": "no"}, "filter.derived.visible"),
        ({"": 1}, "filter."),
        ({"attributes.colour": {"gte": 1}}, "filter.attributes.colour"),
        ({"brand": {"gte": 1}}, "filter.brand"),
        ({"category": {"gte": "a"}}, "filter.category"),
        ({"category": "Women > > Shoes"}, "filter.category"),
        ({"category": ""}, "filter.category"),
        ({"category": ["Men", ">"]}, "filter.category"),
        ({"category": ">".join("abcdefghi")}, "filter.category"),
        ({"category": 3}, "filter.category"),
        ({"brand": [1]}, "filter.brand"),
        ({"brand": True}, "filter.brand"),
        ({"price": "cheap"}, "filter.price"),
        ({"price": True}, "filter.price"),
        ({"price": {"gte": "2026-01-01"}}, "filter.price.gte"),
        ({"price": {"lt": True}}, "filter.price.lt"),
        ({"price": {"about": 3}}, "filter.price.about"),
        ({"price": {}}, "filter.price"),
        ({"price": {"gte": None}}, "filter.price"),
        ({"price": 10**30}, "filter.price"),
        ({"stock": {"gt": 2**63}}, "filter.stock.gt"),
        ({"in_stock": "yes"}, "filter.in_stock"),
        ({"in_stock": 1}, "filter.in_stock"),
        ({"created_at": "yesterday"}, "filter.created_at"),
        ({"created_at": 1234567890}, "filter.created_at"),
        ({"created_at": {"gte": "0001-01-01T00:00:00+14:00"}}, "filter.created_at.gte"),
        ({"created_at": {"lt": 5}}, "filter.created_at.lt"),
        ({"brand": None}, "filter.brand"),
        ({"brand": []}, "filter.brand"),
        ({"brand": [["a"]]}, "filter.brand.0"),
        ({"brand": [None]}, "filter.brand.0"),
        ({"brand": [{"gte": 1}]}, "filter.brand.0"),
        ({"brand": [f"brand-{n}" for n in range(65)]}, "filter.brand"),
    ],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_refused_by_name(shop: Shop, filters: dict[str, Any], culprit: str) -> None:
    """The path of the culprit is that which the client wrote, in `filter` and `exclude` alike."""
    assert culprits(shop.refused(filter=filters)) == [culprit]
    assert culprits(shop.refused(exclude=filters)) == [culprit.replace("filter", "exclude", 1)]


def test_an_undeclared_number_says_where_to_declare_it(shop: Shop) -> None:
    """The way out is in the message."""
    assert "VITRINE_CATALOGUE__NUMBERS" in shop.refused(filter={"attributes.weight": {"gte": 1}})["detail"]


def test_too_many_fields_are_refused(shop: Shop) -> None:
    """Sixty-four fields are taken, one more is not."""
    fields = {f"attributes.a{n}": "x" for n in range(64)}

    assert shop.selected(**fields) == set()
    assert culprits(shop.refused(filter=fields | {"brand": "x"})) == ["filter"]


def test_the_answer_to_a_long_name_is_short(shop: Shop) -> None:
    """A client cannot make us repeat a megabyte."""
    for name in ("x" * 100_000, "attributes." + "x" * 100_000):
        answer = shop.refused(filter={name: {"gte": 1}})
        assert all(len(field) <= 200 for field in culprits(answer))
