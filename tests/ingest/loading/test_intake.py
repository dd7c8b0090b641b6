"""Rows as records: which version they get, what is an event already, and what is refused with its line."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pydantic_core
import pytest

from catalog.errors import InvalidEvent, Misconfigured
from ingest.debezium import DebeziumReading
from ingest.loading.formats import format_of
from ingest.loading.intake import Intake
from ingest.loading.jsonl import read_json_lines
from ingest.loading.mapping_file import read_mapping, with_numbers
from ingest.loading.rows import BadRow, Row
from ingest.loading.versions import VersionRule, version_rule
from ingest.mapping import FieldMapping
from tests.builders import JsonObject, as_bytes, bare, deleted, patched

if TYPE_CHECKING:
    from ingest.source import Record

if TYPE_CHECKING:
    from ingest.source import Record

NOW = datetime(2026, 5, 1, tzinfo=UTC)
NOW_MS = 1_777_593_600_000
DEFAULT = version_rule(None, now=NOW)


def intake(*, rule: VersionRule = DEFAULT, mapping: FieldMapping | None = None) -> Intake:
    """Return an intake for a file."""
    return Intake("a.jsonl", rule, mapping, DebeziumReading(), NOW_MS)


def load(*rows: JsonObject, of: Intake | None = None) -> tuple[list[Record], list[BadRow], Counter[str]]:
    """Take JSON lines in and return records, refused rows and unknown fields."""
    refused: list[BadRow] = []
    unknown: Counter[str] = Counter()
    content = io.BytesIO(b"\n".join(map(as_bytes, rows)))
    records = list((of or intake()).records(read_json_lines(content), refused.append, unknown))
    return records, refused, unknown


def events(*rows: JsonObject, of: Intake | None = None) -> list[JsonObject]:
    """Return the events that JSON lines become."""
    return [pydantic_core.from_json(record.value or b"") for record in load(*rows, of=of)[0]]


def test_products_are_upserted_and_events_stay() -> None:
    """Keys are the ids, offsets the lines; a product may have a `type` of its own."""
    records, refused, unknown = load(bare("a", type="shoe"), deleted("b", version=7), patched("c", price=1))

    assert [(record.key, record.offset) for record in records] == [(b"a", 1), (b"b", 2), (b"c", 3)]
    assert records[1].value == as_bytes(deleted("b", version=7))
    assert refused == []
    assert unknown == {"type": 1}


def test_other_forms_of_events_are_taken_too() -> None:
    """A dump of a topic is a file like any other."""
    cloud = {"specversion": "1.0", "type": "product.deleted", "subject": "a", "version": 3}
    change = {"op": "c", "after": bare("b"), "before": None, "ts_ms": 5}

    assert [record.key for record in load(cloud, change)[0]] == [b"a", b"b"]


def test_versions() -> None:
    """A column, a number, the time; by default the column `version`, else 1."""
    row = {**bare("a"), "version": 9, "rev": "4", "updated_at": "2026-05-01T00:00:00Z"}

    assert [event["version"] for event in events(row, bare("b"))] == [9, 1]
    for text, version in (("rev", 4), ("17", 17), ("now", NOW_MS), ("updated_at", NOW_MS)):
        (event,) = events(row, of=intake(rule=version_rule(text, now=NOW)))
        assert event["version"] == version
    assert "updated_at" in event["product"]


def test_a_row_without_its_version_is_refused() -> None:
    """The column was asked for."""
    refused = load(bare("a"), {**bare("b"), "rev": "x"}, of=intake(rule=version_rule("rev", now=NOW)))[1]

    assert [(row.line, row.reason) for row in refused] == [(1, "missing_version"), (2, "invalid_field")]


def test_refused_rows_say_why() -> None:
    """As the worker would."""
    _, (row,), _ = load(bare("a", price="cheap"))

    assert (row.line, row.reason, row.content) == (1, "invalid_field", bare("a", price="cheap"))
    assert "price" in row.error


@pytest.mark.parametrize(
    ("row", "field"), [('"price": 1e999', "price"), ('"attributes": {"x": -1e999}', "attributes.x")]
)
def test_a_number_that_nothing_holds_is_refused_by_name(row: str, field: str) -> None:
    """JSON can write it, a float cannot hold it."""
    refused: list[BadRow] = []
    content = io.BytesIO(b'{"id": "a", "title": "T", %s}' % row.encode())

    assert list(intake().records(read_json_lines(content), refused.append, Counter())) == []
    assert [one.reason for one in refused] == ["invalid_field"]
    assert f"product.{field}" in refused[0].error


def test_a_patch_mapping_patches() -> None:
    """For files of prices and stock."""
    mapping = FieldMapping({"sku": "id"}, patches=True)

    (event,) = events({"sku": "a", "price": "3.5", "stock": "0"}, of=intake(mapping=mapping))

    assert event == {"type": "product.patched", "version": 1, "product_id": "a", "changes": {"price": 3.5, "stock": 0}}


def test_a_header_that_cannot_do_is_told_at_once() -> None:
    """No id, or not the column for the version."""
    with pytest.raises(Misconfigured, match="gives the id"):
        intake(mapping=FieldMapping()).check_header(["sku", "title"])
    with pytest.raises(Misconfigured, match="--version rev"):
        intake(rule=version_rule("rev", now=NOW), mapping=FieldMapping()).check_header(["id", "title"])
    intake(mapping=FieldMapping({"sku": "id"})).check_header(["sku", "title"])


@pytest.mark.parametrize("value", [True, 1.5, "noon", [], "9" * 30])
def test_what_orders_nothing_is_no_version(value: object) -> None:
    """Neither a whole number nor a time."""
    with pytest.raises(InvalidEvent):
        VersionRule("v", None).of({"v": value})


def test_a_mapping_file_is_read(tmp_path: Path) -> None:
    """What it says stands in the place of the format's own."""
    file = tmp_path / "m.toml"
    file.write_text(
        'event = "patch"\ncurrency = "EUR"\nattributes_prefix = "a_"\nlist_separator = "|"\ndecimal_separator = ","\n'
        'lists = ["size"]\nnumbers = ["weight"]\n[columns]\nsku = "id"\n"Farbe" = "attributes.colour"\n'
    )

    mapping = with_numbers(read_mapping(file, FieldMapping({"link": "url"})), ["length"])

    assert mapping.columns == {"link": "url", "sku": "id", "Farbe": "attributes.colour"}
    assert mapping.patches
    assert mapping.style.numbers == {"weight", "length"}
    assert mapping.product({"a_size": "1|2", "price": "3,5"}) == {
        "price": 3.5,
        "currency": "EUR",
        "attributes": {"size": ["1", "2"]},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns = 1", "columns"),
        ('[columns]\nx = "name"', "'name', which is no field"),
        ("colums = {}", "colums"),
        ("= 1", "not TOML"),
        ('decimal_separator = "x"', "decimal_separator"),
    ],
)
def test_a_wrong_mapping_file_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    """With the file's name."""
    file = tmp_path / "m.toml"
    file.write_text(text)

    with pytest.raises(Misconfigured, match=said) as error:
        read_mapping(file, FieldMapping())

    assert "m.toml" in str(error.value)


def test_a_name_tells_the_format() -> None:
    """Packed or not; what tells nothing asks."""
    assert format_of(Path("a.CSV.gz"), None) is format_of(Path("a"), "csv")
    assert format_of(Path("feed.xml"), None) is format_of(Path("feed.tsv"), None)
    for path, name in ((Path("a.xlsx"), None), (Path("a.csv"), "excel")):
        with pytest.raises(Misconfigured, match="google-merchant"):
            format_of(path, name)


def test_a_row_knows_its_line() -> None:
    """Blank lines count."""
    assert [row.line for row in read_json_lines(io.BytesIO(b'\n\n{"id": "a"}\n'))] == [3]
    assert Row(3, {}).json_bytes is None
