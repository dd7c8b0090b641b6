"""Rows of other systems as products: columns to fields, and what their values may look like."""

from __future__ import annotations

import pytest

from ingest.coercion import Style, to_moment, to_money, to_number
from ingest.mapping import FieldMapping

PLAIN = FieldMapping()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("19.90", 19.9),
        (" 7 ", 7.0),
        ("1,234.50", 1234.5),
        ("1 234 567", 1234567.0),
        ("-3.", -3.0),
        ("2.5E+3", 2500.0),
        ("19,90", "19,90"),
        ("1,23,4", "1,23,4"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("0x10", "0x10"),
        ("٣", "٣"),
        ("9" * 65, "9" * 65),
        (None, None),
        (3, 3),
    ],
)
def test_numbers_are_read_where_they_are_clear(text: object, number: object) -> None:
    """What is not clear is left for the reader of products to refuse."""
    assert to_number(text, Style()) == number


def test_a_decimal_comma_is_a_choice() -> None:
    """Points set off thousands then."""
    assert to_number("1.234,50", Style(decimal_separator=",")) == 1234.5


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("19.90 EUR", 19.9, "EUR"),
        ("USD 1,234.00", 1234.0, "USD"),
        ("€19.90", 19.9, "EUR"),
        ("19.90", 19.9, None),
        ("12 gbp", 12.0, "GBP"),
        ("EUR", "EUR", None),
        ("EUR 3 USD", "EUR 3 USD", None),
        (12.5, 12.5, None),
    ],
)
def test_money_is_split(text: object, amount: object, currency: str | None) -> None:
    """Before or after, with or without a space."""
    money = to_money(text, Style())

    assert (money.amount, money.currency) == (amount, currency)


@pytest.mark.parametrize(
    "count", [20_574, 1_777_593_600, 1_777_593_600_000, 1_777_593_600_000_000, 1_777_593_600_000_000_000]
)
def test_the_size_of_a_time_tells_its_unit(count: int) -> None:
    """Days, seconds, milli-, micro- and nanoseconds."""
    assert to_moment(count, Style()) == "2026-05-01T00:00:00Z"


@pytest.mark.parametrize("count", [2**63, -(2**62), True, 1.5, "2026-05-01"])
def test_any_other_time_is_left(count: object) -> None:
    """Nothing overflows."""
    assert to_moment(count, Style()) is count or isinstance(to_moment(count, Style()), str)


def test_a_row_of_text_becomes_a_product() -> None:
    """As a CSV file has it; empty cells are absent, unknown columns keep their names to be counted."""
    row = {
        "id": "a",
        "title": "Dress",
        "description": " ",
        "price": "19.90 EUR",
        "stock": "3.0",
        "in_stock": "out of stock",
        "images": "https://h/w_2,h_3/a.jpg, https://h/b.jpg",
        "codes": "X, Y",
        "attributes": '{"colour": "red"}',
        "attributes.size": "38",
        "margin": "0.4",
    }

    assert PLAIN.product(row) == {
        "id": "a",
        "title": "Dress",
        "price": 19.9,
        "currency": "EUR",
        "stock": 3,
        "in_stock": False,
        "images": ["https://h/w_2,h_3/a.jpg", "https://h/b.jpg"],
        "codes": ["X", "Y"],
        "attributes": {"colour": "red", "size": "38"},
        "margin": "0.4",
    }


def test_columns_are_renamed_joined_and_styled() -> None:
    """Several columns may add to a list; of others the first that has a value counts."""
    mapping = FieldMapping(
        columns={"sku": "id", "ean": "codes", "mpn": "codes", "name": "title", "alt": "title", "farbe": "attributes.c"},
        attributes_prefix="attr_",
        style=Style("|", "/", ",", frozenset({"sizes"}), frozenset({"weight"})),
        currency="CHF",
    )
    row = {
        "sku": "a",
        "ean": "1",
        "mpn": "2|1",
        "name": "",
        "alt": "Dress",
        "title": "other",
        "farbe": "rot",
        "attr_sizes": "38|39",
        "attr_weight": "1,5",
        "attr_note": "1,5",
        "category": "A/B / C",
        "price": "3,50",
    }

    assert mapping.product(row) == {
        "id": "a",
        "codes": ["1", "2"],
        "title": "Dress",
        "category": "A > B > C",
        "price": 3.5,
        "currency": "CHF",
        "attributes": {"c": "rot", "sizes": ["38", "39"], "weight": 1.5, "note": "1,5"},
    }


def test_a_currency_column_beats_the_default() -> None:
    """And a price in text beats the default, too; without a price there is none."""
    mapping = FieldMapping(currency="CHF")

    assert mapping.product({"price": "3 EUR"})["currency"] == "EUR"
    assert mapping.product({"price": "3", "currency": "USD"})["currency"] == "USD"
    assert "currency" not in mapping.product({"title": "T"})


@pytest.mark.parametrize("word", ["in_stock", "In Stock", "yes", "1", 1, True, "https://schema.org/InStock"])
def test_words_for_being_there(word: object) -> None:
    """Feeds have many."""
    assert PLAIN.product({"in_stock": word}) == {"in_stock": True}


@pytest.mark.parametrize("word", ["preorder", "backorder", "out-of-stock", "no", 0, "http://schema.org/OutOfStock"])
def test_words_for_not_being_there(word: object) -> None:
    """What can only be ordered is not in stock."""
    assert PLAIN.product({"in_stock": word}) == {"in_stock": False}


def test_what_nobody_understands_is_left_as_it_came() -> None:
    """To be refused by its name."""
    row = {"in_stock": "maybe", "stock": "a few", "images": "[oops", "attributes": "{oops", "codes": 1.5, "id": True}

    assert PLAIN.product(row) == row
