"""After item 20: GET is safe, and nothing that is answered may be stored."""

import pytest

from referrals.lookup.answers import UNAVAILABLE
from tests.ingest.builders import FALLBACK, found
from tests.ingest.serving import serving
from tests.ingest.wire import ask

AHEAD = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"X-Moz": "prefetch"},
    {"X-Purpose": "preview"},
]


@pytest.mark.parametrize(("method", "fields"), [("HEAD", {}), *(("GET", fields) for fields in AHEAD)])
async def test_also_who_only_looks_or_fetches_ahead_makes_no_click_and_gets_no_cookie(
    method: str, fields: dict[str, str]
) -> None:
    async with serving() as served:
        answer = await ask(served.port, "/ref/abc123", fields, method)
        assert (await served.published()).clicks() == []
    assert answer.status == (302 if method == "HEAD" else 503)
    assert answer.cookie is None


@pytest.mark.parametrize("fields", AHEAD)
async def test_also_a_prefetch_that_is_recorded_by_setting_is_flagged_and_gets_no_cookie(
    fields: dict[str, str],
) -> None:
    async with serving(refuses_prefetch=False) as served:
        answer = await ask(served.port, "/ref/abc123", fields)
        (click,) = (await served.published()).clicks()
    assert (answer.status, answer.cookie, click.prefetch) == (302, None, True)


async def test_also_no_answer_may_be_stored() -> None:
    codes = {"abc123": found(), "paused": found(status="paused", fallback_url=FALLBACK), "away": UNAVAILABLE}
    async with serving(codes) as served:
        answers = [
            await ask(served.port, f"/ref/{code}", fields, method)
            for code in (*codes, "nobody", "not.a.code")
            for method, fields in (("GET", {}), ("HEAD", {}), ("POST", {}), ("GET", {"Sec-Purpose": "prefetch"}))
        ]
        answers.append(await ask(served.port, "/elsewhere"))
    assert {answer.status for answer in answers} == {302, 404, 405, 503}
    assert {answer.headers.get("Cache-Control") for answer in answers} == {"no-store"}
