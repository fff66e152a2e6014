"""Limits on the way of a visit, by the program's policy."""

import pytest

from ingest.limits.gcra import make_limit
from ingest.limits.limits import LimitSettings
from tests.ingest.builders import SHOES, found
from tests.ingest.serving import Served, serving
from tests.ingest.test_counting import pipeline
from tests.ingest.wire import ask

TWO_AT_ONCE = LimitSettings(client=make_limit(0.001, 2))
OF_A_CODE = LimitSettings(code=make_limit(0.001, 2))


async def visits(served: Served, count: int) -> list[tuple[int, str | None]]:
    return [(answer.status, answer.location) for answer in await pipeline(served, "/ref/abc123", count)]


@pytest.mark.parametrize(("limits", "by"), [(TWO_AT_ONCE, "client"), (OF_A_CODE, "code")])
async def test_flag_counts_the_click_and_says_which_limit_it_was_over(limits: LimitSettings, by: str) -> None:
    async with serving(limited=limits) as served:
        assert await visits(served, 4) == [(302, SHOES)] * 4
        topics = await served.published()
    assert [click.limit for click in topics.clicks()] == [None, None, by, by]
    assert topics.rejections() == []


async def test_the_policy_skip_redirects_and_records_no_click() -> None:
    answers = {"abc123": found(limit_policy="skip")}
    async with serving(answers, TWO_AT_ONCE) as served:
        assert await visits(served, 3) == [(302, SHOES)] * 3
        topics = await served.published()
    assert len(topics.clicks()) == 2
    assert [(rejection.reason, rejection.status) for rejection in topics.rejections()] == [("R301", 302)]


async def test_the_policy_refuse_says_when_to_come_again() -> None:
    answers = {"abc123": found(limit_policy="refuse")}
    async with serving(answers, TWO_AT_ONCE) as served:
        *_, last = await pipeline(served, "/ref/abc123", 3)
        topics = await served.published()
    assert last.status == 429
    assert int(last.headers["Retry-After"]) > 900
    assert [(rejection.reason, rejection.status) for rejection in topics.rejections()] == [("R301", 429)]


async def test_ten_times_over_there_is_no_click_whatever_the_policy() -> None:
    async with serving(limited=TWO_AT_ONCE) as served:
        assert await visits(served, 30) == [(302, SHOES)] * 30
        topics = await served.published()
    # Two within, and of the rest ten times as many flagged.
    assert [click.limit for click in topics.clicks()] == [None] * 2 + ["client"] * 20
    assert {rejection.reason for rejection in topics.rejections()} == {"R301"}


async def test_ten_times_over_a_head_has_nobody_asked_either() -> None:
    async with serving(limited=TWO_AT_ONCE) as served:
        *_, last = [await ask(served.port, "/ref/nope", method="HEAD") for _ in range(23)]
    assert last.status == 429
    assert served.asked == ["nope"] * 22


async def test_ten_times_over_nobody_is_asked_for_a_code_that_is_not_in_memory() -> None:
    async with serving(limited=TWO_AT_ONCE) as served:
        *_, last = await pipeline(served, "/ref/nope", 23)
        assert await visits(served, 1) == [(302, SHOES)]
        topics = await served.published()
    assert (last.status, int(last.headers["Retry-After"]) > 900) == (429, True)
    assert served.asked == ["nope"] * 22 + ["abc123"]
    refused = [(rejection.reason, rejection.status) for rejection in topics.rejections()]
    assert refused[-2:] == [("R301", 429), ("R301", 302)]
