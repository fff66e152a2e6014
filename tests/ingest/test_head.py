"""HEAD is answered as GET is: the same status and fields, without a body, a cookie or a click.

HEAD, and whatever else is no visit, leaves a trace where the code is known.
"""

import asyncio
import time
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import pytest

from identity.ip import hash_ip
from ingest.limits.gcra import make_limit
from ingest.limits.limits import LimitSettings
from ingest.rejections import MAX_PER_SECOND
from referrals.lookup.answers import Found
from schemas import RejectedClick
from tests.ingest.builders import FALLBACK, SHOES, Codes, found, keys, read
from tests.ingest.serving import serving
from tests.ingest.wire import Answer, ask, request, send

OF_A_CLIENT = LimitSettings(client=make_limit(0.001, 1))
OF_A_CODE = LimitSettings(code=make_limit(0.001, 1))
LOST = "https://shop.example/?lost"


async def answer_to(
    method: str,
    target: str,
    fields: Mapping[str, str],
    visits_before: int = 0,
    *,
    referral: Any = None,
    limited: LimitSettings | None = None,
    **of_site: Any,
) -> Answer:
    """Ask once, after so many visits; besides these only a trace may be recorded when it was HEAD."""
    codes = {"abc123": referral or found()}
    async with serving(codes, limited, **of_site) as served:
        for _ in range(visits_before):
            await ask(served.port, "/ref/abc123")
        written_before = len((await served.published()).records)
        answer = await ask(served.port, target, fields, method)
        if method == "HEAD":
            added = [record.value for record in (await served.published()).records[written_before:]]
            traces = [read(RejectedClick, value) for value in added]
            assert [(trace.reason, trace.method, trace.status) for trace in traces] in (
                [], [("R602" if answer.status == 405 else "R601", "HEAD", answer.status)],
            )  # fmt: skip
    return answer


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "fields", "setting"),
    [
        ("/ref/abc123?sub1=a", {}, {}),
        ("/ref/abc123?sub1=a&x=y", {}, {"referral": found(pass_query="all", target_url=SHOES + "/{sub1}")}),
        ("/ref/abc123", {}, {"referral": found(status="paused", fallback_url=FALLBACK)}),
        ("/ref/abc123", {}, {"referral": found(of_code={"status": "paused"})}),
        ("/ref/abc123", {}, {"referral": found(of_affiliate={"status": "paused"})}),
        ("/ref/nobody", {}, {}),
        ("/ref/nobody", {}, {"fallback_url": LOST}),
        ("/ref/not.a.code", {}, {}),
        ("/ref/not.a.code", {}, {"fallback_url": LOST}),
        ("/ref/abc123", {"Sec-Purpose": "prefetch"}, {}),
        ("/ref/abc123", {"Sec-Purpose": "prefetch"}, {"refuses_prefetch": False}),
        ("/ref/not.a.code", {"Sec-Purpose": "prefetch"}, {}),
        *(
            ("/ref/abc123", {}, {"referral": found(limit_policy=policy), "limited": limited, "visits_before": visits})
            for policy in ("flag", "skip", "refuse")
            for limited in (OF_A_CLIENT, OF_A_CODE)
            for visits in (1, 12)
        ),
        ("/ref/nobody", {}, {"limited": OF_A_CLIENT, "visits_before": 12}),
        ("/elsewhere", {}, {}),
        ("*", {}, {}),
        ("/ref/abc123 x", {}, {}),
        ("/ref/abc123", {"Content-Length": "3"}, {}),
        ("/ref/abc123", {"Transfer-Encoding": "chunked"}, {}),
        ("/ref/abc123", {"X": "x" * 40_000}, {}),
    ],
)
async def test_head_has_the_status_and_the_fields_of_get(
    target: str, fields: dict[str, str], setting: dict[str, Any]
) -> None:
    got = await answer_to("GET", target, fields, **setting)
    looked = await answer_to("HEAD", target, fields, **setting)

    assert (looked.status, described(looked)) == (got.status, described(got))
    assert (looked.cookie, looked.body) == (None, b"")


def described(answer: Answer) -> dict[str, str]:
    """Give all fields but those that are of one click or one moment."""
    fields = {name: value for name, value in answer.headers.items() if name not in ("Date", "Set-Cookie")}
    return fields | ({"Retry-After": "some"} if int(fields.get("Retry-After", "0")) > 900 else {})


async def test_head_of_a_location_that_names_the_click_leaves_its_place_empty() -> None:
    referral = found(target_url=SHOES + "?c={click_id}&a={affiliate_id}", token_parameter=None)
    assert (await answer_to("HEAD", "/ref/abc123", {}, referral=referral)).location == SHOES + "?c=&a=ann"


