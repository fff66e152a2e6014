"""Spans for a collector that is away."""

import time

from runtime.otlp import CLOSE_S, OtlpSpans
from runtime.tracing import Span
from schemas.trace_ids import span_ids
from tests.waiting import PATIENCE_S

SPAN = Span("GET /ref/{code}", "server", span_ids(7, "click"), 1, 2, {"clickrail.code": "abc123"})
MORE_THAN_THE_QUEUE_HOLDS = 5000


async def test_a_collector_that_is_away_blocks_nobody_and_holds_up_no_stop() -> None:
    spans = OtlpSpans("http://127.0.0.1:1/v1/traces", "ingest", "0")
    began = time.monotonic()
    for _ in range(MORE_THAN_THE_QUEUE_HOLDS):
        spans.put(SPAN)
    await spans.close()
    assert time.monotonic() - began < min(10 * CLOSE_S, PATIENCE_S)
