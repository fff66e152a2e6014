"""Overload over real sockets: a burst is answered, a standing queue partly, and every click is answered or refused."""

import asyncio
from collections import Counter

import msgspec
import pytest
from structlog.testing import capture_logs

from ingest.http.overload_log import PROBLEM
from ingest.readiness import Readiness
from tests.ingest.serving import Served, serving
from tests.ingest.wire import read_answers, request
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.slow

GET = request("/ref/abc123", last=False)
REDIRECT, REFUSAL = 302, 503
LOOKUP_S = 0.0003
"""With it 300 visitors at a time are too many on any machine."""


class Seen(msgspec.Struct):
    """Answers by status, and the `Retry-After` of the refusals."""

    statuses: Counter[int]
    retry_after: set[str | None]


async def click_elsewhere(port: int, connections: int, seconds: float) -> Seen:
    """Click from a thread with a loop of its own, so that requests arrive while the server is at work."""
    return await asyncio.to_thread(lambda: asyncio.run(click_for(port, connections, seconds)))


async def click_for(port: int, connections: int, seconds: float) -> Seen:
    """Click on so many connections at once, on each again as soon as it is answered; every request gets its answer."""
    seen, loop = Seen(Counter(), set()), asyncio.get_running_loop()
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    ends = loop.time() + seconds

    async def click(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_first = True
        while is_first or loop.time() < ends:
            is_first = False
            writer.write(GET)
            head = await reader.readuntil(b"\r\n\r\n")
            (answer,) = read_answers(head, is_head=True)
            await reader.readexactly(int(answer.headers["Content-Length"]))
            seen.statuses[answer.status] += 1
            if answer.status == REFUSAL:
                seen.retry_after.add(answer.headers.get("Retry-After"))
        writer.close()

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(click(*each) for each in opened))
    return seen


def overload_is(served: Served, measure: str) -> bool:
    return served.count("clickrail_overload", measure=measure) == 1


async def test_a_burst_of_500_is_answered() -> None:
    async with serving() as served:
        seen = await click_for(served.port, 500, seconds=0)
        topics = await served.published()
    assert seen.statuses == {REDIRECT: 500}
    assert len(topics.clicks()) == 500


async def test_in_an_overload_every_request_is_a_click_or_a_refusal_and_never_both() -> None:
    async with serving(most_wait_ms=20, lookup_s=LOOKUP_S) as served:
        seen = await click_elsewhere(served.port, 300, seconds=2)
        answers = served.answers()
        topics = await served.published()
    assert set(seen.statuses) == {REDIRECT, REFUSAL}
    assert seen.retry_after == {"1"}
    assert answers == {"accepted": seen.statuses[REDIRECT], "overloaded": seen.statuses[REFUSAL]}
    clicks = [click.click_id for click in topics.clicks()]
    assert len(clicks) == len(set(clicks)) == seen.statuses[REDIRECT]
    assert not topics.rejections()


async def test_without_a_limit_nobody_is_refused() -> None:
    async with serving(most_wait_ms=0) as served:
        seen = await click_elsewhere(served.port, 300, seconds=1)
    assert set(seen.statuses) == {REDIRECT}


async def test_an_overload_is_told_in_log_readiness_and_metrics_and_ends() -> None:
    with capture_logs() as logs:
        async with serving(most_wait_ms=20, lookup_s=LOOKUP_S) as served:
            readiness = Readiness(asyncio.Event())
            readiness.env = served.env
            assert readiness.degraded()["load"] is None
            load = asyncio.create_task(click_elsewhere(served.port, 300, seconds=2))
            await eventually(lambda: overload_is(served, "refuse") and overload_is(served, "slow_delivery"))
            await load
            await eventually(lambda: readiness.degraded()["load"] == PROBLEM)
            await eventually(lambda: not overload_is(served, "refuse"))
            after = await click_for(served.port, 100, seconds=0)
    assert after.statuses == {REDIRECT: 100}
    assert [line["log_level"] for line in logs if line["event"] == "requests are refused"] == ["warning"]
