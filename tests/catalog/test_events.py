"""Events: every kind of bad input ends as a refusal that names the field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalog.errors import InvalidEvent
from catalog.events import Deleted, ParsedEvent, Patched, Position, Upserted, parse_event
from tests.builders import NOW, as_bytes, bare, deleted, patched, product, upserted

LONGEST_MESSAGE = 3_000


def parse(value: bytes) -> ParsedEvent:
    """Read an event that came at NOW."""
    return parse_event(value, received_at=NOW)


def refusal(value: bytes) -> InvalidEvent:
    """Return why an event is refused."""
    with pytest.raises(InvalidEvent) as caught:
        parse(value)
    assert len(str(caught.value)) <= LONGEST_MESSAGE
    return caught.value


def with_number(text: str, field: str = "price") -> bytes:
    """Return an upsert in which the field is the number `text`, in whatever notation."""
    return as_bytes(upserted(product(**{field: "@"}))).replace(b'"@"', text.encode())


def test_an_upsert_is_read() -> None:
    """An upsert has its registers without id and nulls."""
    event = parse(as_bytes(upserted(bare(price=5, brand=None, attributes={"colour": "red", "size": None})))).event

    assert event == Upserted(
        product_id="sku-1",
        version=1,
        occurred_at=NOW,
        registers={"title": "Thing", "price": 5.0, "attributes.colour": "red"},
    )


def test_a_patch_is_read() -> None:
    """A patch keeps its nulls: they remove."""
    event = parse(as_bytes(patched(version=-7, price=None, stock=0, attributes={"size": None}))).event

    assert event == Patched(
        product_id="sku-1", version=-7, occurred_at=NOW, registers={"price": None, "stock": 0, "attributes.size": None}
    )


def test_a_delete_is_read_with_its_place_and_time() -> None:
    """The position comes along, and the event's own time goes before the record's."""
    position = Position(partition=2, offset=9, time_ms=5)
    raw = as_bytes({**deleted(version=2**63 - 1), "occurred_at": "2026-01-01T00:00:00+01:00"})

    event = parse_event(raw, received_at=NOW, position=position).event

    assert isinstance(event, Deleted)
    assert (event.version, event.position) == (2**63 - 1, position)
    assert event.occurred_at.isoformat() == "2025-12-31T23:00:00+00:00"


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"{",
        b'{"type": "product.deleted"',
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"\xef\xbb\xbf{}",
        as_bytes(upserted()) + b"{}",
        as_bytes(upserted()).decode().encode("utf-16"),
        b'{"type": "\xff"}',
        b'{"type": "\xed\xa0\x80"}',
        b'{"type": "\\ud800"}',
        b'{"type": "\\udc00\\ud800"}',
        b"{'type': 1}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        with_number("NaN"),
        with_number("Infinity"),
        with_number("-Infinity"),
        with_number("01"),
        with_number("1" + "0" * 5_000),
        b'{"type": 1' + b"0" * 5_000 + b"}",
    ],
)
def test_what_is_no_json_object_is_malformed(value: bytes) -> None:
    """Broken JSON, broken UTF-8, half surrogates, endless nesting and numbers that are none are all malformed."""
    assert refusal(value).reason == "malformed_json"


@pytest.mark.parametrize("kind", [None, "", "product.created", "Product.Deleted", 1, True, [], {}, "x" * 10_000])
def test_an_unknown_type_is_named(kind: object) -> None:
    """An event of a kind nobody knows is refused, with those that are known."""
    error = refusal(as_bytes({**deleted(), "type": kind}))

    assert (error.reason, error.field) == ("unknown_type", "type")
    assert "product.upserted, product.patched, product.deleted" in error.message


@pytest.mark.parametrize("event", [upserted(), patched(price=1), deleted()])
def test_a_missing_version_is_told_apart(event: dict[str, Any]) -> None:
    """Without a version nothing can be ordered, whether it is absent or null."""
    without = {name: value for name, value in event.items() if name != "version"}

    assert refusal(as_bytes(without)).reason == "missing_version"
    assert refusal(as_bytes({**event, "version": None})).reason == "missing_version"


@pytest.mark.parametrize("version", [True, False, 1.0, 1.5, "1", 2**63, -(2**63) - 1, 10**300, [], {}])
def test_a_version_is_a_64_bit_integer(version: object) -> None:
    """Nothing else orders: neither true nor 1.0 nor a number the engine cannot hold."""
    error = refusal(as_bytes({**deleted(), "version": version}))

    assert (error.reason, error.field) == ("invalid_field", "version")


@pytest.mark.parametrize("product_id", [None, "", "x" * 129, 7, True, ["a"], {}])
def test_an_id_is_1_to_128_characters(product_id: object) -> None:
    """An id is text of a sane length, in each kind of event."""
    assert refusal(as_bytes({**deleted(), "product_id": product_id})).field == "product_id"
    assert refusal(as_bytes({**patched(), "product_id": product_id})).field == "product_id"
    assert refusal(as_bytes({**upserted(), "product": {"id": product_id, "title": "Thing"}})).field == "product.id"


@pytest.mark.parametrize("product_id", ["x" * 128, "鞋" * 128, "\N{MANS SHOE}" * 128, " ", "\0", "a/b?c#d", "=="])
def test_any_other_text_is_an_id(product_id: str) -> None:
    """Ids are the shop's own affair."""
    assert parse(as_bytes(upserted(bare(product_id)))).event.product_id == product_id


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"price": -1}, "product.price"),
        ({"price": "9.90"}, "product.price"),
        ({"price": True}, "product.price"),
        ({"category": "Women > > Shoes"}, "product.category"),
        ({"category": "a>b>c>d>e>f>g>h>i"}, "product.category"),
        ({"category": ["Women"]}, "product.category"),
        ({"images": ["ftp://shop.test/a.jpg"]}, "product.images.0"),
        ({"images": ["a.jpg"] * 9}, "product.images"),
        ({"images": "a.jpg"}, "product.images"),
        ({"attributes": []}, "product.attributes"),
        ({"attributes": {"a": {"b": 1}}}, "product.attributes.a"),
        ({"stock": 1.5}, "product.stock"),
        ({"created_at": "x" * 1_000_000}, "product.created_at"),
        ({"title": 5}, "product.title"),
        ({"title": " "}, "product"),
        ({"title": None, "images": []}, "product"),
    ],
)
def test_one_wrong_field_refuses_the_whole_event(fields: dict[str, object], field: str) -> None:
    """The refusal names the field as the sender wrote it, and stays short however long the field is."""
    error = refusal(as_bytes(upserted({**product(), **fields})))

    assert (error.reason, error.field) == ("invalid_field", field)
    assert "Value error" not in str(error)


