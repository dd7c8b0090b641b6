"""Products to points and back: nothing is lost, and what nobody may find has nothing to be found by."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.keywords import attribute_keyword, browse_key
from catalog.layout import payload_indexes
from catalog.points import (
    Derived,
    PictureStatus,
    Stored,
    decode,
    encode,
    encode_changes,
    point_id,
    product_of,
)
from catalog.product import FIELDS, iso
from tests.builders import SKU, as_event, bare, deleted, patched, product, upserted
from tests.layouts import in_layout_1, in_layout_2, in_layout_3
from tests.states import fold, logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.events import Event

SEARCH_KEYS = {"visible", "group", "category", "attributes", "browse", "availability", "occurred_at"}
STATUSES = st.builds(
    PictureStatus,
    status=st.sampled_from(["ok", "failed", "refused", "gone"]),
    digest=st.none() | st.text(max_size=4),
    error=st.none() | st.text(max_size=4),
    due_at=st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda moment: iso(moment.replace(microsecond=0))),
    attempts=st.none() | st.integers(1, 2**31),
    url=st.none() | st.text(max_size=4),
    etag=st.none() | st.text(max_size=4),
    last_modified=st.none() | st.text(max_size=4),
)
DERIVED = st.builds(
    Derived,
    digests=st.dictionaries(st.sampled_from(["text", "image", "lexical"]), st.text(max_size=4)),
    pictures=st.lists(STATUSES, max_size=3).map(tuple),
    indexed_at=st.none() | st.just("2026-05-01T10:00:00Z"),
)
WHOLE: dict[str, Any] = {
    "title": "Boot", "description": "Warm", "brand": "Alder", "category": "Women > Shoes", "price": 5.0,
    "currency": "EUR",
    "stock": 2, "in_stock": True, "images": ["a.jpg"], "attributes": {"colour": "red"}, "codes": ["C-1"],
    "group_id": "boots", "url": "https://shop.example/boot", "language": "en", "popularity": 3.0,
    "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-02-01T00:00:00Z",
}  # fmt: skip
OTHER: dict[str, Any] = {
    "title": "Shoe", "description": "Cool", "brand": "Birch", "category": "Men", "price": 6.0, "currency": "USD",
    "stock": 0, "in_stock": False, "images": ["b.jpg"], "attributes": {"colour": "blue"}, "codes": ["C-2"],
    "group_id": "shoes", "url": "https://shop.example/shoe", "language": "de", "popularity": 4.0,
    "created_at": "2026-01-02T00:00:00Z", "updated_at": "2026-02-02T00:00:00Z",
}  # fmt: skip
"""Two values of every field."""
LATER = "2026-05-01T11:00:00Z"
REVISIONS = st.none() | st.integers(0, 2**62)
NAMES = st.text(alphabet=st.sampled_from("a=\\. "), min_size=1, max_size=4)
POPULARITY = st.floats(min_value=0, max_value=2.0**127, width=32)
SECONDS = st.integers(0, 2**32 - 1)


def payload_of(*events: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of the product that the events make."""
    return encode(Stored(SKU, fold([as_event(event) for event in events])))


def set_over(before: Stored, after: Stored) -> dict[str, Any]:
    """Return what the changes make of a payload: an engine takes null for an order to take away."""
    payload = encode(before) | encode_changes(before, after)
    return {key: value for key, value in payload.items() if value is not None or key == "revision"}


@given(logs(), DERIVED, REVISIONS)
def test_a_point_reads_back_as_what_was_written(log: list[Event], derived: Derived, revision: int | None) -> None:
    """`decode` is the inverse of `encode`, through JSON too, whatever events made the state."""
    stored = Stored(SKU, fold(log), derived, revision)
    payload = encode(stored)

    assert decode(payload) == stored
    assert decode(json.loads(json.dumps(payload, allow_nan=False))) == stored


@given(logs(), DERIVED, REVISIONS, logs(), DERIVED, REVISIONS)
def test_what_changes_of_a_payload_is_enough(
    log: list[Event],
    derived: Derived,
    revision: int | None,
    more: list[Event],
    derived_after: Derived,
    revision_after: int | None,
) -> None:
    """Set over what was stored, part by part, it makes the whole payload: nothing of before is left."""
    before = Stored(SKU, fold(log), derived, revision)
    after = Stored(SKU, fold(more, before.state), derived_after, revision_after)

    assert set_over(before, after) == encode(after)
    same_derived = replace(after, derived=replace(derived, indexed_at=derived_after.indexed_at))
    assert set_over(before, same_derived) == encode(same_derived)