async def test_head_of_a_code_uses_nothing_of_the_codes_limit() -> None:
    limited = LimitSettings(code=make_limit(0.001, 2))
    async with serving({"abc123": found(limit_policy="refuse")}, limited) as served:
        answers = [await ask(served.port, "/ref/abc123", method=method) for method in ("HEAD",) * 5 + ("GET",) * 3]
        answers.append(await ask(served.port, "/ref/abc123", method="HEAD"))
    assert [answer.status for answer in answers] == [302] * 7 + [429, 429]


@pytest.mark.parametrize(
    ("referral", "fields", "setting", "status"),
    [
        (found(), {}, {}, 302),
        (found(status="paused"), {}, {}, 302),
        (found(), {"Sec-Purpose": "prefetch"}, {}, 503),
        (found(), {"Content-Length": "3"}, {}, 405),
    ],
)
async def test_head_of_a_known_code_leaves_a_trace(
    referral: Found, fields: dict[str, str], setting: dict[str, Any], status: int
) -> None:
    sent = fields | {"User-Agent": "checker/1", "Referer": "https://mail.example/"}
    async with serving({"abc123": referral}, **setting) as served:
        answer = await ask(served.port, "/ref/abc123?sub1=a", sent, "HEAD")
        topics = await served.published()
    (trace,) = topics.rejections()
    assert topics.clicks() == []
    assert answer.status == trace.status == status
    assert (trace.reason, trace.method) == ("R602" if status == 405 else "R601", "HEAD")
    assert (trace.asked, trace.affiliate_id, trace.program_id) == ("abc123", "ann", "shop")
    assert (trace.user_agent, trace.referrer, trace.handled.sequence) == ("checker/1", "https://mail.example/", None)
    assert trace.ip_hash == hash_ip(keys().ip_hash, ip_address("127.0.0.1").packed)[1]


@pytest.mark.parametrize("target", ["/ref/nobody", "/ref/not.a.code", "/elsewhere", "/ref/away"])
@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
async def test_a_request_for_no_known_code_leaves_no_trace(target: str, method: str) -> None:
    async with serving() as served:
        await ask(served.port, target, method=method)
        topics = await served.published()
    assert topics.records == []


@pytest.mark.parametrize(
    ("method", "fields", "written"),
    [
        ("POST", {}, "POST"),
        ("POST", {"Content-Length": "3"}, "POST"),
        ("POST", {"Transfer-Encoding": "chunked"}, "POST"),
        ("OPTIONS", {}, "OPTIONS"),
        ("DELETE", {}, "DELETE"),
        ("GET", {"Content-Length": "3"}, None),
    ],
)
async def test_another_method_or_a_body_is_405_and_leaves_a_trace_if_the_code_is_in_memory(
    method: str, fields: dict[str, str], written: str | None
) -> None:
    async with serving() as served:
        answer = await ask(served.port, "/ref/abc123", fields, method)
        topics = await served.published()
        assert (served.asked, served.answers()) == ([], {"method_not_allowed": 1})
    (trace,) = topics.rejections()
    assert topics.clicks() == []
    assert (answer.status, answer.cookie) == (405, None)
    assert (trace.reason, trace.status, trace.method) == ("R602", 405, written)
    assert (trace.asked, trace.program_id) == ("abc123", "shop")


async def test_a_trace_of_an_anonymous_visitor_has_no_hash() -> None:
    async with serving({"abc123": found(privacy_gpc="anonymous")}) as served:
        await ask(served.port, "/ref/abc123", {"Sec-GPC": "1"}, "HEAD")
        (trace,) = (await served.published()).rejections()
    assert (trace.ip_hash, trace.ip_hash_key_id) == (None, None)


async def test_traces_are_recorded_after_the_answers_and_no_more_than_rejections() -> None:
    async with serving() as served:
        while time.time() % 1 > 0.5:
            await asyncio.sleep(0.05)
        data = request("/ref/abc123", method="HEAD", last=False) * 99 + request("/ref/abc123", method="HEAD")
        answers = await send(served.port, data)
        recorded = len((await served.published()).rejections())
        counted = [
            served.count("clickrail_requests_refused_total", reason="R601", recorded=is_recorded)
            for is_recorded in ("true", "false")
        ]
    assert [answer.status for answer in answers] == [302] * 100
    assert counted == [recorded, 100 - recorded]
    assert MAX_PER_SECOND <= recorded < 100


async def test_a_failure_of_ours_is_500_to_both() -> None:
    class Broken(Codes):
        async def find(self, code: str) -> Any:
            raise RuntimeError("ours")

    for method, has_body in (("GET", True), ("HEAD", False)):
        async with serving() as served:
            served.redirect._lookup = Broken({})
            answer = await ask(served.port, "/ref/abc123", method=method)
        assert (answer.status, bool(answer.body)) == (500, has_body)
