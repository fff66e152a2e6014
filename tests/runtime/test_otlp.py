"""Spans for a collector that is away, or that says more than anybody asked."""

import asyncio
import time

import pytest

from runtime.otlp import CLOSE_S, OtlpSpans
from runtime.tracing import Span
from schemas.trace_ids import span_ids
from tests.waiting import PATIENCE_S

SPAN = Span("GET /ref/{code}", "server", span_ids(7, "click"), 1, 2, {"clickrail.code": "abc123"})
MORE_THAN_THE_QUEUE_HOLDS = 5000
MORE_THAN_BUFFERS_HOLD = 50_000_000
A_BATCH = 512


@pytest.mark.slow
async def test_a_collector_that_is_away_blocks_nobody_and_holds_up_no_stop() -> None:
    spans = OtlpSpans("http://127.0.0.1:1/v1/traces", "ingest", "0")
    began = time.monotonic()
    for _ in range(MORE_THAN_THE_QUEUE_HOLDS):
        spans.put(SPAN)
    await spans.close()
    assert time.monotonic() - began < min(10 * CLOSE_S, PATIENCE_S)


class Talker:
    """A collector whose answers have no end. `hung_up` gets the bytes that it could send each time."""

    def __init__(self) -> None:
        self.hung_up: asyncio.Queue[int] = asyncio.Queue()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        sent = 0
        try:
            while sent < MORE_THAN_BUFFERS_HOLD:
                writer.write(bytes(1_000_000))
                await writer.drain()
                sent += 1_000_000
        except OSError:
            pass
        self.hung_up.put_nowait(sent)
        writer.close()


async def test_an_answer_without_an_end_is_not_read_and_the_next_spans_are_sent() -> None:
    talker = Talker()
    async with await asyncio.start_server(talker.answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        spans = OtlpSpans(f"http://127.0.0.1:{port}/v1/traces", "ingest", "0")
        sent = list[int]()
        for _ in range(2):
            for _ in range(A_BATCH):
                spans.put(SPAN)
            sent.append(await asyncio.wait_for(talker.hung_up.get(), PATIENCE_S))
        await spans.close()

    assert max(sent) < MORE_THAN_BUFFERS_HOLD