@pytest.mark.parametrize(
    ("event", "parts"),
    [
        (patched(version=2, price=7, stock=0), {"price", "stock", "availability"}),
        (patched(version=2, price=7, stock=3), {"price", "stock"}),
        (patched(version=2, price=None), {"price"}),
        (patched(version=2, title="Boot"), {"product"}),
        (patched(version=2, title="Boot", stock=0), {"stock", "availability", "product"}),
        (patched(version=2, price=5), set()),
        (upserted(bare(price=5, stock=2), version=2), set()),
        (patched(version=2, attributes={"colour": "red"}), {"product", "derived"}),
        (patched(version=2, popularity=3), {"product", "derived"}),
        (patched(version=2) | {"occurred_at": LATER}, {"occurred_at"}),
        (deleted(version=2), {"price", "stock", "availability", "occurred_at", "product", "derived"}),
    ],
)
def test_an_event_writes_no_more_than_it_moves(event: dict[str, Any], parts: set[str]) -> None:
    """One that repeats what is known writes its version alone; a price or a stock leaves what was derived."""
    before = Stored(SKU, fold([as_event(upserted(bare(price=5, stock=2)))]))
    after = replace(before, state=fold([as_event(event)], before.state))

    assert encode_changes(before, after).keys() == parts | {"revision", "ledger"}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_moves_alone_moves_what_is_made_of_it(field: str) -> None:
    """Whichever it is: to another value, away, and back again."""
    before = Stored(SKU, fold([as_event(upserted(bare(**WHOLE)))]))
    values = [OTHER[field], None, WHOLE[field]]
    moves = [patched(version=2 + number, **{field: value}) for number, value in enumerate(values)]
    for move in moves:
        after = replace(before, state=fold([as_event(move)], before.state))
        assert set_over(before, after) == encode(after)
        before = after


def test_versions_are_written_where_they_are_not_the_upserts() -> None:
    """Most registers are as old as the upsert, and a point is read and written with each event."""
    payload = payload_of(upserted(bare(price=5, brand="A"), version=3), patched(version=4, price=6, brand=None))

    assert json.loads(payload["ledger"])["versions"] == {"brand": 4, "price": 4}


PICTURES = (PictureStatus("ok", digest="d"), PictureStatus("failed", due_at="2026-05-02T10:00:00Z", attempts=2))
EARLIER = Stored(
    SKU,
    fold([as_event(upserted(product(price=5, stock=3), version=3)), as_event(patched(version=4, price=6, brand=None))]),
    Derived({"text": "t"}, PICTURES, "2026-05-01T10:00:00Z"),
    revision=7,
)


@pytest.mark.parametrize("laid_out", [in_layout_1, in_layout_2, in_layout_3])
def test_a_point_of_an_earlier_layout_is_read(laid_out: Callable[[Stored], dict[str, Any]]) -> None:
    """A migration copies them: not a version, a digest or a picture is lost."""
    assert decode(laid_out(EARLIER)) == EARLIER


@given(logs())
def test_only_visible_products_have_search_keys(log: list[Event]) -> None:
    """A tombstone and a waiting patch are known as invisible and by nothing else."""
    state = fold(log)
    payload = encode(Stored(SKU, state))
    beside = {key for key in ("availability", "occurred_at") if key in payload}
    keys = (payload["derived"].keys() | beside) & SEARCH_KEYS

    if state.visible:
        assert keys >= SEARCH_KEYS - {"availability"}
        assert ("availability" in keys) == (state.in_stock() is not None)
    else:
        assert keys == {"visible"}


def test_the_payload_has_what_is_searched_by() -> None:
    """Category paths from the top down, attributes as keywords, the group, the stock and the order of browsing."""
    payload = payload_of(upserted(product(group_id="g")))
    derived = payload["derived"]

    assert derived["visible"] == "yes"
    assert derived["category"] == ["Women", "Women > Shoes", "Women > Shoes > Sneakers"]
    assert derived["attributes"] == ["colour", "colour=red", "size", "size=38", "size=39"]
    assert (derived["group"], payload["availability"]) == ("g", "yes")
    assert derived["browse"] == 0


