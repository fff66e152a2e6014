"""The console below a path of a site it shares with others, behind a proxy."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import pytest
from playwright.async_api import Browser, expect

from console.auth.guard import SESSION_COOKIE
from console.settings import Settings
from tests.console.browsing import line, logged_in
from tests.console.builders import dead_letter, enriched_click, publish, rejected_click, store
from tests.console.memory_tables import MemoryTables
from tests.console.reverse_proxy import reverse_proxy
from tests.console.running import PASSWORD, Console, make_settings, run_console

PATH = "/ops/clickrail"
URL = f"https://shop.example{PATH}"
LINKS = re.compile(r'(?:href|src|action|data-stream|data-refresh)="([^"#][^"]*)"')

strips = pytest.mark.parametrize("strips", [True, False], ids=["taken away", "passed on"])


@asynccontextmanager
async def guest(console: Console, strips: bool) -> AsyncIterator[aiohttp.ClientSession]:
    async with (
        reverse_proxy(console.address, PATH, strips=strips) as address,
        aiohttp.ClientSession(address, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        yield session


@pytest.fixture
async def console_below_path() -> AsyncIterator[Console]:
    async with run_console(make_settings(url=URL), MemoryTables()) as console:
        yield console


@strips
async def test_logging_in_and_out_stays_below_the_path(console_below_path: Console, strips: bool) -> None:
    async with guest(console_below_path, strips) as session:
        async with session.get(f"{PATH}/clicks?code=a", allow_redirects=False) as response:
            login = response.headers["Location"]
        async with session.get(login) as response:
            (target,) = re.findall(r'name="next" value="([^"]*)"', await response.text())
        data = {"password": PASSWORD, "next": target}
        async with session.post(f"{PATH}/login", data=data, allow_redirects=False) as response:
            cookies = {cookie["path"] for cookie in response.cookies.values()}
            assert (response.headers["Location"], cookies) == (f"{PATH}/clicks?code=a", {PATH})
            assert {cookie["secure"] for cookie in response.cookies.values()} == {True}
            kept = {SESSION_COOKIE: response.cookies[SESSION_COOKIE].value}
        async with session.get(target, cookies=kept) as response:
            csrf, *_ = re.findall(r'name="csrf" value="([^"]+)"', await response.text())
        headers = {"X-CSRF-Token": csrf}
        async with session.post(f"{PATH}/logout", headers=headers, cookies=kept, allow_redirects=False) as response:
            assert response.headers["Location"] == f"{PATH}/login"
            assert response.cookies[SESSION_COOKIE]["path"] == PATH

    assert login == f"{PATH}/login?next={PATH}/clicks%3Fcode%3Da"


CREDIT = "https://db-ip.com"
"""The only link to another site: its licence asks for it."""


@strips
@pytest.mark.servers
async def test_every_address_on_every_page_is_below_the_path_and_answers(
    console_settings: Settings, tables: asyncpg.Connection, strips: bool
) -> None:
    now = datetime.now(UTC)
    click = enriched_click(now, 1)
    await store(tables, [click, rejected_click(now, 2), dead_letter(now)])
    await tables.execute("INSERT INTO affiliates (id, name) VALUES ($1, 'Lisbon')", click.affiliate_id)
    settings = make_settings(
        **{name: getattr(console_settings, name) for name in console_settings.__struct_fields__}
        | {"url": f"http://shop.example{PATH}"}
    )
    async with run_console(settings) as console, guest(console, strips) as session:
        async with session.post(f"{PATH}/login", data={"password": PASSWORD}) as response:
            assert (response.status, response.url.path) == (200, f"{PATH}/")
        waiting, seen, of_page = [PATH, f"{PATH}/", f"{PATH}/nowhere"], {}, Counter[str]()
        while waiting:
            address = waiting.pop()
            async with session.get(address) as response:
                seen[address] = response.status
                page = await response.text() if response.content_type == "text/html" else ""
            links = set(LINKS.findall(page.replace("&amp;", "&"))) - {CREDIT, *seen, *waiting}
            for link in sorted(links):
                # Each page has addresses of its own for every filter, order and range: two of them are enough.
                of_page[urlsplit(link).path] += 1
                waiting += [link] if of_page[urlsplit(link).path] <= 2 else []

    assert [address for address in seen if not address.startswith(PATH)] == []
    # 405: a form is sent there. 409: it needs what this console has not, such as the keys of test links.
    others = {address: status for address, status in seen.items() if status not in (200, 405, 409)}
    assert others == {f"{PATH}/nowhere": 404}
    assert seen[f"{PATH}/logout"] == 405
    assert f"{PATH}/clicks/{click.click_id}" in seen
    assert f"{PATH}/live/clicks" in seen


@strips
@pytest.mark.servers
@pytest.mark.browser
async def test_in_a_browser_the_page_lives_below_its_path(
    browser: Browser, console_settings: Settings, kafka: str, topic_prefix: str, strips: bool
) -> None:
    settings = make_settings(
        **{name: getattr(console_settings, name) for name in console_settings.__struct_fields__}
        | {"url": f"http://shop.example{PATH}"}
    )
    async with (
        run_console(settings) as console,
        reverse_proxy(console.address, PATH, strips=strips) as address,
        logged_in(browser, address, f"{PATH}/clicks") as page,
    ):
        await expect(page.locator("[data-state]")).to_have_text("Live")
        click = enriched_click(datetime.now(UTC), code="below")
        await publish(kafka, topic_prefix, [click])
        await expect(line(page, click.click_id)).to_be_visible()
        await page.get_by_role("link", name="below").click()
        await expect(page.locator("#drawer").get_by_role("heading", name="below")).to_be_visible()
        assert page.url == f"{address}{PATH}/clicks/{click.click_id}"
        await page.keyboard.press("Escape")
        await page.get_by_role("link", name="Overview").click()
        await page.wait_for_url(f"**{PATH}/")
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url(f"**{PATH}/login")
