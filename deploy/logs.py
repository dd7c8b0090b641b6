"""What the processes say: lines for a person at a terminal, JSON for machines, without pictures, keys or customers."""

from __future__ import annotations

import logging
import re
import sys
import textwrap
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
_CONTROL: Final = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
"""What a terminal obeys, what ends a line, and what turns the direction of reading: written as escapes."""
_IN_TEXTS: Final = re.compile(rf"[{_CONTROL}\t\n]")
_IN_TRACEBACKS: Final = re.compile(rf"[{_CONTROL}]")
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
    """Return what writes lines for a terminal; a traceback is set in, so that none of it passes for a line of ours."""
    render = structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)

    def written(logger: Any, method: str, event: EventDict) -> str:  # noqa: ANN401 - as structlog has it
        if isinstance(traceback := event.get("exception"), str):
            event["exception"] = textwrap.indent(traceback, "  ")
        return render(logger, method, event)

    return written


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
        return {_scrubbed(str(key)): _told(str(key), held, depth - 1) for key, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_told("", held, depth - 1) for held in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    bounds = (_MAX_TRACEBACK_CHARS, _IN_TRACEBACKS) if name == "exception" else (_MAX_CHARS, _IN_TEXTS)
    return _scrubbed(str(value), *bounds)


def _scrubbed(text: str, max_chars: int = _MAX_CHARS, control: re.Pattern[str] = _IN_TEXTS) -> str:
    for pattern, instead in _SCRUBBED:
        text = pattern.sub(instead, text)
    text = control.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return text if len(text) <= max_chars else f"{text[:max_chars]}… [{len(text) - max_chars} characters more]"
