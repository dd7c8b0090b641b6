"""Hostile records in all three forms: each becomes an event or a dead letter that can be sent, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from catalog.product import FIELDS
from ingest.decode import decode
from tests.builders import product, record

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

REASONS = {
    *("malformed_json", "unknown_type", "missing_version", "invalid_field", "invalid_key"),
    *("invalid_envelope", "truncated_table"),
}
LONGEST_MESSAGE = 3_000
TYPES = ["product.upserted", "product.patched", "product.deleted", "com.shop.product.deleted", "product.moved"]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["1", "a", "[", "{}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BODY = st.just(product()) | st.dictionaries(st.sampled_from([*FIELDS, "id", "x"]), JSON, max_size=5) | JSON
NATIVE = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES) | JSON},
    optional={"version": st.just(1) | JSON, "product": BODY, "changes": BODY, "product_id": st.just("a") | JSON},
)


def cloud(data: SearchStrategy[object]) -> SearchStrategy[dict[str, object]]:
    """Return structured CloudEvents around some data."""
    return st.fixed_dictionaries(
        {"specversion": st.just("1.0") | JSON, "type": st.sampled_from(TYPES) | JSON},
        optional={
            "data": data,
            "data_base64": st.text(max_size=9) | JSON,
            "datacontenttype": st.sampled_from(["application/json", "text/plain"]) | JSON,
            "version": st.just("3") | JSON,
            "time": st.just("2026-05-01T10:00:00Z") | JSON,
            "subject": JSON,
        },
    )


CHANGE = st.fixed_dictionaries(
    {"op": st.sampled_from(["c", "u", "r", "d", "t", "m"]) | JSON},
    optional={
        "before": BODY,
        "after": BODY,
        "source": st.fixed_dictionaries({}, optional={"lsn": st.just(5) | JSON, "ts_ms": JSON}) | JSON,
        "ts_ms": st.just(5) | JSON,
    },
)
SCHEMA = st.fixed_dictionaries(
    {"fields": st.lists(st.fixed_dictionaries({"field": st.just("after"), "fields": st.lists(JSON, max_size=2)}))}
)
ENVELOPED = st.fixed_dictionaries({"payload": CHANGE | JSON, "schema": SCHEMA | JSON})
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["content-type", "ce_specversion", "ce_type", "ce_version", "ce_subject", "ce_time", "version"]
        ),
        st.none()
        | st.binary(max_size=6)
        | st.sampled_from([b"1.0", b"7", b"application/cloudevents+json", b"text/x", *map(str.encode, TYPES)]),
    ),
    max_size=6,
).map(tuple)
KEYS = st.none() | st.binary(max_size=6) | JSON.map(lambda value: json.dumps(value).encode())


@given(
    st.none()
    | (NATIVE | cloud(BODY | NATIVE | CHANGE) | CHANGE | ENVELOPED | JSON).map(lambda v: json.dumps(v).encode()),
    HEADERS,
    KEYS,
)
def test_no_record_breaks_the_reader(
    value: bytes | None, headers: tuple[tuple[str, bytes | None], ...], key: bytes | None
) -> None:
    """Whatever stands where: an event whose registers can be written down, or a letter for a reason on the list."""
    batch = decode([record(value, key=key, headers=headers)])

    assert len(batch.events) + len(batch.rejects) == 1
    for letter in batch.rejects:
        assert letter.reason in REASONS
        assert len(letter.error.encode()) <= LONGEST_MESSAGE
        assert all(isinstance(one, bytes | None) for _, one in letter.headers())
    for event in batch.events:
        assert json.dumps(getattr(event, "registers", {}), allow_nan=False, ensure_ascii=False).encode()
