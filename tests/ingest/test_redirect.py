"""The answers of the redirect, over a real socket."""

from typing import Any

import pytest

from identity.cookie import CookieClaims, open_cookie
from referrals.lookup.answers import Answer, Found
from tests.ingest.builders import FALLBACK, SHOES, found, keys
from tests.ingest.serving import serving
from tests.ingest.wire import ask, request, send

SITE_FALLBACK = "https://shop.example/?lost=a%20b+c"
WITH_MACROS = "https://shop.example/?c={click_id}&t={click_token}&a={affiliate_id}&s={sub1}"
PAUSED = {"status": "paused"}


async def test_an_active_code_gets_302_a_cookie_and_one_click() -> None:
    async with serving() as served:
        answer = await ask(served.port, "/ref/abc123?sub1=mail")
        (click,) = (await served.published()).clicks()
        assert served.answers() == {"accepted": 1}

    assert (answer.status, answer.location, answer.headers["Cache-Control"]) == (302, SHOES, "no-store")
    assert answer.headers["Set-Cookie"].split("; ")[1:] == [
        "Max-Age=2592000", "Path=/", "HttpOnly", "SameSite=Lax", "Secure",
    ]  # fmt: skip
    assert answer.cookie is not None
    name, value = answer.cookie
    issued_at = int(click.clicked_at.timestamp())
    opened = open_cookie(keys().cookie, name, value, issued_at)
    assert name == "__Host-cr-shop"
    assert isinstance(opened, CookieClaims)
    assert (opened.click_id, opened.affiliate_id, opened.program_id) == (click.click_id, "ann", "shop")
    assert (opened.issued_at, opened.expires_at) == (issued_at, issued_at + 2_592_000)
    assert (click.code, click.sub1, click.target_url, click.handled.sequence) == ("abc123", "mail", SHOES, 1)


async def test_a_location_with_macros_names_the_click_that_is_recorded() -> None:
    async with serving({"abc123": found(target_url=WITH_MACROS)}) as served:
        answer = await ask(served.port, "/ref/abc123?sub1=a%26b")
        (click,) = (await served.published()).clicks()
    assert answer.location == click.target_url
    assert f"?c={click.click_id}&t={click.click_id}." in click.target_url
    assert click.target_url.endswith("&a=ann&s=a%26b")


@pytest.mark.parametrize(
    ("paused", "number"), [({"of_code": PAUSED}, "R201"), ({"of_affiliate": PAUSED}, "R202"), (PAUSED, "R203")]
)
@pytest.mark.parametrize(("fallback_url", "location"), [(FALLBACK, FALLBACK), (None, SHOES)])
async def test_what_is_paused_leads_on_without_cookie_or_click_and_says_why(
    paused: dict[str, Any], number: str, fallback_url: str | None, location: str
) -> None:
    async with serving({"abc123": found(**paused, fallback_url=fallback_url)}, fallback_url=SITE_FALLBACK) as served:
        answer = await ask(served.port, "/ref/abc123")
        topics = await served.published()
        assert served.answers() == {"rejected": 1}
    assert (answer.status, answer.location, answer.cookie) == (302, location, None)
    (rejection,) = topics.rejections()
    assert (rejection.reason, rejection.status, rejection.asked) == (number, 302, "abc123")
    assert (rejection.affiliate_id, rejection.program_id) == ("ann", "shop")
    assert topics.clicks() == []


@pytest.mark.parametrize(("asked", "number"), [("nobody", "R102"), ("not.a.code", "R101")])
async def test_a_code_that_is_unknown_or_malformed_gets_404_or_the_fallback(asked: str, number: str) -> None:
    for fallback_url, status in ((None, 404), (SITE_FALLBACK, 302)):
        async with serving(fallback_url=fallback_url) as served:
            answer = await ask(served.port, f"/ref/{asked}")
            (rejection,) = (await served.published()).rejections()
        assert (answer.status, answer.location, answer.cookie) == (status, fallback_url, None)
        assert (rejection.reason, rejection.status, rejection.asked) == (number, status, asked)


async def test_while_the_stores_are_away_an_unheld_code_gets_503_or_the_fallback_and_never_404() -> None:
    async with serving() as served:
        answer = await ask(served.port, "/ref/away")
        (rejection,) = (await served.published()).rejections()
    assert (answer.status, answer.headers["Retry-After"], answer.headers["Cache-Control"]) == (503, "5", "no-store")
    assert (rejection.reason, rejection.status) == ("R501", 503)
    async with serving(fallback_url=SITE_FALLBACK) as served:
        answer = await ask(served.port, "/ref/away")
    assert (answer.status, answer.location) == (302, SITE_FALLBACK)