@pytest.mark.parametrize("text", ["1e999", "-1e999", "1" + "0" * 400])
@pytest.mark.parametrize("field", ["price", "popularity"])
def test_a_number_without_end_is_refused(text: str, field: str) -> None:
    """What no float can hold is no price."""
    assert refusal(with_number(text, field)).field == f"product.{field}"


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({**upserted(), "product": None}, "product"),
        ({**upserted(), "product": [1]}, "product"),
        ({"type": "product.upserted", "version": 1}, "product"),
        ({**patched(), "changes": None}, "changes"),
        ({**patched(), "changes": "price"}, "changes"),
        ({**deleted(), "occurred_at": "soon"}, "occurred_at"),
        ({**deleted(), "occurred_at": 1777629600}, "occurred_at"),
    ],
)
def test_the_envelope_is_checked(event: dict[str, object], field: str) -> None:
    """A missing or wrong part of the envelope is named, in words that know nothing of our classes."""
    error = refusal(as_bytes(event))

    assert (error.reason, error.field) == ("invalid_field", field)
    assert "_" not in error.message


def test_a_thousand_wrong_fields_make_a_short_refusal() -> None:
    """The first few culprits are enough, and a name of half a megabyte is cut."""
    attributes: dict[str, object] = {"n" * 500_000: 1, **{f"a{number}": {} for number in range(1_000)}}

    assert refusal(as_bytes(patched(attributes=attributes))).reason == "invalid_field"


def test_of_a_key_given_twice_the_last_counts() -> None:
    """JSON leaves it open; one reading is enough."""
    raw = b'{"type":"product.deleted","version":1,"version":2,"product_id":"a","product_id":"b"}'

    event = parse(raw).event

    assert isinstance(event, Deleted)
    assert (event.product_id, event.version) == ("b", 2)


def test_unknown_fields_are_named_and_left_behind() -> None:
    """A misspelt field is counted under its name and kept nowhere."""
    deep: object = json.loads("[" * 150 + "]" * 150)

    upsert = parse(as_bytes(upserted(bare(colour="red", pricee=float("1e300"), extra=deep))))
    patch = parse(as_bytes(patched(id="sku-2", titel="x", price=1)))

    assert upsert.unknown_fields == ("colour", "pricee", "extra")
    assert patch.unknown_fields == ("id", "titel")
    assert isinstance(upsert.event, Upserted)
    assert upsert.event.registers == {"title": "Thing"}


def test_a_patch_may_say_nothing() -> None:
    """A patch without changes is an event like any other."""
    event = parse(as_bytes(patched())).event

    assert isinstance(event, Patched)
    assert event.registers == {}
