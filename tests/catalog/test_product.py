"""The fields of a product: what each may hold, and how it is read."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog.product import CATEGORY_SEPARATOR, FIELDS, ProductFields, iso, parse_category

PARTS = st.text(min_size=1).filter(lambda part: ">" not in part and part.strip())


def registers(**fields: object) -> dict[str, Any]:
    """Return what `fields` say, by register."""
    return ProductFields.model_validate(fields).registers()


def refusal(**fields: object) -> str:
    """Return the path of the first field that is refused."""
    with pytest.raises(ValidationError) as caught:
        ProductFields.model_validate(fields)
    return ".".join(str(part) for part in caught.value.errors()[0]["loc"])


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("Shoes", ("Shoes",)),
        ("Women > Shoes > Sandals", ("Women", "Shoes", "Sandals")),
        ("  Women>Shoes ", ("Women", "Shoes")),
        ("女装 > 鞋", ("女装", "鞋")),
        ("a>b>c>d>e>f>g>h", tuple("abcdefgh")),
    ],
)
def test_a_category_is_split_and_trimmed(path: str, parts: tuple[str, ...]) -> None:
    """A category is split at `>` and trimmed, and its case stays."""
    assert parse_category(path) == parts


@pytest.mark.parametrize("path", ["", " ", ">", "a >", "> a", "a > > b", "a>b>c>d>e>f>g>h>i"])
def test_what_is_no_path_is_refused(path: str) -> None:
    """An empty part, no part and a ninth part make no category."""
    with pytest.raises(ValueError, match="1 to 8 non-empty parts"):
        parse_category(path)
    assert refusal(category=path) == "category"


@given(st.lists(PARTS, min_size=1, max_size=8))
def test_a_category_reads_its_own_writing(parts: list[str]) -> None:
    """What `registers` makes of a path is read as the same path again."""
    written = registers(category=" > ".join(parts))["category"]

    assert parse_category(written) == tuple(part.strip() for part in parts)
    assert registers(category=written)["category"] == written == CATEGORY_SEPARATOR.join(parse_category(written))


@pytest.mark.parametrize(
    "reference",
    [
        "http://shop.test/a.jpg",
        "HTTPS://shop.test/a.jpg",
        "data:image/png;base64,AAAA",
        "pictures/a.jpg",
        "a b/ü:1.jpg",
        "./a:b",
    ],
)
def test_an_image_is_a_url_or_a_path(reference: str) -> None:
    """URLs of three schemes and paths are taken as they are."""
    assert registers(images=[reference])["images"] == [reference]


@pytest.mark.parametrize("reference", ["", "  ", "ftp://shop.test/a.jpg", "file:///etc/passwd", "javascript:alert(1)"])
def test_another_scheme_is_refused(reference: str) -> None:
    """Nothing else is an image, and the refusal names the one that is not."""
    assert refusal(images=["a.jpg", reference]) == "images.1"


def test_eight_images_are_taken_and_nine_are_not() -> None:
    """There are up to eight images."""
    assert len(registers(images=["a.jpg"] * 8)["images"]) == 8
    assert refusal(images=["a.jpg"] * 9) == "images"


@pytest.mark.parametrize("field", ["price", "popularity"])
@pytest.mark.parametrize(
    "value", [-0.01, float("nan"), float("inf"), float("-inf"), True, "9.9", [9.9], {}, 10**400, -(10**400)]
)
def test_a_number_is_finite_and_not_negative(field: str, value: object) -> None:
    """Prices and popularity are numbers from 0 on."""
    assert refusal(**{field: value}) == field


@pytest.mark.parametrize("field", ["price", "popularity"])
def test_minus_zero_is_zero(field: str) -> None:
    """A negative zero would sort behind everything, so none is kept."""
    assert str(registers(**{field: -0.0})[field]) == "0.0"
    assert str(registers(attributes={field: -0.0})[f"attributes.{field}"]) == "0.0"


def test_a_number_has_15_digits() -> None:
    """So many the engines give back exactly; more would come back as another number now and then."""
    assert registers(price=0.1 + 0.2) == {"price": 0.3}
    assert registers(attributes={"x": 19.899999999999999}) == {"attributes.x": 19.9}
    assert registers(price=sys.float_info.max) == {"price": sys.float_info.max}
    assert registers(price=12345678901.2345) == {"price": 12345678901.2345}


@pytest.mark.parametrize("value", [1.0, 0.5, "3", True, 2**63, -(2**63) - 1, []])
def test_stock_is_a_whole_number_of_64_bits(value: object) -> None:
    """Stock is an integer that the engine can hold."""
    assert refusal(stock=value) == "stock"


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 0, -5])
def test_any_64_bit_stock_is_taken(value: int) -> None:
    """Stock may be below zero: so many are owed."""
    assert registers(stock=value) == {"stock": value}


@pytest.mark.parametrize("value", [1, 0, "true", "yes", []])
def test_in_stock_is_true_or_false(value: object) -> None:
    """A flag is not guessed from something else."""
    assert refusal(in_stock=value) == "in_stock"


@pytest.mark.parametrize("field", ["title", "description", "brand", "currency", "group_id", "url", "language"])
@pytest.mark.parametrize("blank", ["", "  ", "\n\t", None])
def test_blank_text_is_not_given(field: str, blank: str | None) -> None:
    """Blank text removes the field as null does."""
    assert registers(**{field: blank}) == {field: None}


@pytest.mark.parametrize("field", ["title", "description", "brand", "currency", "group_id", "url", "language"])
@pytest.mark.parametrize("value", [1, True, ["a"], {}])
def test_text_is_text(field: str, value: object) -> None:
    """A number is not taken for text."""
    assert refusal(**{field: value}) == field


@pytest.mark.parametrize(
    ("given_time", "kept"),
    [
        ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00Z"),
        ("2026-05-01T12:00:00+02:00", "2026-05-01T10:00:00Z"),
        ("2026-05-01T10:00:00", "2026-05-01T10:00:00Z"),
        ("2026-05-01", "2026-05-01T00:00:00Z"),
        ("2026-05-01T10:00:00.250Z", "2026-05-01T10:00:00.250000Z"),
    ],
)
def test_a_time_is_kept_in_utc(given_time: str, kept: str) -> None:
    """Times end up as one text in UTC, and a time without a zone is in UTC."""
    assert registers(created_at=given_time) == {"created_at": kept}


@pytest.mark.parametrize(
    "value", ["yesterday", "", 1777629600, "2026-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", True]
)
def test_what_is_no_time_is_refused(value: object) -> None:
    """A time is ISO 8601 text that exists in UTC."""
    assert refusal(created_at=value) == "created_at"


def test_attributes_become_registers_of_their_own() -> None:
    """Each attribute is a register; a blank, an empty list and null remove it."""
    found = registers(attributes={"colour": "red", "size": ["38"], "washable": True, "weight": 250, "a": " ", "b": []})

    assert found == {
        "attributes.colour": "red",
        "attributes.size": ["38"],
        "attributes.washable": True,
        "attributes.weight": 250,
        "attributes.a": None,
        "attributes.b": None,
    }


def test_no_attributes_at_all_are_one_register() -> None:
    """Null instead of a map is kept as one register, for it removes them all."""
    assert registers(attributes=None) == {"attributes": None}
    assert registers(attributes={}) == {}


@pytest.mark.parametrize("value", [{}, [1], ["a", None], [["a"]], float("nan"), float("inf"), 10**400])
def test_an_attribute_is_flat(value: object) -> None:
    """Maps, nested lists, lists of other than text and numbers without end are refused, in words one can act on."""
    with pytest.raises(ValidationError, match="an attribute is text, a finite number, true, false or a list of text"):
        ProductFields.model_validate({"attributes": {"x": value}})


@pytest.mark.parametrize("name", ["", "x" * 129])
def test_an_attribute_has_a_name_of_a_sane_length(name: str) -> None:
    """The name has 1 to 128 characters."""
    assert refusal(attributes={name: "red"}).startswith("attributes")


@pytest.mark.parametrize("value", ["A-1", [1], [""], [" "], [None], {}])
def test_codes_are_a_list_of_text(value: object) -> None:
    """Codes are never blank, never one text instead of a list."""
    assert refusal(codes=value).startswith("codes")


def test_an_empty_list_is_not_given() -> None:
    """Neither images nor codes can be there and be empty."""
    assert registers(codes=[], images=[]) == {"codes": None, "images": None}


def test_only_what_was_named_is_a_register() -> None:
    """A field that is absent is not a field that is null."""
    assert registers() == {}
    assert registers(price=None) == {"price": None}
    assert set(registers(**dict.fromkeys(FIELDS))) == set(FIELDS)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-5))])))
def test_equal_times_are_equal_texts(moment: datetime) -> None:
    """The text of a time does not depend on the zone it came in, and reads back as the same moment."""
    try:
        text = iso(moment)
    except OverflowError:
        return
    assert datetime.fromisoformat(text) == moment
    assert text.endswith("Z")
    assert iso(datetime.fromisoformat(text)) == text
