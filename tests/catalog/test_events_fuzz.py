"""Events: whatever comes off the log is read or refused, and nothing else ever happens."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import InvalidEvent
from catalog.events import Deleted, ParsedEvent, parse_event
from catalog.product import FIELDS
from tests.builders import NOW

REASONS = {"malformed_json", "unknown_type", "missing_version", "invalid_field"}
LONGEST_MESSAGE = 3_000

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELD_NAMES = st.sampled_from([*FIELDS, "id", "nonsense"])


def read_or_refuse(value: bytes) -> ParsedEvent | InvalidEvent:
    """Return what becomes of a value; any other error fails the test."""
    try:
        return parse_event(value, received_at=NOW)
    except InvalidEvent as error:
        return error


def holds(value: bytes) -> None:
    """Assert that a value is read, or refused for a reason on the list, and that both can be written down."""
    outcome = read_or_refuse(value)
    if isinstance(outcome, InvalidEvent):
        assert outcome.reason in REASONS
        assert len(str(outcome).encode()) <= LONGEST_MESSAGE
    elif not isinstance(outcome.event, Deleted):
        assert json.dumps(outcome.event.registers, allow_nan=False, ensure_ascii=False).encode()


@given(st.binary())
def test_no_bytes_break_the_reader(value: bytes) -> None:
    """Whatever the bytes, the only error is `InvalidEvent`."""
    holds(value)


@given(JSON)
def test_no_json_breaks_the_reader(value: object) -> None:
    """Whatever the JSON, the only error is `InvalidEvent`."""
    holds(json.dumps(value).encode())


@given(
    st.sampled_from(["product.upserted", "product.patched", "product.deleted"]),
    st.fixed_dictionaries(
        {}, optional={"version": JSON | st.just(1), "product_id": JSON | st.just("a"), "occurred_at": JSON}
    ),
    st.dictionaries(FIELD_NAMES, JSON | st.just("a") | st.just(["a"])) | JSON,
)
def test_no_event_breaks_the_reader(kind: str, envelope: dict[str, object], body: object) -> None:
    """Whatever stands in the fields of an event, the only error is `InvalidEvent`."""
    holds(json.dumps({"type": kind, "product": body, "changes": body, **envelope}).encode())
