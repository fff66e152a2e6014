"""The spans of a click, from its answer to its row, as a collector of OpenTelemetry receives them."""

import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from schemas import CLICKS_ENRICHED, CLICKS_RAW
from schemas.trace_ids import PARENTS, span_ids, trace_id
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, running_pipeline
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.processes]

STEPS: Final = ("click", *PARENTS)
SECOND_NS: Final = 1_000_000_000


class Received(msgspec.Struct, frozen=True):
    """A span, as it came over the wire, and the service it came from."""

    service: str
    span: Span

    @property
    def ids(self) -> tuple[int, int, int | None]:
        parent = int.from_bytes(self.span.parent_span_id) if self.span.parent_span_id else None
        return int.from_bytes(self.span.trace_id), int.from_bytes(self.span.span_id), parent

    @property
    def attributes(self) -> Mapping[str, str | int]:
        return {one.key: one.value.string_value or one.value.int_value for one in self.span.attributes}


class Collector:
    """Receives spans by OTLP over HTTP, as protobuf."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.url = ""

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        export = ExportTraceServiceRequest.FromString(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        for of_resource in export.resource_spans:
            (service,) = (one.value for one in of_resource.resource.attributes if one.key == "service.name")
            self.received += [
                Received(service.string_value, span) for scope in of_resource.scope_spans for span in scope.spans
            ]
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )

    def count(self, number: int) -> bool:
        return len(self.received) >= number

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/v1/traces", self.receive)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces"
        try:
            yield
        finally:
            await runner.cleanup()


async def send_again(pipeline: Pipeline) -> None:
    """Have the raw clicks of the topic enriched a second time."""
    values = await pipeline.values(CLICKS_RAW)
    async with AIOKafkaProducer(bootstrap_servers=pipeline.kafka) as producer:
        for value in values:
            await producer.send_and_wait(pipeline.prefix + CLICKS_RAW.name, value)


async def read_traceparent(pipeline: Pipeline) -> bytes:
    """Give the trace context of the first enriched click."""
    topic = pipeline.prefix + CLICKS_ENRICHED.name
    async with AIOKafkaConsumer(topic, bootstrap_servers=pipeline.kafka, auto_offset_reset="earliest") as consumer:
        record = await consumer.getone()
    return dict(record.headers)["traceparent"]


async def test_a_collector_sees_the_four_spans_of_a_click_and_a_replay_makes_the_same(pipeline: Pipeline) -> None:
    collector = Collector()
    async with collector.running():
        pipeline.environ |= {
            "CLICKRAIL_TRACES_ENDPOINT": collector.url,
            "CLICKRAIL_TRACES_RATIO": "1",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        async with running_pipeline(pipeline):
            visitors = Visitors(pipeline)
            await visitors.click()
            await eventually(lambda: collector.count(4))
            await send_again(pipeline)
            await eventually(lambda: collector.count(6))
            joined_by = await read_traceparent(pipeline)

    (click_id,) = visitors.answered
    trace = trace_id(click_id)
    first = {one.span.name: one for one in collector.received[:4]}
    request, raw, enriched, row = (
        first[name]
        for name in (
            "GET /ref/{code}",
            f"send {pipeline.prefix}{CLICKS_RAW.name}",
            f"process {pipeline.prefix}{CLICKS_RAW.name}",
            f"process {pipeline.prefix}{CLICKS_ENRICHED.name}",
        )
    )
    expected = [span_ids(trace, step) for step in STEPS]
    assert [one.ids for one in (request, raw, enriched, row)] == [(ids.trace, ids.span, ids.parent) for ids in expected]
    assert [one.service for one in (request, raw, enriched, row)] == [
        "clickrail-ingest",
        "clickrail-ingest",
        "clickrail-enricher",
        "clickrail-sink",
    ]
    assert [one.span.kind for one in (request, raw, enriched, row)] == [
        Span.SPAN_KIND_SERVER,
        Span.SPAN_KIND_PRODUCER,
        Span.SPAN_KIND_CONSUMER,
        Span.SPAN_KIND_CONSUMER,
    ]
    assert joined_by == b"00-%032x-%016x-01" % (trace, enriched.ids[1])
    assert request.attributes["clickrail.code"] == "abc123"
    assert enriched.attributes["messaging.consumer.group.name"] == f"{pipeline.prefix}clickrail.enricher"
    assert all(one.span.start_time_unix_nano < one.span.end_time_unix_nano for one in collector.received)
    assert row.span.end_time_unix_nano - request.span.start_time_unix_nano < 600 * SECOND_NS
    assert {one.ids for one in collector.received[4:]} == {enriched.ids, row.ids}
