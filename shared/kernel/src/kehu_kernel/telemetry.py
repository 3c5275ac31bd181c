"""Logs, metrics and traces: structured, labelled by route template, continued across Kafka."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import propagate, trace
from opentelemetry.context import Context as TraceContext
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram

from kehu_kernel.settings import ServiceSettings

HTTP_SECONDS = Histogram(
    "kehu_http_request_seconds",
    "Time to answer a request, by route template.",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
HTTP_IN_FLIGHT = Gauge("kehu_http_requests_in_flight", "Requests being worked on.", ["service"])
HTTP_SHED = Counter("kehu_http_requests_shed_total", "Requests refused by overload.", ["service"])

_TRACE_CONTEXT = TraceContextTextMapPropagator()


def tracer_provider(service: str, settings: ServiceSettings) -> TracerProvider:
    """Return a provider that samples at the head and exports by OTLP if an endpoint is set."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"kehu-{service}"}),
        sampler=ParentBased(TraceIdRatioBased(settings.trace_sample_ratio)),
    )
    if settings.otlp_endpoint:
        exporter = OTLPSpanExporter(endpoint=settings.otlp_endpoint)
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def parent_of(traceparent: str | None) -> TraceContext:
    """Return the trace context that a `traceparent` header describes (empty if there is none)."""
    return _TRACE_CONTEXT.extract({"traceparent": traceparent} if traceparent else {})


def traceparent_of(span: trace.Span) -> str:
    """Return the `traceparent` that continues the span."""
    carrier: dict[str, str] = {}
    _TRACE_CONTEXT.inject(carrier, trace.set_span_in_context(span))
    return carrier["traceparent"]


def configure_logging(level: str, style: str) -> None:
    """Send all logs to standard error: one JSON object a line, or coloured text for a console."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_colours,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "httpx", "httpcore", "aiokafka", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _without_colours(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop uvicorn's second, coloured copy of its message."""
    event.pop("color_message", None)
    return event


propagate.set_global_textmap(_TRACE_CONTEXT)
