"""HEAD is answered as GET is: the same status and fields, without a body, a cookie, a click or a record."""

from collections.abc import Mapping
from typing import Any

import pytest

from ingest.limits.gcra import make_limit
from ingest.limits.limits import LimitSettings
from tests.ingest.builders import FALLBACK, SHOES, Codes, found
from tests.ingest.serving import serving
from tests.ingest.wire import Answer, ask

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
    """Ask once, after so many visits; only these may be recorded when it was HEAD."""
    codes = {"abc123": referral or found()}
    async with serving(codes, limited, **of_site) as served:
        for _ in range(visits_before):
            await ask(served.port, "/ref/abc123")
        written_before = len((await served.published()).records)
        answer = await ask(served.port, target, fields, method)
        if method == "HEAD":
            assert len((await served.published()).records) == written_before
    return answer


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


async def test_a_failure_of_ours_is_500_to_both() -> None:
    class Broken(Codes):
        async def find(self, code: str) -> Any:
            raise RuntimeError("ours")

    for method, has_body in (("GET", True), ("HEAD", False)):
        async with serving() as served:
            served.redirect._lookup = Broken({})
            answer = await ask(served.port, "/ref/abc123", method=method)
        assert (answer.status, bool(answer.body)) == (500, has_body)
