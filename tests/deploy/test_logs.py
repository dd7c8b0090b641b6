"""What the processes say: JSON where no person reads it, nothing that is none of a log's business."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from opentelemetry import trace
from pydantic import BaseModel, ValidationError

from deploy import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = "data:image/png;base64," + "iVBORw0KGgo" * 50
KEY = "vk_9f8e7d6c5b4a39281706"
WISH = "a dress for my surprise wedding"


@dataclass
class Said:
    """What was logged since the last look."""

    stream: io.StringIO = field(default_factory=io.StringIO)

    def text(self) -> str:
        """Return it as it stands there."""
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text

    def lines(self) -> list[dict[str, Any]]:
        """Return it, read as JSON."""
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def said() -> Iterator[Said]:
    """Log as JSON into what this gives; afterwards everything is as it was."""
    before, handlers = structlog.get_config(), list(logging.getLogger().handlers)
    said = Said()
    logs.configure("json", said.stream)
    yield said
    structlog.configure(**before)
    logging.getLogger().handlers = handlers


def test_a_line_is_one_json_object(said: Said) -> None:
    """With its level, its time and what was said, also from a library that uses `logging`."""
    structlog.get_logger("x").warning("waiting out an outage", wait_seconds=0.4)
    logging.getLogger("a.library").error("broken: %s", "pipe")

    ours, theirs = said.lines()

    assert (ours["event"], ours["level"], ours["wait_seconds"]) == ("waiting out an outage", "warning", 0.4)
    assert (theirs["event"], theirs["level"]) == ("broken: pipe", "error")
    assert ours["timestamp"]


@pytest.mark.parametrize(
    ("fields", "secret"),
    [
        ({"error": f"cannot decode {PICTURE}"}, "iVBOR"),
        ({"images": [{"url": PICTURE}]}, "iVBOR"),
        ({"body": WISH}, WISH),
        ({"request": {"text": WISH}}, WISH),
        ({"terms": [{"text": WISH}]}, WISH),
        ({"url": f"http://localhost/v1/search?q={WISH.replace(' ', '+')}"}, "wedding"),
        ({"headers": {"x": KEY}}, KEY),
        ({"X-API-Key": KEY}, KEY),
        ({"error": f"refused: Authorization: Bearer {KEY}"}, KEY),
        ({"error": f"refused: x-api-key: {KEY}"}, KEY),
        ({"error": f"sasl_password={KEY}"}, KEY),
        ({"broker": f"https://shop:{KEY}@kafka:9092"}, KEY),
        ({"value": b"\x00picture"}, "picture"),
        ({"record": b"\x00picture"}, "picture"),
        ({"error": "x" * 100_000}, "x" * 1_000),
    ],
)
def test_pictures_keys_and_customers_are_left_out(said: Said, fields: dict[str, Any], secret: str) -> None:
    """Whatever the field, and however deep."""
    structlog.get_logger().warning("something", product_id="sku-1", **fields)

    (line,) = said.lines()

    assert secret not in json.dumps(line)
    assert (line["event"], line["product_id"]) == ("something", "sku-1")


@pytest.mark.parametrize("wanted", ["console", "json"])
@pytest.mark.parametrize(
    "control", ["\n", "\r", "\r\n", "\x1b[2K\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x9b2K"]
)
def test_nobody_writes_a_line_but_us(said: Said, wanted: logs.LogFormat, control: str) -> None:
    """What ends a line or moves a terminal's cursor is written as an escape, whoever says it and wherever it stands."""
    hostile = f"sku-1{control}2026-01-01T00:00:00Z [error    ] forged"
    logs.configure(wanted, said.stream)
    structlog.get_logger().warning(hostile, product_id=hostile, fields={hostile: [hostile]})
    logging.getLogger("a.library").error("broken: %s", hostile)
    try:
        int(hostile)
    except ValueError as error:
        error.add_note(hostile)
        structlog.get_logger().exception("failed")

    told = said.text()

    assert not {one for one in told if not one.isprintable()} - {"\n"}
    assert [line for line in told.splitlines() if "forged" in line and line.startswith("2026-01-01")] == []
    assert len([line for line in told.splitlines() if line[:1].strip()]) == 3


def test_a_traceback_tells_no_locals_and_no_input(said: Said) -> None:
    """Where it happened is told; what a customer sent is not."""

    class Asked(BaseModel):
        limit: int

    wish = WISH
    try:
        Asked.model_validate({"limit": wish})
    except ValidationError:
        structlog.get_logger().exception("a request failed")

    (line,) = said.lines()

    assert "test_logs.py" in line["exception"]
    assert "input_type=str" in line["exception"]
    assert "wedding" not in json.dumps(line)


def test_a_line_within_a_trace_names_it(said: Said) -> None:
    """Outside of any it names none."""
    context = trace.SpanContext(0xABC, 0xDEF, is_remote=True)
    with trace.use_span(trace.NonRecordingSpan(context)):
        structlog.get_logger().info("within")
    structlog.get_logger().info("outside")

    within, outside = said.lines()

    assert (within["trace_id"], within["span_id"]) == (f"{0xABC:032x}", f"{0xDEF:016x}")
    assert "trace_id" not in outside


def test_auto_is_json_where_there_is_no_terminal(said: Said) -> None:
    """And `console` is for people all the same."""
    logs.configure("auto", said.stream)
    structlog.get_logger().info("for a machine")
    (line,) = said.lines()
    logs.configure("console", said.stream)
    structlog.get_logger().info("for a person", product_id="sku-1")

    told = said.text()

    assert line["event"] == "for a machine"
    assert "for a person" in told
    assert "product_id=sku-1" in told
