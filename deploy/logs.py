"""What the processes say: lines for a person at a terminal, JSON for machines, without pictures, keys or customers."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO, TypeAlias

import structlog
from opentelemetry import trace

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

LogFormat: TypeAlias = Literal["auto", "console", "json"]

LEFT_OUT: Final = "[left out]"
_PRIVATE: Final = frozenset(
    {"api_key", "authorization", "body", "cookie", "headers", "image", "password", "payload", "picture", "pixels",
     "q", "query", "request", "secret", "sasl_password", "text", "token", "value", "x_api_key"}
)  # fmt: skip
_MAX_CHARS: Final = 500
_MAX_TRACEBACK_CHARS: Final = 10_000
_MAX_DEPTH: Final = 4
_SCRUBBED: Final = (
    (re.compile(r"data:[\w.+-]+/[\w.+-]+[;,][^\s\"']*"), f"data:{LEFT_OUT}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {LEFT_OUT}"),
    (re.compile(r"(?i)(api[-_]?key|password|secret|token)([\"']?\s*[:=]\s*)[^\s,;&]+"), rf"\1\2{LEFT_OUT}"),
    (re.compile(r"(?<=://)[^/\s@]+@"), f"{LEFT_OUT}@"),
    (re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*"), rf"\1?{LEFT_OUT}"),
    (re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL), f"input_value={LEFT_OUT}"),
)
"""What a text may carry: pictures as data URLs, keys, a URL's user and query, and what pydantic refused."""


def configure(wanted: LogFormat, stream: TextIO | None = None) -> None:
    """Send every line to a stream, or standard error; `auto` is for people at a terminal, JSON where there is none."""
    stream = sys.stderr if stream is None else stream
    console = wanted == "console" or (wanted == "auto" and stream.isatty())
    renderer: Processor = _for_people(stream) if console else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream), processors=[*_processors(), renderer])
    _take_over_logging(renderer, stream)


def _for_people(stream: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)


def without_private(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Leave out what is none of a log's business, and shorten what is long: a processor of structlog."""
    return {name: _told(name, value, _MAX_DEPTH) for name, value in event.items()}


def with_trace(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the trace and of the span that a line was said in: a processor of structlog."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def _processors() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        with_trace,
        structlog.processors.format_exc_info,  # plain: structlog's rich tracebacks print local variables
        without_private,
    ]


def _take_over_logging(renderer: Processor, stream: TextIO) -> None:
    """Give what the libraries say through `logging` the same form."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=_processors(),
        )
    )
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one.formatter, structlog.stdlib.ProcessorFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # it repeats an outage ten times a second; we say it once


def _told(name: str, value: Any, depth: int) -> Any:  # noqa: ANN401 - whatever was logged
    if name.lower().replace("-", "_") in _PRIVATE or depth == 0:
        return LEFT_OUT
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, dict):
        return {str(key): _told(str(key), held, depth - 1) for key, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_told("", held, depth - 1) for held in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _scrubbed(str(value), _MAX_TRACEBACK_CHARS if name == "exception" else _MAX_CHARS)


def _scrubbed(text: str, max_chars: int) -> str:
    for pattern, instead in _SCRUBBED:
        text = pattern.sub(instead, text)
    return text if len(text) <= max_chars else f"{text[:max_chars]}… [{len(text) - max_chars} characters more]"
