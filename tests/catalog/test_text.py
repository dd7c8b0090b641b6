"""The text that encoders read of a product."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.product import FIELDS, attribute_register
from catalog.text import DENSE_CHARS, LEXICAL_CHARS, dense_text, has_words, lexical_text
from tests.builders import product

TEXTS = st.text(max_size=30)
PRODUCTS = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXTS,
        "brand": TEXTS,
        "category": TEXTS,
        "description": TEXTS,
        "codes": st.lists(TEXTS, max_size=3),
        "price": st.floats(0, 10),
        "attributes": st.dictionaries(TEXTS, TEXTS | st.booleans() | st.integers() | st.lists(TEXTS, max_size=2)),
    },
)


def test_dense_text_is_title_brand_kind_and_attributes() -> None:
    """A sentence encoder reads what the product is, each thing once."""
    assert dense_text(product(description="Soft.")) == "Red canvas shoe. Alder. Sneakers. red 38 39. Soft."


def test_dense_text_does_not_repeat_the_title() -> None:
    """What the title says already would only weigh twice."""
    assert dense_text({"title": "Alder Sneakers", "brand": "ALDER", "category": "Women > Sneakers"}) == "Alder Sneakers"


def test_lexical_text_has_every_word_a_shopper_may_type() -> None:
    """The whole path, the codes and the whole description are there to be matched; numbers and flags are not words."""
    text = lexical_text(product(codes=["A-1", "401"], description="Soft sole", attributes={"new": True, "kg": 1}))

    assert text.split("\n") == ["Red canvas shoe", "Alder", "Women > Shoes > Sneakers", "A-1", "401", "Soft sole"]


@pytest.mark.parametrize("fields", [{}, {"price": 5.0}, {"attributes": {"new": True, "weight": 250}}])
def test_nothing_to_read_is_empty(fields: dict[str, object]) -> None:
    """A product without words has no text, and so no vector of it."""
    assert dense_text(fields) == ""
    assert lexical_text(fields) == ""


def test_text_without_end_is_cut() -> None:
    """A megabyte of title costs no more than a long one."""
    endless = product(title="shoe " * 200_000, description="boot " * 200_000)

    assert len(dense_text(endless)) == DENSE_CHARS
    assert len(lexical_text(endless)) == LEXICAL_CHARS


@given(PRODUCTS)
def test_every_product_has_a_text(fields: dict[str, object]) -> None:
    """Whatever the fields hold, both texts come out; and a price is in neither."""
    priced = {**fields, "price": 5.5}
    free = {name: value for name, value in fields.items() if name != "price"}

    assert dense_text(priced) == dense_text(free)
    assert lexical_text(priced) == lexical_text(free)


@given(PRODUCTS)
def test_the_order_of_fields_does_not_matter(fields: dict[str, object]) -> None:
    """The same product has the same text, so that it is not encoded again because a map was written otherwise."""
    turned = dict(reversed(fields.items()))

    assert dense_text(turned) == dense_text(fields)
    assert lexical_text(turned) == lexical_text(fields)


@given(PRODUCTS, PRODUCTS)
def test_what_has_no_words_changes_no_text(one: dict[str, object], other: dict[str, object]) -> None:
    """Products that agree in the registers with words have the same texts, whatever else they are."""
    alike = {name: value for name, value in one.items() if name == "attributes" or has_words(name)}
    rest = {name: value for name, value in other.items() if name != "attributes" and not has_words(name)}

    assert dense_text(alike | rest) == dense_text(one)
    assert lexical_text(alike | rest) == lexical_text(one)


def test_the_registers_with_words() -> None:
    """Attributes among them; the price, the stock and the pictures are not."""
    worded = {name for name in FIELDS if has_words(name)}

    assert worded == {"title", "brand", "category", "description", "codes"}
    assert has_words(attribute_register("colour"))
