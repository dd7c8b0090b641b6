"""Traces, from end to end: the demo as a shop starts it, and a collector that takes what it sends over OTLP."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.builders import bare, upserted
from tests.demo import Demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

SENT, ASKED, REFUSED = ("a" * 31 + digit for digit in "123")
"""The ids of three traces that begin with the caller."""
STEPS = {"turn", "read states", "merge", "encode texts", "encode pictures", "write points", "send dead letters"}


@dataclass
class Collector:
    """What came in, by trace."""

    spans: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    services: set[str] = field(default_factory=set)
    port: int = 0

    def take(self, body: bytes) -> None:
        """Read one request."""
        for each in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services |= {one.value.string_value for one in each.resource.attributes if one.key == "service.name"}
            for scope in each.scope_spans:
                for span in scope.spans:
                    self.spans[span.trace_id.hex()].append(span)

    def names(self, trace_id: str) -> set[str]:
        """Return the names of the spans of a trace."""
        return {span.name for span in self.spans[trace_id]}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Give a collector that listens."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            collector.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def caller(trace_id: str) -> dict[str, str]:
    """Return the header of a caller that has begun a trace and wants it kept."""
    return {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}


def test_an_event_and_a_query_are_followed_through(tmp_path: Path) -> None:
    """The callers' traces go on in ours, up to searchable and through the stages; and they say nothing private."""
    first = tmp_path / "products.jsonl"
    first.write_text(json.dumps(bare("first")) + "\n", encoding="utf-8")
    event = json.dumps(upserted(bare("sku-9", title="A violet umbrella")))

    with collecting() as collector:
        settings = {
            "VITRINE_TRACES__ENDPOINT": f"http://127.0.0.1:{collector.port}",
            "VITRINE_TRACES__SHARE": "1",
        }
        with Demo(tmp_path, ["--catalogue", str(first)], settings) as demo:
            demo.wait(lambda: demo.get("/v1/products/first") is not None, "the first product")
            address = f"http://127.0.0.1:{demo.port}"
            with httpx.Client(base_url=address, trust_env=False, timeout=10) as http:
                media = {"content-type": "application/x-ndjson"}
                http.post("/v1/events", content=event, headers=caller(SENT) | media).raise_for_status()
                demo.wait(lambda: demo.get("/v1/products/sku-9") is not None, "the one that was sent")
                http.get("/v1/search", params={"q": "my wedding wish"}, headers=caller(ASKED)).raise_for_status()
                refused = http.get("/v1/search", params={"limit": 0}, headers=caller(REFUSED)).json()
            demo.stop()

    assert refused["trace_id"] == REFUSED
    assert {"POST /v1/events", "event to searchable"} <= collector.names(SENT)
    assert collector.names(ASKED) == {"GET /v1/search", "encode", "retrieve", "rank"}
    (searchable,) = [span for span in collector.spans[SENT] if span.name == "event to searchable"]
    assert collector.names(searchable.links[0].trace_id.hex()) - {"commit"} == STEPS  # that may come with a later turn
    assert collector.services == {"vitrine-demo"}
    told = "".join(map(str, collector.spans.values()))
    assert "wedding" not in told
    assert "umbrella" not in told