def test_a_product_is_due_when_its_first_picture_is() -> None:
    """The earliest time counts; a tombstone and a product whose pictures all came are never due."""
    times = ["2026-05-02T00:00:00Z", None, "2026-05-01T12:00:00Z"]
    derived = Derived(pictures=tuple(PictureStatus("failed", due_at=time) for time in times))
    visible, gone = fold([as_event(upserted())]), fold([as_event(deleted())])

    assert encode(Stored(SKU, visible, derived))["derived"]["pictures_due_at"] == "2026-05-01T12:00:00Z"
    assert "pictures_due_at" not in encode(Stored(SKU, gone, derived))["derived"]
    assert "pictures_due_at" not in encode(Stored(SKU, visible))["derived"]


def test_a_product_without_a_group_is_its_own() -> None:
    """Variants are only what says so."""
    assert payload_of(upserted(bare()))["derived"]["group"] == SKU


def test_a_tombstone_keeps_no_product() -> None:
    """What was deleted is not kept, but that it was is."""
    payload = payload_of(upserted(version=1), deleted(version=2))

    ledger = json.loads(payload["ledger"])

    assert product_of(payload) == {"id": SKU}
    assert (ledger["deleted"], ledger["versions"]) == (2, {})


def test_a_waiting_patch_keeps_its_fields() -> None:
    """They are needed as soon as the upsert comes."""
    payload = payload_of(patched(price=5, brand="A"))

    assert product_of(payload) == {"id": SKU, "brand": "A", "price": 5.0}


def test_unknown_availability_is_neither_yes_nor_no() -> None:
    """A product without stock and flag matches neither."""
    assert "availability" not in payload_of(upserted(bare()))


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_an_attribute_keyword_is_unambiguous(one: tuple[str, str], other: tuple[str, str]) -> None:
    """No other name and value make the same keyword, whatever signs they hold."""
    assert (attribute_keyword(*one) == attribute_keyword(*other)) == (one == other)


@pytest.mark.parametrize(
    ("value", "text"),
    [("38", "38"), (38, "38"), (38.0, "38"), (38.5, "38.5"), (True, "true"), (False, "false"), (1, "1")],
)
def test_a_keyword_writes_numbers_and_flags_as_people_do(value: object, text: str) -> None:
    """A filter for 38 finds the number and the text, and true is not 1."""
    assert attribute_keyword("size", value) == f"size={text}"


@given(st.lists(st.tuples(POPULARITY, SECONDS), min_size=2, max_size=6))
def test_browsing_orders_by_popularity_then_newness(pairs: list[tuple[float, int]]) -> None:
    """The key orders as (popularity, created_at) do, at the precision of a float of 32 bits and of a second."""
    keys = [browse_key({"popularity": popularity, "created_at": written(at)}) for popularity, at in sorted(pairs)]

    assert keys == sorted(keys)
    for (one, other), (before, after) in zip(pairwise(sorted(pairs)), pairwise(keys), strict=True):
        assert (one == other) == (before == after)
    assert all(0 <= key < 2**63 for key in keys)


def written(seconds: int) -> str:
    """Return a time of so many seconds since 1970 as text."""
    return iso(datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"popularity": -0.0},
        {"popularity": 1.7e308},
        {"popularity": 5e-324},
        {"created_at": "0001-01-01T00:00:00Z"},
        {"created_at": "9999-12-31T23:59:59.999999Z"},
    ],
)
def test_every_product_has_a_place_in_the_order(fields: dict[str, Any]) -> None:
    """At the ends of what an event may say the key still fits the engine's integers, or the product would drop out."""
    assert 0 <= payload_of(upserted(bare(**fields)))["derived"]["browse"] < 2**63


def test_an_id_has_one_point() -> None:
    """Ids are told apart exactly."""
    ids = ["sku-1", "SKU-1", "sku-1 ", "鞋", "e\u0301", "\u00e9"]

    assert len({point_id(one) for one in ids}) == len(ids)
    assert point_id("sku-1") == "6aaa002c-9106-5c1f-8c89-54837349afeb"  # another one would orphan every index


def test_every_field_that_is_filtered_by_is_indexed() -> None:
    """Fields, derived keys and the attributes declared as numbers each have an index."""
    paths = payload_indexes(("weight", "heel height"))

    assert {"price", "product.brand", "derived.browse", "revision"} <= paths.keys()
    assert {"product.attributes.weight", 'product.attributes."heel height"'} <= paths.keys()