@pytest.mark.parametrize(
    ("referral", "status", "location"),
    [
        (found(), 302, SHOES),
        (found(target_url=WITH_MACROS), 302, "https://shop.example/?c=&t=&a=ann&s=m"),
        (found(status="paused", fallback_url=FALLBACK), 302, FALLBACK),
        (found(status="paused", target_url=WITH_MACROS), 302, "https://shop.example/?c=&t=&a=ann&s=m"),
        (None, 404, None),
    ],
)
async def test_head_is_told_where_the_link_leads_and_makes_no_click(
    referral: Answer | None, status: int, location: str | None
) -> None:
    async with serving({"abc123": referral} if referral else {}) as served:
        answer = await ask(served.port, "/ref/abc123?sub1=m", method="HEAD")
        topics = await served.published()
        assert topics.clicks() == []
        assert [trace.reason for trace in topics.rejections()] == (["R601"] if isinstance(referral, Found) else [])
        assert served.answers() == {"head": 1}
    assert (answer.status, answer.location, answer.cookie, answer.body) == (status, location, None, b"")


async def test_head_of_what_nobody_knows_now_is_503_and_of_what_is_no_code_404() -> None:
    async with serving() as served:
        assert (await ask(served.port, "/ref/away", method="HEAD")).status == 503
        assert (await ask(served.port, "/ref/%00", method="HEAD")).status == 404
        assert (await served.published()).records == []


@pytest.mark.parametrize(
    "fields", [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}]
)
async def test_a_prefetch_is_refused_without_asking_anybody_so_that_the_visitor_counts_later(
    fields: dict[str, str],
) -> None:
    async with serving() as served:
        answer = await ask(served.port, "/ref/abc123", fields)
        (rejection,) = (await served.published()).rejections()
        assert served.asked == []
    assert (answer.status, answer.headers["Cache-Control"], answer.cookie) == (503, "no-store", None)
    assert (rejection.reason, rejection.status) == ("R401", 503)
    assert (rejection.affiliate_id, rejection.program_id, rejection.handled.cache) == ("ann", "shop", "process")


async def test_a_refused_prefetch_is_of_nobody_where_its_code_is_not_in_memory() -> None:
    async with serving() as served:
        for code in ("nobody", "away"):
            assert (await ask(served.port, f"/ref/{code}", {"Sec-Purpose": "prefetch"})).status == 503
        rejections = (await served.published()).rejections()
        assert served.asked == []
    assert [(each.affiliate_id, each.program_id, each.handled.cache) for each in rejections] == [(None, None, None)] * 2


@pytest.mark.parametrize(("policy", "is_hashed"), [("full", True), ("anonymous", False)])
async def test_a_refused_prefetch_is_as_anonymous_as_its_program_wants(*, policy: str, is_hashed: bool) -> None:
    async with serving({"abc123": found(privacy=policy)}) as served:
        await ask(served.port, "/ref/abc123", {"Sec-Purpose": "prefetch"})
        (rejection,) = (await served.published()).rejections()
    assert (rejection.ip_hash is not None) == is_hashed


async def test_by_setting_a_prefetch_is_answered_and_recorded_as_one_without_cookie() -> None:
    async with serving(refuses_prefetch=False) as served:
        answer = await ask(served.port, "/ref/abc123", {"Sec-Purpose": "prefetch"})
        (click,) = (await served.published()).clicks()
    assert (answer.status, answer.location, answer.cookie) == (302, SHOES, None)
    assert (click.prefetch, click.handled.key_ids.cookie) == (True, None)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
async def test_other_methods_get_405_and_the_connection_is_closed(method: str) -> None:
    async with serving() as served:
        body = request("/ref/abc123", {"Content-Length": "5"}, method, last=False) + b"hello"
        (answer,) = await send(served.port, body)
        topics = await served.published()
        assert topics.clicks() == []
        assert [(trace.reason, trace.method) for trace in topics.rejections()] == [("R602", method)]
        assert served.answers() == {"method_not_allowed": 1}
        assert served.asked == []
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path", ["/", "/ref", "/REF/abc123", "/admin", "/metrics", "/healthz", "//ref/abc123", "/r/abc123"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_other_paths_get_404_and_nobody_hears_of_it(path: str, method: str) -> None:
    async with serving(fallback_url=SITE_FALLBACK) as served:
        answer = await ask(served.port, path, method=method)
        assert (await served.published()).records == []
        assert served.answers() == {"not_found": 1}
    assert (answer.status, answer.location) == (404, None)


async def test_a_whole_url_is_a_request_for_its_path() -> None:
    async with serving() as served:
        answer = await ask(served.port, "http://evil.example/ref/abc123?sub1=x")
        (click,) = (await served.published()).clicks()
    assert (answer.status, answer.location) == (302, SHOES)
    assert (click.path, click.query, click.host) == ("/ref/abc123", "sub1=x", "go.shop.example")
