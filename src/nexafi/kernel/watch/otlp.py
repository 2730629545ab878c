"""OTLP: hands spans to a collector, by OpenTelemetry's SDK, loaded only where one is set.

The SDK gathers them in a bounded queue, sends them together from a thread of its
own, and throws away what does not fit: no request waits for a collector.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from nexafi.kernel.watch.traces import Span

PATH: Final = "/v1/traces"
TIMEOUT_S: Final = 10
SCOPE: Final = "nexafi"


def exporter(
    url: str, service: str, headers: Mapping[str, str]
) -> tuple[Callable[[Span], None], Callable[[], None]]:
    """Return what takes a span of *service*, and what sends the rest at the end.

    Args:
        url: of the collector, without the path: ``http://127.0.0.1:4318``.
        service: in whose name.
        headers: by which the collector knows us.

    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource({"service.name": f"nexafi-{service}", "service.namespace": "nexafi"})
    sender = OTLPSpanExporter(
        endpoint=url.rstrip("/") + PATH, headers=dict(headers), timeout=TIMEOUT_S
    )
    gathering = BatchSpanProcessor(sender)
    return lambda span: gathering.on_end(_readable(span, resource)), gathering.shutdown


def _readable(span: Span, resource: Any) -> Any:  # noqa: ANN401 - types of the SDK, loaded late
    """Return *span* as the SDK has it."""
    from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415
    from opentelemetry.trace import (  # noqa: PLC0415
        SpanContext,
        SpanKind,
        Status,
        StatusCode,
        TraceFlags,
    )

    trace_id, flags = int(span.trace_id, 16), TraceFlags(TraceFlags.SAMPLED)
    parent = None
    if span.parent_id is not None:
        parent = SpanContext(trace_id, int(span.parent_id, 16), is_remote=True, trace_flags=flags)
    return ReadableSpan(
        name=span.name,
        context=SpanContext(trace_id, int(span.span_id, 16), is_remote=False, trace_flags=flags),
        parent=parent,
        resource=resource,
        attributes={name: _value(value) for name, value in span.said.items() if value is not None},
        kind=SpanKind[span.kind.upper()],
        status=Status(StatusCode.ERROR if span.is_failed else StatusCode.UNSET),
        start_time=span.began_ns,
        end_time=span.ended_ns,
        instrumentation_scope=InstrumentationScope(SCOPE),
    )


def _value(value: object) -> Any:  # noqa: ANN401 - one of the types that an attribute has
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [str(each) for each in value]
    return str(value)
