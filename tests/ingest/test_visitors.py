"""What is recorded of a visitor: cookie, privacy, address."""

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from identity.cookie import CookieClaims, OpenedCookie, open_cookie, seal_cookie
from identity.keyfile import WatchedKeyRing, create_ring
from identity.keys import destroy, rotate
from identity.probe_link import make_test_proof
from identity.ulid import make_ulid
from ingest.live_keys import LiveKeys
from ingest.pipeline import prepare_keys
from tests.identity.builders import NOW, randomness, write_ring
from tests.ingest.builders import found, keys, ring
from tests.ingest.serving import Served, serving
from tests.ingest.wire import ask


async def visit(served: Served, cookie: str | None = None, **fields: str) -> str:
    """Visit once; give the cookie that was set, as a browser sends it back."""
    answer = await ask(served.port, "/ref/abc123", fields | ({"Cookie": cookie} if cookie else {}))
    assert answer.status == 302
    return "=".join(answer.cookie) if answer.cookie else ""


@pytest.mark.parametrize(
    ("policy", "fields", "decision", "sets"),
    [
        ({}, {}, "full", True),
        ({"privacy": "no_cookie"}, {}, "no_cookie", False),
        ({"privacy": "anonymous"}, {}, "anonymous", False),
        ({}, {"Sec-GPC": "1"}, "no_cookie", False),
        ({"privacy_gpc": "full"}, {"Sec-GPC": "1"}, "full", True),
        ({"privacy_dnt": "anonymous"}, {"DNT": "1"}, "anonymous", False),
    ],
)
async def test_a_cookie_is_set_only_where_the_decision_is_full(
    *, policy: dict[str, str], fields: dict[str, str], decision: str, sets: bool
) -> None:
    async with serving({"abc123": found(**policy)}) as served:
        assert bool(await visit(served, **fields)) == sets
        (click,) = (await served.published()).clicks()
    assert (click.privacy.decision, click.privacy.gpc, click.privacy.dnt) == (
        decision, "Sec-GPC" in fields, "DNT" in fields,
    )  # fmt: skip
    assert click.ip_sealed is not None


@pytest.mark.parametrize(
    ("policy", "fields", "asks"),
    [
        ({}, {}, False),
        ({"accept_client_hints": True}, {}, True),
        ({"accept_client_hints": True}, {"Sec-GPC": "1"}, False),
        ({"accept_client_hints": True, "privacy": "anonymous"}, {}, False),
        ({"accept_client_hints": True, "status": "paused"}, {}, False),
    ],
)
async def test_a_browser_is_asked_for_more_hints_only_where_the_program_and_the_visitor_allow_it(
    *, policy: dict[str, Any], fields: dict[str, str], asks: bool
) -> None:
    async with serving({"abc123": found(**policy)}) as served:
        answers = [await ask(served.port, "/ref/abc123", fields, method) for method in ("GET", "HEAD")]
    assert ["Accept-CH" in answer.headers for answer in answers] == [asks, False]


async def test_clicks_carry_what_the_program_says_about_their_quality() -> None:
    rules = {"link_sweep_weight": 0.6}
    codes = {
        "abc123": found(),
        "def456": found(of_code={"code": "def456"}, unique_basis="cookie", quality_rules=rules),
    }
    async with serving(codes) as served:
        for code in codes:
            await ask(served.port, f"/ref/{code}")
        usual, own = (await served.published()).clicks()
    assert (usual.unique_basis, usual.quality_rules) == (None, None)
    assert (own.unique_basis, own.quality_rules) == ("cookie", rules)


async def test_a_cookie_is_not_even_read_where_the_decision_is_not_full() -> None:
    async with serving() as served:
        cookie = await visit(served)
        await visit(served, cookie, DNT="1")
        first, second = (await served.published()).clicks()
    assert (first.cookie_state, second.cookie_state, second.previous_click_id) == ("absent", "absent", None)


async def test_a_returning_visitor_is_tied_to_the_click_before() -> None:
    async with serving() as served:
        first = await visit(served)
        second = await visit(served, f"a=b; {first}")
        await visit(served, second)
        clicks = (await served.published()).clicks()
    assert [click.cookie_state for click in clicks] == ["absent", "valid", "valid"]
    assert [click.previous_click_id for click in clicks] == [None, clicks[0].click_id, clicks[1].click_id]


