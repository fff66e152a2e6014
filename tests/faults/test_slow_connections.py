"""Connections that are opened to be kept busy: they are closed in time, and everybody else is answered meanwhile."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.drill import Drill
from tests.faults.oracles import AS_OFTEN, assert_bounded, assert_conserved, open_files, pid_of
from tests.faults.shop import read_metric
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

SLOW = 2000
HEAD = b"GET /ref/abc123 HTTP/1.1\r\nHost: go.shop.example\r\nX-Slow: "
DRIP_S = 0.5
RATE = 200


@asynccontextmanager
async def files_for(count: int) -> AsyncIterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 500:
        pytest.skip(f"this system allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 500), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def drip(port: int, closed_after_s: list[float]) -> None:
    """Send a request a byte at a time, until the server has enough of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.monotonic()
    writer.write(HEAD)
    ended = asyncio.create_task(reader.read(1))
    while not (await asyncio.wait([ended], timeout=DRIP_S))[0]:
        writer.write(b"x")
    assert ended.exception() is not None or ended.result() == b""
    closed_after_s.append(time.monotonic() - started)
    writer.close()


async def test_two_thousand_slow_connections_are_closed_in_time_and_keep_nobody_from_being_answered(
    pipeline: Pipeline, drill: Drill
) -> None:
    head_s = drill.seconds(short=4, long=10)
    pipeline.services["ingest"].environ["CLICKRAIL_INGEST_HEAD_TIMEOUT_S"] = str(head_s)
    async with files_for(SLOW), running_pipeline(pipeline):
        ingest = pipeline.services["ingest"]
        before, during = Visitors(pipeline), Visitors(pipeline)
        async with before.visiting(RATE):
            await asyncio.sleep(drill.seconds(short=1, long=5))
        files = open_files(pid_of(ingest))
        closed_after_s: list[float] = []
        async with assert_bounded(pipeline, files=SLOW + 100), during.visiting(RATE):
            slow = [asyncio.create_task(drip(pipeline.port, closed_after_s)) for _ in range(SLOW)]
            await asyncio.gather(*slow)
        assert (len(closed_after_s), max(closed_after_s) < head_s * AS_OFTEN) == (SLOW, True)
        assert await read_metric(ingest.private_port, "clickrail_connections_closed_total", reason="too_slow") == SLOW

        async def given_back() -> bool:
            return open_files(pid_of(ingest)) <= files

        await eventually(given_back)
        assert set(during.statuses) == {302}
        assert (during.unanswered, during.turned_away) == (0, 0)
        during.answered += before.answered
        await assert_conserved(pipeline, during)

    p99s = before.p99_ms(), during.p99_ms()
    what = f"{SLOW} connections that send a byte each {DRIP_S} s"
    drill.note("24", what, f"closed after {max(closed_after_s):.1f} s", "<= 10 s", max(closed_after_s) <= 10)
    drill.note("24", what, f"p99 {p99s[1]:.1f} ms, before {p99s[0]:.1f} ms", "<= 2x", p99s[1] <= 2 * p99s[0])
