"""No record stops the loop: whatever a product holds is stored and read back, and the next record has its turn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.canonical import canonical_json
from catalog.product import INT64
from ingest.decode import decode
from tests.builders import bare, records, upserted
from tests.pipeline import ListLetters, ListSource, Parts, consumer_of
from tests.states import fold

if TYPE_CHECKING:
    from tests.builders import JsonObject
    from tests.index import Index

ODD_TEXTS = [
    "\0",
    "\u200b",
    "\u202e",
    "\ufeff",
    "\uffff",
    "\U0010ffff",
    "e\u0301" * 50,
    "\N{MANS SHOE}" * 50,
    "'\"`$\\/[]{}().*=>",
    "product.title",
    "_id",
    "None",
    "NaN",
    "1e999",
    "x" * 5_000,
    "鞋" * 500,
    "ﷺ" * 50,
]
TEXTS = st.sampled_from(ODD_TEXTS) | st.text(max_size=30)
NUMBERS = st.floats(min_value=0, allow_nan=False, allow_infinity=False) | st.sampled_from(
    [0, -0.0, 5e-324, 1e22, 1.7e308, 3.5e38, 2**53 + 1, 2**63, 10**300]
)
INTEGERS = st.integers(*INT64) | st.sampled_from([*INT64, 0, 2**53 + 1])
NAMES = st.sampled_from([*(text[:100] for text in ODD_TEXTS), "a.b", "a[0]", "a[]", "attributes"]) | st.text(
    min_size=1, max_size=20
)
VALUES = TEXTS | st.booleans() | INTEGERS | NUMBERS | NUMBERS.map(lambda value: -value) | st.lists(TEXTS, max_size=3)
IMAGES = st.sampled_from(
    [
        "data:",
        "data:,",
        "data:;base64,=",
        "data:image/png;base64,iVBORw0KGgo=",
        "..",
        "/",
        "a\0",
        "http:",
        "http://a..b",
    ]
) | TEXTS.filter(lambda text: ":" not in text and text.strip())
PRODUCTS = st.fixed_dictionaries(
    {"title": TEXTS.filter(str.strip)},
    optional={
        "description": TEXTS,
        "brand": TEXTS,
        "category": st.lists(
            TEXTS.map(lambda text: text.replace(">", "")).filter(str.strip), min_size=1, max_size=8
        ).map(" > ".join),
        "price": NUMBERS,
        "currency": TEXTS,
        "stock": INTEGERS,
        "in_stock": st.booleans(),
        "images": st.lists(IMAGES, max_size=3),
        "attributes": st.dictionaries(NAMES, VALUES, max_size=4),
        "codes": st.lists(TEXTS.filter(str.strip), max_size=3),
        "group_id": TEXTS,
        "url": TEXTS,
        "language": TEXTS,
        "popularity": NUMBERS,
        "created_at": st.datetimes().map(lambda moment: moment.isoformat()),
        "updated_at": st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-05-01"]),
    },
)
IDS = TEXTS.map(lambda text: text[:128]).filter(bool)


def same(stored: object, sent: object) -> bool:
    """Compare exactly, but numbers beyond what shops deal in to the last bit but one."""
    if isinstance(sent, float) and not 1e-7 < abs(sent) < 1e15:
        return isinstance(stored, float) and math.isclose(stored, sent, rel_tol=1e-15)
    return canonical_json(stored) == canonical_json(sent)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(IDS, PRODUCTS)
def test_whatever_a_product_holds_is_stored(index: Index, parts: Parts, product_id: str, fields: JsonObject) -> None:
    """At every end of what an event may say the engine takes it, and gives it back as it was."""
    index.clear()
    batch = records(upserted({"id": product_id, **fields}), upserted(bare("next")))
    letters = ListLetters()

    consumer_of(parts, index.store, ListSource([batch]), letters).turn()

    assert [letter.error for letter in letters.letters] == []
    (event, _) = decode(batch).events
    stored = index.store.read([product_id])[product_id]
    expected = fold([event]).registers
    assert stored.state.registers.keys() == expected.keys()
    for name, entry in expected.items():
        assert same(stored.state.registers[name].value, entry.value)
    assert index.product("next") == {"title": "Thing"}
