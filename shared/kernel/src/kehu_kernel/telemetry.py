"""Logs, metrics and traces: structured, labelled by route template, continued across Kafka."""

import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson
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

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that is being worked on, for all log lines on the way."""

_TRACE_CONTEXT = TraceContextTextMapPropagator()
NO_PARENT = TraceContext()


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
    return _TRACE_CONTEXT.extract({"traceparent": traceparent}) if traceparent else NO_PARENT


def traceparent_of(span: trace.Span) -> str:
    """Return the `traceparent` that continues the span (W3C Trace Context, 3.2)."""
    of = span.get_span_context()
    return f"00-{of.trace_id:032x}-{of.span_id:016x}-{of.trace_flags:02x}"


def configure_logging(level: str, style: str) -> None:
    """Send all logs to standard error: one JSON object a line, or coloured text for a console."""
    # Where in the code and in which thread something was said is never shown: not looked up.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = False
    logging.logMultiprocessing = logging.logAsyncioTasks = False  # type: ignore[attr-defined]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else _console())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "httpx", "httpcore", "aiokafka", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class JsonLines(logging.Formatter):
    """One JSON object a line: what is said, the id of the request, and `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. Values that JSON does not know are shown by `repr`."""
        said: dict[str, Any] = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": datetime.fromtimestamp(record.created, UTC),
        }
        if (request_id := REQUEST_ID.get()) is not None:
            said["request_id"] = request_id
        said |= {
            name: value for name, value in record.__dict__.items() if name not in OF_EVERY_RECORD
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(said, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


OF_EVERY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"color_message", "message"}
"""What every log record has; `color_message` is uvicorn's second, coloured copy."""


def _console() -> logging.Formatter:
    """Return the formatter for people: coloured if they look at a terminal."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            _with_request_id,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _without_colours,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
    )


def _with_request_id(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if (request_id := REQUEST_ID.get()) is not None:
        event["request_id"] = request_id
    return event


def _without_colours(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop uvicorn's second, coloured copy of its message."""
    event.pop("color_message", None)
    return event


propagate.set_global_textmap(_TRACE_CONTEXT)
