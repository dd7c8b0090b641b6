"""Where spans go: over OTLP to a collector, if one is set. The packages for it come with the extra `otel`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import trace

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.settings import TraceSettings


@contextmanager
def exported(settings: TraceSettings, process: str) -> Iterator[None]:
    """Send the spans of a block to the collector that the settings name; those left at its end are sent then.

    What else there is to set has OpenTelemetry's own variables, such as OTEL_EXPORTER_OTLP_HEADERS.
    Raises `Misconfigured` where the packages for it are not installed.
    """
    if settings.endpoint is None:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio  # noqa: PLC0415
    except ImportError as error:
        raise Misconfigured("VITRINE_TRACES__ENDPOINT needs more packages: pip install 'vitrine[otel]'") from error
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"vitrine-{process}"}),
        sampler=ParentBasedTraceIdRatio(settings.share),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{settings.endpoint.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()
