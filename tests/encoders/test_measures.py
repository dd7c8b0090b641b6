"""Numbers and measures of the lexical arm: one word for a measure, however it is written, and one for a bare number."""

# ruff: noqa: RUF001 - full-width digits and the multiplication sign are what is tested
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.measures import asked, indexed, numbers_of_measures
from encoders.sparse import NUMBER_WEIGHT, Bm25Encoder, TokenCounter

BM25 = Bm25Encoder()


def words(text: str) -> list[str]:
    """Return what documents hold of a text, word by word."""
    return indexed(text).split()


@pytest.mark.parametrize(
    ("ways", "word"),
    [
        (("128gb", "128 GB", "128GB", "128-GB", "0.128 TB", "128,000 MB", "128\N{NO-BREAK SPACE}GB"), "128gb"),
        (("5 cm", "0.05m", "0,05 m", "50mm", "5厘米", "５厘米", "50毫米"), "50mm"),
        (("1.5 l", "1,5L", "1500 ml", "150cl", "1.5升"), "1500ml"),
        (("55 inch", '55"', "55-inch", "55″", "139.7 cm", "55英寸"), "1397mm"),
        (("1 kg", "1000 g", "1公斤", "2斤"), "1000g"),
        (("2.4 GHz", "2400MHz"), "2400000000hz"),
        (("5000mAh", "5 Ah"), "5000mah"),
        (("0.5 mm", "0.05 cm"), "0p5mm"),
    ],
)
def test_a_measure_is_one_word_however_it_is_written(ways: tuple[str, ...], word: str) -> None:
    """With a blank or none, a comma or a point, in another unit of its kind, in Chinese."""
    for way in ways:
        assert asked(way).split() == [word], way
        assert words(f"about {way}.")[-2] == word, way


def test_each_side_of_a_size_is_a_measure() -> None:
    """The unit behind the last number is that of all of them."""
    assert words("box 30 x 40×5 cm") == ["box", "n30", "n40", "n5", "300mm", "400mm", "50mm"]


def test_a_bare_number_is_a_word() -> None:
    """BM25's tokenizer would drop it."""
    assert words("iPhone 15, size 42, EAN 4006381333931") == [
        "iPhone", "n15", ",", "size", "n42", ",", "EAN", "n4006381333931",
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["WH-1000XM4", "a1", "3.5.1", "5x", "abc_12", "v2", "12ab", "x" * 50, "1" * 40])
def test_codes_stay_as_they_are(code: str) -> None:
    """What is neither a number nor a measure is not touched."""
    assert indexed(code) == asked(code) == code


def test_a_document_is_found_by_its_measure_and_by_its_number() -> None:
    """A query asks for the measure, and less for its number; another measure with that number is not it."""
    phone, table = BM25.encode_document("Phone 15 128 GB"), BM25.encode_document("Table 128 cm")
    asked_for = BM25.encode_query("128gb")
    number = set(BM25.encode_query("128").indices)

    assert set(asked_for.indices) < set(phone.indices)
    assert set(asked_for.indices) & set(table.indices) == number
    assert sorted(asked_for.values) == [NUMBER_WEIGHT, 1.0]
    assert number <= set(phone.indices)
    assert set(BM25.encode_query("15").indices) <= set(phone.indices)


def test_either_writing_is_worth_the_same() -> None:
    """In documents and in queries."""
    assert BM25.encode_document("Phone 128 GB").values == BM25.encode_document("Phone 128GB").values
    assert BM25.encode_query("128 gb") == BM25.encode_query("128gb")


def test_the_counter_counts_what_is_stored() -> None:
    """A measure counts as its word and its number."""
    assert TokenCounter().count("Phone 15 128GB") == 4


def test_the_spec_names_how_numbers_are_read() -> None:
    """A collection made without it is another one."""
    assert "numbers" in BM25.spec.tokenizer


@given(st.text(alphabet=st.sampled_from('0123456789.,x×* -"kKmMgGſ\u212a升米厘GBinch\n１２'), max_size=40) | st.text())
def test_any_text_can_be_read(text: str) -> None:
    """Nothing raises, and what holds no digit stays as it is, full width aside."""
    for read in (indexed, asked, numbers_of_measures):
        read(text)
    if text.isascii() and not any(letter.isdigit() for letter in text):
        assert indexed(text) == asked(text) == text
        assert not numbers_of_measures(text)


@given(st.integers(0, 10**6), st.sampled_from(["gb", "cm", "kg", "ml", "w"]), st.sampled_from(["", " ", "-"]))
def test_what_is_asked_for_is_in_the_document(number: int, unit: str, between: str) -> None:
    """Whatever the measure, a document that holds it holds each word that a query asks for."""
    document = set(BM25.encode_document(f"A thing of {number}{unit}, new").indices)

    assert set(BM25.encode_query(f"{number}{between}{unit.upper()}").indices) <= document