async def test_clicks_name_the_click_that_opened_the_visitors_window() -> None:
    async with serving() as served:
        cookie = await visit(served)
        for _ in range(2):
            cookie = await visit(served, cookie)
        await visit(served, "__Host-cr-shop=forged")
        first, *later, stranger = (await served.published()).clicks()
    assert (first.lease_click_id, stranger.lease_click_id) == (None, None)
    assert [click.lease_click_id for click in later] == [first.click_id] * 2


async def test_where_the_first_click_counts_a_cookie_is_set_again_only_when_its_window_has_passed() -> None:
    async with serving({"abc123": found(cookie_policy="first", unique_window_s=3600)}) as served:
        cookie = await visit(served)
        assert await visit(served, cookie) == ""
        (first, _) = (await served.published()).clicks()
        name, value = cookie.split("=")
        opened = open_cookie(keys().cookie, name, value, int(time.time()))
        assert isinstance(opened, OpenedCookie)
        an_hour_ago = make_ulid(int(first.clicked_at.timestamp() * 1000) - 3_600_000, bytes(16))
        passed = CookieClaims(
            an_hour_ago, "ann", "shop", opened.issued_at - 3600, opened.expires_at - 3600, an_hour_ago
        )
        answer = await ask(
            served.port, "/ref/abc123", {"Cookie": f"{name}={seal_cookie(keys().cookie, name, passed, bytes(12))}"}
        )
        *_, last = (await served.published()).clicks()
    assert answer.cookie is not None
    renewed = open_cookie(keys().cookie, *answer.cookie, int(time.time()))
    assert isinstance(renewed, OpenedCookie)
    assert renewed == OpenedCookie(*msgspec.structs.astuple(passed)[:5], last.click_id, "k7")
    lasts_s = passed.expires_at - int(last.clicked_at.timestamp())
    assert f"; Max-Age={lasts_s};" in answer.headers["Set-Cookie"]
    assert (last.previous_click_id, last.lease_click_id) == (an_hour_ago, an_hour_ago)


@pytest.mark.parametrize("policy", ["last", "first"])
async def test_a_test_click_opens_no_window(policy: str) -> None:
    proof = make_test_proof(keys().token, "abc123", int(time.time()) + 600)
    async with serving({"abc123": found(cookie_policy=policy)}) as served:
        answer = await ask(served.port, f"/ref/abc123?cr_test={proof}")
        assert answer.cookie is not None
        cookie = "=".join(answer.cookie)
        cookie = await visit(served, cookie)
        await visit(served, cookie)
        test, first, second = (await served.published()).clicks()
    assert [click.cookie_state for click in (test, first, second)] == ["absent", "valid", "valid"]
    assert [click.lease_click_id for click in (test, first, second)] == [None, None, first.click_id]


async def test_keys_change_while_visitors_come() -> None:
    rotated = rotate(ring(), "cookie", NOW, randomness(3))
    async with serving() as served:
        old = await visit(served)
        served.keys.current = prepare_keys(rotated)
        await visit(served, old)
        served.keys.current = prepare_keys(destroy(rotated, "cookie", "k7"))
        await visit(served, old)
        clicks = (await served.published()).clicks()
    assert [click.cookie_state for click in clicks] == ["absent", "valid", "destroyed_key"]
    assert clicks[0].handled.key_ids.cookie == "k7"
    assert clicks[1].handled.key_ids.cookie not in ("k7", None)


async def test_a_cookie_under_a_key_that_another_process_had_first_is_believed(tmp_path: Path) -> None:
    path, rotated = tmp_path / "keys.json", rotate(ring(), "cookie", NOW, randomness(3))
    create_ring(path, ring())
    async with serving() as ahead, serving(of_ring=LiveKeys(WatchedKeyRing(path))) as behind:
        ahead.keys.current = prepare_keys(rotated)
        cookie = await visit(ahead)
        await visit(behind, cookie)
        write_ring(path, rotated)
        await visit(behind, cookie)
        clicks = (await behind.published()).clicks()
    assert [click.cookie_state for click in clicks] == ["unknown_key", "valid"]


async def test_the_cookies_name_follows_the_settings_and_never_a_header() -> None:
    async with serving(https=False) as served:
        cookie = await visit(served, **{"X-Forwarded-Proto": "https"})
    assert cookie.startswith("cr-shop=")
    async with serving({"abc123": found(cookie_domain="shop.example")}) as served:
        cookie = await visit(served, **{"X-Forwarded-Proto": "http"})
    assert cookie.startswith("__Secure-cr-shop=")
