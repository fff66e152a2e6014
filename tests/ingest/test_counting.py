"""Every click and refusal is counted: sequences, full queues, floods of refusals."""

import asyncio
import time
from collections import Counter

import msgspec
import pytest

from ingest.rejections import MAX_PER_SECOND
from tests.ingest.builders import SHOES
from tests.ingest.serving import Served, serving
from tests.ingest.wire import Answer, ask, request, send


async def pipeline(served: Served, target: str, times: int) -> list[Answer]:
    """Pipeline many requests over one connection."""
    more = request(target, last=False) * (times - 1)
    return await send(served.port, more + request(target))


STEPS = ("match", "client_ip", "client_limit", "lookup", "code_limit", "cookie_open", "cookie_seal", "target")


@pytest.mark.slow
async def test_accepted_clicks_are_numbered_without_holes_whatever_comes_between() -> None:
    paths = ["/ref/abc123", "/ref/nobody", "/ref/%00", "/ref/away", "/nothing", "/ref/abc123"]
    async with serving() as served:
        answers = await asyncio.gather(*(ask(served.port, path) for path in paths * 50))
        clicks = (await served.published()).clicks()
        assert served.answers() == {"accepted": 100, "rejected": 150, "not_found": 50}
    assert [answer.status for answer in answers] == [302, 404, 404, 503, 404, 302] * 50
    assert sorted(click.handled.sequence or 0 for click in clicks) == list(range(1, 101))
    assert len({click.click_id for click in clicks}) == 100
    assert {click.handled.process for click in clicks} == {clicks[0].handled.process}


async def test_a_request_that_fails_before_its_click_is_made_takes_no_number() -> None:
    async with serving() as served:
        assert (await ask(served.port, "/ref/abc123")).status == 302
        keys = served.keys.current
        served.keys.current = msgspec.structs.replace(keys, ip_seal=None)  # type: ignore[arg-type]  # a bug of ours
        failed = [await ask(served.port, "/ref/abc123") for _ in range(3)]
        served.keys.current = keys
        assert (await ask(served.port, "/ref/abc123")).status == 302
        clicks = (await served.published()).clicks()
    assert [answer.status for answer in failed] == [500] * 3
    assert [click.handled.sequence for click in clicks] == [1, 2]


async def test_the_steps_of_a_click_add_up_to_its_total() -> None:
    async with serving() as served:
        await pipeline(served, "/ref/abc123", 50)
        for click in (await served.published()).clicks():
            steps = dict(click.handled.steps_us)
            total = steps.pop("total")
            assert set(steps) == set(STEPS)
            assert 0 <= total - sum(steps.values()) <= len(steps)


async def test_while_kafka_is_away_visitors_go_on_and_their_clicks_wait() -> None:
    async with serving() as served:
        served.topics.may_deliver.clear()
        answers = await pipeline(served, "/ref/abc123", 10)
        assert served.count("clickrail_clicks_waiting") == 10
        served.topics.may_deliver.set()
        clicks = (await served.published()).clicks()
    assert [(answer.status, answer.location) for answer in answers] == [(302, SHOES)] * 10
    assert [click.handled.sequence for click in clicks] == list(range(1, 11))


async def test_after_a_failed_delivery_visitors_are_still_answered() -> None:
    async with serving() as served:
        served.topics.failures = 1
        answers = await pipeline(served, "/ref/abc123", 100)
        assert [answer.status for answer in answers] == [302] * 100
        clicks = (await served.published()).clicks()
    assert [click.handled.sequence for click in clicks] == list(range(1, 101))


@pytest.mark.slow
async def test_of_a_flood_of_refusals_twenty_a_second_are_recorded_and_all_are_counted() -> None:
    async with serving() as served:
        await asyncio.sleep(1 - time.time() % 1)  # a whole second lies ahead
        began = int(time.time())
        answers = await pipeline(served, "/ref/nobody", 200)
        await pipeline(served, "/ref/%00", 30)
        # One, but on a machine that stood still meanwhile.
        seconds = int(time.time()) - began + 1
        recorded = Counter(rejection.reason for rejection in (await served.published()).rejections())
        counted = {
            reason: [
                served.count("clickrail_requests_refused_total", reason=reason, recorded=is_recorded)
                for is_recorded in ("true", "false")
            ]
            for reason in ("R102", "R101")
        }
    assert [answer.status for answer in answers] == [404] * 200
    for reason, number in (("R102", 200), ("R101", 30)):
        assert counted[reason] == [recorded[reason], number - recorded[reason]]
        assert MAX_PER_SECOND <= recorded[reason] <= seconds * MAX_PER_SECOND


async def test_every_request_has_one_answer_in_the_metrics() -> None:
    asked = {
        "accepted": request("/ref/abc123"),
        "rejected": request("/ref/nobody"),
        "head": request("/ref/abc123", method="HEAD"),
        "method_not_allowed": request("/ref/abc123", method="POST"),
        "not_found": request("/"),
        "unreadable": b"nonsense\r\n\r\n",
    }
    async with serving() as served:
        for data in asked.values():
            await send(served.port, data)
        assert served.answers() == dict.fromkeys(asked, 1)
        # What could not be read took no time that we know of.
        count = served.count("http_server_request_duration_seconds_count", http_route="/ref/{code}")
    assert count == len(asked)
