"""Spans for OpenTelemetry: made after the work, from times that were noted anyway, and sent by a thread.

The SDK is imported only where an address is set, so it costs nothing where it is not. Ids and sampling are computed by
the callers, from what they trace: a replay makes the same spans again.
"""

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Final, Literal, Protocol

import msgspec
from msgspec import Meta

from runtime.errors import SettingsError
from runtime.setting_urls import find_web_problem

Kind = Literal["server", "producer", "consumer"]
Attributes = Mapping[str, str | int]
SETTING: Final = "CLICKRAIL_TRACES_ENDPOINT"
DEFAULT_RATIO: Final = 0.01


def find_endpoint_problem(url: str) -> str | None:
    problem = find_web_problem(url)
    return None if problem is None else f"{problem}; use a URL like http://collector:4318/v1/traces"


TracesEndpoint = Annotated[
    str,
    Meta(
        description="where spans are sent (OTLP over HTTP); without it there are none. Needs the extra `otel`",
        examples=["http://collector:4318/v1/traces"],
        extra={"check": find_endpoint_problem},
    ),
]
TracesRatio = Annotated[
    float,
    Meta(ge=0, le=1, description="share of clicks of which spans are sent; the same in every service"),
]


class SpanContext(Protocol):
    """The ids of a span. `parent` is null for the first of a trace."""

    @property
    def trace(self) -> int: ...
    @property
    def span(self) -> int: ...
    @property
    def parent(self) -> int | None: ...


class Span(msgspec.Struct, frozen=True):
    """What was done, from when until when (nanoseconds since 1970)."""

    name: str
    kind: Kind
    context: SpanContext
    started_ns: int
    ended_ns: int
    attributes: Attributes


class SpanSink(Protocol):
    """Takes spans and sends them sometime. Blocks nobody, raises nothing; what it has no room for is dropped."""

    def put(self, span: Span) -> None: ...

    async def close(self) -> None: ...


class TracingSettings(Protocol):
    """The settings of a service that traces."""

    @property
    def traces_endpoint(self) -> str | None: ...
    @property
    def traces_ratio(self) -> float: ...


class Tracing(msgspec.Struct, frozen=True):
    """Where the spans of this process go, and of which share of clicks there are any."""

    spans: SpanSink
    ratio: float


@asynccontextmanager
async def open_tracing(settings: TracingSettings, service: str, version: str) -> AsyncIterator[Tracing | None]:
    """Open the way to the collector, or nothing where none is set. Waits for no server.

    Raises SettingsError where the packages are missing. At the end, spans get two seconds to be sent.
    """
    if settings.traces_endpoint is None:
        yield None
        return
    spans = load_exporter(settings.traces_endpoint, service, version)
    try:
        yield Tracing(spans, settings.traces_ratio)
    finally:
        await spans.close()


def load_exporter(endpoint: str, service: str, version: str) -> SpanSink:
    try:
        otlp = importlib.import_module("runtime.otlp")
    except ModuleNotFoundError as error:
        raise SettingsError(f"{SETTING}: {error.name} is missing: install clickrail[otel]") from None
    exporter: SpanSink = otlp.OtlpSpans(endpoint, service, version)
    return exporter
