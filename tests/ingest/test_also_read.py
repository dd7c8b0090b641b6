"""The examples of docs/events.md and docs/loading.md are read as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

from catalog.events import Patched, Upserted
from ingest.decode import decode
from ingest.loading.mapping_file import read_mapping
from ingest.mapping import FieldMapping
from tests.builders import record

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page in a language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == language]


def test_the_foreign_examples_are_events() -> None:
    """A CloudEvent in each mode, and a change event of Debezium."""
    native, cloud, change = blocks("events.md", "json")[:3]
    binary = next(block for block in blocks("events.md", "") if block.startswith("ce_"))
    attributes, data = binary.splitlines()
    headers = tuple((name, value.strip().encode()) for name, value in re.findall(r"([a-z_-]+): (\S+)", attributes))

    first, second = decode([record(cloud.encode()), record(data.encode(), headers=headers)]).events
    (changed,) = decode([record(change.encode(), key=b'{"id":1004}')]).events

    assert len(decode([record(line.encode()) for line in native.splitlines()]).events) == 3
    assert isinstance(first, Upserted)
    assert first.version == 17
    assert isinstance(second, Patched)
    assert (second.version, second.registers, second.occurred_at.minute) == (18, {"price": 39.9}, 5)
    assert isinstance(changed, Upserted)
    assert changed.version == 24_023_128


def test_the_mapping_example_is_a_mapping(tmp_path: Path) -> None:
    """Every line of it is known."""
    file = tmp_path / "m.toml"
    file.write_text(blocks("loading.md", "toml")[0], encoding="utf-8")

    assert read_mapping(file, FieldMapping()).columns["Farbe"] == "attributes.colour"
