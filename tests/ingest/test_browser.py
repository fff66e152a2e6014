"""The cookie as a browser takes it: its name, where it is sent again, and who may read it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from playwright.async_api import Page

from deploy.local.ports import free_port
from ingest.http.response import OVERLOADED
from schemas import Fetch, RawClick
from tests.browser import run_chromium
from tests.front import Front, running_front
from tests.ingest.builders import found
from tests.ingest.serving import Served, serving
from tests.waiting import eventually

pytestmark = pytest.mark.browser

LARGEST = 512


class Visiting(msgspec.Struct, frozen=True):
    """A page of a visitor who has a browser of their own, the front it meets, and the ingest behind that."""

    page: Page
    front: Front
    served: Served

    async def follow(self, link: str) -> None:
        await self.page.goto(link)
        assert self.page.url.endswith("://shop.test/shoes")

    async def cookies(self) -> list[Any]:
        return await self.page.context.cookies()

    async def clicks(self) -> list[RawClick]:
        return (await self.served.published()).clicks()


@asynccontextmanager
async def visiting(path: Path, folder: Path, scheme: str = "https", **of_program: Any) -> AsyncIterator[Visiting]:
    codes = {"abc123": found(target_url=f"{scheme}://shop.test/shoes", **of_program)}
    async with (
        serving(codes, https=scheme == "https") as served,
        running_front(served.port, folder, {}) as front,
        run_chromium(path, "--ignore-certificate-errors", front.resolver_rules()) as browser,
    ):
        yield Visiting(await browser.new_page(), front, served)


def sent(front: Front, host: str) -> list[str | None]:
    """Give the Cookie header of each request to a host, but those for its icon."""
    asked = [asked for asked in front.asked if asked.host == host and asked.path != "/favicon.ico"]
    return [asked.headers.get("Cookie") for asked in asked]


async def test_over_https_the_cookie_is_bound_to_the_host_and_ties_the_next_click_to_this_one(
    chromium_path: Path, tmp_path: Path
) -> None:
    async with visiting(chromium_path, tmp_path) as visit:
        await visit.follow("https://go.shop.test/ref/abc123")
        (first,) = await visit.cookies()
        await visit.follow("https://go.shop.test/ref/abc123")
        clicks = await visit.clicks()
        (second,) = await visit.cookies()
        await visit.page.goto("https://go.shop.test/about")
        readable = await visit.page.evaluate("document.cookie")

    assert {name: first[name] for name in ("name", "domain", "path", "secure", "httpOnly", "sameSite")} == {
        "name": "__Host-cr-shop", "domain": "go.shop.test", "path": "/", "secure": True, "httpOnly": True,
        "sameSite": "Lax",
    }  # fmt: skip
    lives_s = first["expires"] - clicks[0].clicked_at.timestamp()
    assert abs(lives_s - 30 * 86_400) < 60
    assert len(f"{first['name']}={first['value']}".encode()) <= LARGEST
    assert first["value"] != second["value"]
    assert readable == ""
    pairs = [f"__Host-cr-shop={cookie['value']}" for cookie in (first, second)]
    assert sent(visit.front, "go.shop.test") == [None, *pairs]
    assert sent(visit.front, "shop.test") == [None, None]
    assert [(click.cookie_state, click.previous_click_id) for click in clicks] == [
        ("absent", None), ("valid", clicks[0].click_id),
    ]  # fmt: skip


async def test_with_a_cookie_domain_the_shops_own_pages_get_the_cookie_and_no_script_does(
    chromium_path: Path, tmp_path: Path
) -> None:
    async with visiting(chromium_path, tmp_path, cookie_domain="shop.test") as visit:
        await visit.follow("https://go.shop.test/ref/abc123")
        (cookie,) = await visit.cookies()
        readable = await visit.page.evaluate("document.cookie")
        await visit.follow("https://go.shop.test/ref/abc123")
        clicks = await visit.clicks()

    assert {name: cookie[name] for name in ("name", "domain", "secure", "httpOnly", "sameSite")} == {
        "name": "__Secure-cr-shop", "domain": ".shop.test", "secure": True, "httpOnly": True, "sameSite": "Lax",
    }  # fmt: skip
    assert sent(visit.front, "shop.test")[0] == f"__Secure-cr-shop={cookie['value']}"
    assert readable == ""
    assert [click.previous_click_id for click in clicks] == [None, clicks[0].click_id]


@pytest.mark.parametrize("domain", [None, "shop.test"])
async def test_over_http_the_cookie_has_a_plain_name_and_ties_clicks_all_the_same(
    domain: str | None, chromium_path: Path, tmp_path: Path
) -> None:
    async with visiting(chromium_path, tmp_path, "http", cookie_domain=domain) as visit:
        await visit.follow("http://go.shop.test/ref/abc123")
        (cookie,) = await visit.cookies()
        readable = await visit.page.evaluate("document.cookie")
        await visit.follow("http://go.shop.test/ref/abc123")
        clicks = await visit.clicks()

    assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("cr-shop", False, True)
    assert cookie["domain"] == (f".{domain}" if domain else "go.shop.test")
    assert readable == ""
    assert [click.previous_click_id for click in clicks] == [None, clicks[0].click_id]


async def test_the_longest_ids_there_can_be_make_a_cookie_that_a_browser_keeps(
    chromium_path: Path, tmp_path: Path
) -> None:
    longest = "a" * 40
    changes = {"id": longest, "cookie_window_days": 400, "of_affiliate": {"id": longest}}
    async with visiting(chromium_path, tmp_path, **changes) as visit:
        await visit.follow("https://go.shop.test/ref/abc123")
        (cookie,) = await visit.cookies()
        for _ in range(2):
            await visit.follow("https://go.shop.test/ref/abc123")
        (with_lease,) = await visit.cookies()
        clicks = await visit.clicks()

    assert cookie["name"] == f"__Host-cr-{longest}"
    assert len(cookie["value"]) < len(with_lease["value"])
    assert len(f"{with_lease['name']}={with_lease['value']}".encode()) <= LARGEST
    assert [click.previous_click_id for click in clicks] == [None, clicks[0].click_id, clicks[1].click_id]
    assert [click.lease_click_id for click in clicks] == [None, clicks[0].click_id, clicks[0].click_id]


async def test_where_the_first_click_counts_its_cookie_lasts_as_long_as_before_when_its_lease_is_renewed(
    chromium_path: Path, tmp_path: Path
) -> None:
    settings = {"cookie_policy": "first", "unique_window_s": 1, "cookie_window_days": 1}
    async with visiting(chromium_path, tmp_path, **settings) as visit:
        await visit.follow("https://go.shop.test/ref/abc123")
        (first,) = await visit.cookies()
        await visit.page.wait_for_timeout(1500)
        await visit.follow("https://go.shop.test/ref/abc123")
        (renewed,) = await visit.cookies()
        await visit.page.wait_for_timeout(1500)
        await visit.follow("https://go.shop.test/ref/abc123")
        clicks = await visit.clicks()

    assert first["value"] != renewed["value"]
    assert abs(first["expires"] - renewed["expires"]) < 2
    assert [click.previous_click_id for click in clicks] == [None, clicks[0].click_id, clicks[0].click_id]
    assert [click.lease_click_id for click in clicks] == [None, clicks[0].click_id, clicks[1].click_id]


async def test_a_browser_says_how_it_came_and_its_next_request_has_the_hints_that_were_asked_for(
    chromium_path: Path, tmp_path: Path
) -> None:
    # Chromium keeps such a wish of a local server, and of no server whose certificate nobody vouches for.
    async with visiting(chromium_path, tmp_path, "http", accept_client_hints=True) as visit:
        for _ in range(2):
            await visit.follow(f"http://localhost:{visit.served.port}/ref/abc123")
        first, second = await visit.clicks()

    assert first.fetch == Fetch(site="none", mode="navigate", dest="document", user="?1")
    assert (first.client_hints, second.client_hints) != (None, None)
    hints = [(hints.model, hints.platform_version) for hints in (first.client_hints, second.client_hints) if hints]
    assert hints == [(None, None), ('""', '""')]


async def test_a_cookie_of_http_is_none_over_https(chromium_path: Path, tmp_path: Path) -> None:
    async with visiting(chromium_path, tmp_path) as visit:
        forged = {"name": "cr-shop", "value": "v1.k7.forged", "domain": "go.shop.test", "path": "/"}
        await visit.page.context.add_cookies([forged])
        await visit.follow("https://go.shop.test/ref/abc123")
        (click,) = await visit.clicks()

    assert click.cookie_state == "absent"


async def test_a_visitor_whom_an_overloaded_process_refused_follows_the_link_once_more(chromium_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=503, body=OVERLOADED.body, content_type="text/html")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with run_chromium(chromium_path) as browser:
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{port}/ref/abc123")
            await eventually(lambda: asked.count("/ref/abc123") == 2)
            await page.wait_for_function("performance.getEntriesByType('navigation')[0].type === 'reload'")
            # Longer than the longest pause: a second reload would have come.
            await page.wait_for_timeout(4000)
    finally:
        await runner.cleanup()

    assert asked.count("/ref/abc123") == 2
