"""Traces from event to searchable: a span for each turn of the loop and its steps, one in each event's own trace.

An event brings its trace in the header `traceparent` of its record, as W3C Trace Context has it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from opentelemetry import context, trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.context import Context

    from ingest.source import Record

_HEADERS: Final = frozenset({"traceparent", "tracestate"})
_NS_IN_MS: Final = 1_000_000
_tracer = trace.get_tracer("vitrine.ingest")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Give a step of the loop a span, as a block or as a decorator; an error is told by its kind, not by its text."""
    with _tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
        try:
            yield
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


@contextmanager
def turn_over(records: Sequence[Record]) -> Iterator[None]:
    """Give a turn its span; once it has ended well, tell each event's own trace that the event is searchable."""
    with step("turn"):
        turn = trace.get_current_span()
        turn.set_attribute("messaging.batch.message_count", len(records))
        yield
    if turn.get_span_context().is_valid:
        for record in records:
            origin = _origin(record)
            if origin is not None:
                _tell(record, origin, turn)


def trace_headers() -> tuple[tuple[str, bytes | None], ...]:
    """Return the headers of a record that is put onto the log within a trace: none outside of any."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return tuple((name, value.encode()) for name, value in carrier.items())


def _origin(record: Record) -> Context | None:
    carrier = {name: value.decode("latin-1") for name, value in record.headers if name in _HEADERS and value}
    if not carrier:
        return None
    found = TraceContextTextMapPropagator().extract(carrier, context.Context())
    return found if trace.get_current_span(found).get_span_context().is_valid else None


def _tell(record: Record, origin: Context, turn: trace.Span) -> None:
    """Add a span from the record's own time to now, linked to the turn that brought it."""
    _tracer.start_span(
        "event to searchable",
        context=origin,
        kind=SpanKind.CONSUMER,
        links=[Link(turn.get_span_context())],
        start_time=record.timestamp_ms * _NS_IN_MS,
        attributes={
            "messaging.destination.name": record.topic,
            "messaging.destination.partition.id": str(record.partition),
            "messaging.kafka.offset": record.offset,
        },
    ).end()
