"""Sends spans by OpenTelemetry's SDK. Imported only by `runtime.tracing`, where spans are wanted."""

import asyncio
import threading
from contextlib import suppress
from typing import Any, Final

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from runtime.tracing import Kind, Span

EXPORT_S: Final = 5.0
CLOSE_S: Final = 2.0
TICK_S: Final = 0.02
ANSWER_BYTES: Final = 64
"""A collector answers with a few bytes, of which only the status is used."""
KINDS: Final[dict[Kind, SpanKind]] = {
    "server": SpanKind.SERVER,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


class ShortAnswers(requests.Session):
    """Reads little of an answer, however long it is: the SDK would keep all of it in memory.

    A connection whose answer was longer is closed, and the next request makes another.
    """

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """As its parent's, but the answer's content is gone."""
        response = super().send(request, **(options | {"stream": True}))
        with suppress(requests.RequestException):
            next(response.iter_content(ANSWER_BYTES), b"")
        response.close()
        return response


class OtlpSpans:
    """Hands spans to a thread of the SDK, which sends them in batches and drops what its queue has no room for.

    The SDK's own variables apply, such as OTEL_EXPORTER_OTLP_HEADERS and OTEL_RESOURCE_ATTRIBUTES.
    """

    def __init__(self, endpoint: str, service: str, version: str) -> None:
        # A tracer of the SDK makes random ids, and times of its own: spans are built of their parts instead.
        self._resource = Resource.create(
            {"service.name": f"clickrail-{service}", "service.namespace": "clickrail", "service.version": version}
        )
        self._scope = InstrumentationScope("clickrail", version)
        self._processor = BatchSpanProcessor(
            OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_S, session=ShortAnswers())
        )

    def put(self, span: Span) -> None:
        ids = span.context
        self._processor.on_end(
            ReadableSpan(
                name=span.name,
                context=SpanContext(ids.trace, ids.span, is_remote=False, trace_flags=SAMPLED),
                parent=None if ids.parent is None else SpanContext(ids.trace, ids.parent, is_remote=True),
                resource=self._resource,
                attributes=dict(span.attributes),
                kind=KINDS[span.kind],
                start_time=span.started_ns,
                end_time=span.ended_ns,
                instrumentation_scope=self._scope,
            )
        )

    async def close(self) -> None:
        """Send what is left, within two seconds: nobody waits for a collector that is away."""
        # Not asyncio.to_thread(): the loop would wait for that thread at its end.
        closing = threading.Thread(target=self._processor.shutdown, daemon=True)
        closing.start()
        for _ in range(round(CLOSE_S / TICK_S)):
            if not closing.is_alive():
                return
            await asyncio.sleep(TICK_S)
