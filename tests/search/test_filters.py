"""Filters as conditions: pure, and whatever may be said in two ways means the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from catalog.errors import InvalidInput
from catalog.keywords import attribute_keyword
from catalog.points import ATTRIBUTE
from search.access import EVERYTHING
from search.filter_values import FilterValue
from search.filters import AnyOf, Condition, During, Either, Filter, Products, Within, build_filter

NUMBERS = ("size",)
VALUES: TypeAdapter[FilterValue] = TypeAdapter(FilterValue)


def condition(name: str, value: object) -> Condition:
    """Return the one condition that a filter of one field becomes."""
    (built,) = build_filter({name: VALUES.validate_python(value)}, {}, NUMBERS).must
    return built


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("brand", "A", AnyOf("product.brand", ("A",))),
        ("brand", ["A", "B"], AnyOf("product.brand", ("A", "B"))),
        ("category", "Women>Shoes", AnyOf("derived.category", ("Women > Shoes",))),
        ("in_stock", True, AnyOf("availability", ("yes",))),
        ("in_stock", [False, True], AnyOf("availability", ("no", "yes"))),
        ("group_id", "g", AnyOf("derived.group", ("g",))),
        ("id", ["a", "b"], Products(("a", "b"))),
        ("attributes.colour", "red", AnyOf("derived.attributes", ("colour=red",))),
        ("attributes.a=b", "c", AnyOf("derived.attributes", ("a\\=b=c",))),
        ("attributes.vegan", True, AnyOf("derived.attributes", ("vegan=true",))),
        ("attributes.size", 38.0, AnyOf("derived.attributes", ("size=38",))),
        ("attributes.size", {"gte": 38}, Within("product.attributes.size", gte=38.0)),
        ("price", {"gte": 10, "lt": 50.5}, Within("price", gte=10.0, lt=50.5)),
        ("price", 10, Either((Within("price", gte=10.0, lte=10.0),))),
        ("stock", {"gt": 0, "lte": None}, Within("stock", gt=0.0)),
        ("created_at", {"lt": "2026-05-01"}, During("product.created_at", lt="2026-05-01T00:00:00Z")),
    ],
)  # fmt: skip
def test_a_field_becomes_a_condition(name: str, value: object, expected: Condition) -> None:
    """One for each field, on the key that the index keeps for it."""
    assert condition(name, value) == expected


@given(st.lists(st.text(max_size=10), min_size=1, max_size=9))
def test_one_value_is_a_list_of_one(values: list[str]) -> None:
    """And the values of one field stay one condition."""
    assert condition("brand", values) == AnyOf("product.brand", tuple(values))
    assert condition("brand", values[0]) == condition("brand", [values[0]])


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-14 * 60, 14 * 60))
def test_a_moment_is_the_same_in_every_zone(moment: datetime, minutes: int) -> None:
    """Times are compared in UTC, in whatever zone they are written."""
    elsewhere = timezone(timedelta(minutes=minutes))
    try:
        local = moment.astimezone(elsewhere)
    except OverflowError:
        return  # there is no such time on that calendar

    assert condition("created_at", {"gte": local.isoformat()}) == condition("created_at", {"gte": moment.isoformat()})


@given(st.floats(-(2**63), 2**62))
def test_a_number_is_found_by_itself(number: float) -> None:
    """The same number as a value lies between itself and itself."""
    assert condition("price", number) == Either((Within("price", gte=number, lte=number),))


@given(st.text(min_size=1, max_size=8), st.text(max_size=8), st.text(min_size=1, max_size=8), st.text(max_size=8))
def test_two_attributes_are_never_taken_for_one(name: str, value: str, other: str, another: str) -> None:
    """Whatever equals signs and backslashes are in a name or a value."""
    same = attribute_keyword(name, value) == attribute_keyword(other, another)

    assert same == ((name, value) == (other, another))


def test_what_is_unknown_says_what_is_known() -> None:
    """The message lists the fields."""
    with pytest.raises(InvalidInput, match=r"known are id, category, .*attributes\.NAME") as refused:
        build_filter({}, {"colour": "red"}, NUMBERS)

    assert refused.value.field == "exclude.colour"


def test_a_request_can_only_narrow_a_scope() -> None:
    """Both sides hold at once, and what the scope asks for is still asked for."""
    wanted = build_filter({"brand": "A"}, {"id": "a"}, NUMBERS)

    joined = EVERYTHING.filter & wanted

    assert joined == Filter(must=(*EVERYTHING.filter.must, *wanted.must), must_not=wanted.must_not)
    assert EVERYTHING.filter.must == (AnyOf("derived.visible", ("yes",)),)


def test_an_attribute_path_names_one_attribute() -> None:
    """The keyword index of all attributes is one key, so that none need be declared."""
    found = condition("attributes.anything at all", ["x", 1, True])

    assert found == AnyOf(ATTRIBUTE, ("anything at all=x", "anything at all=1", "anything at all=true"))
