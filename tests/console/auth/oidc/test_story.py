"""The login with a provider in a real browser and on real tables, below a path, the provider being another site."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from aiohttp.test_utils import unused_port
from playwright.async_api import Browser, Page, expect

from console.settings import Settings
from runtime.secret import Secret
from tests.browser import collect_complaints
from tests.console.auth.oidc.fake_provider import FakeProvider
from tests.console.auth.oidc.round_trip import make_oidc_settings
from tests.console.browsing import NARROW, WIDE
from tests.console.running import PASSWORD, Console, add_account, make_account, run_console
from tests.console.test_looks import find_violations

pytestmark = [pytest.mark.servers, pytest.mark.browser]

PATH = "/ops/clickrail"
VERA = make_account("viewer", id="vera", login="vera@shop.example", name="Vera")


@pytest.fixture
def other_site(provider: FakeProvider) -> FakeProvider:
    """The provider by another name than the console's 127.0.0.1, and with a page of its own that must be answered."""
    provider.issuer = provider.issuer.replace("127.0.0.1", "localhost")
    provider.asks = True
    return provider


def make_real_settings(provider: FakeProvider, database_url: str, **changes: Any) -> Settings:
    port = unused_port()
    known = {"url": f"http://127.0.0.1:{port}{PATH}", "port": port, "database_url": Secret(database_url)}
    return make_oidc_settings(provider, **known | changes)


@pytest.fixture
async def real_console(
    other_site: FakeProvider, database_url: str, tables: asyncpg.Connection
) -> AsyncIterator[Console]:
    await add_account(tables, VERA)
    async with run_console(make_real_settings(other_site, database_url)) as console:
        yield console


async def go_to_provider(page: Page, address: str) -> None:
    await page.goto(address)
    await page.get_by_role("link", name="Log in with Keycloak").click()
    await page.get_by_role("button", name="Let me in").click()


async def test_somebody_who_was_invited_comes_back_from_the_provider_to_the_page_they_wanted(
    browser: Browser, real_console: Console, other_site: FakeProvider, tables: asyncpg.Connection
) -> None:
    wanted = f"{real_console.address}{PATH}/clicks?f.code=is:spring"
    context = await browser.new_context(viewport=WIDE)
    page = await context.new_page()
    complaints = collect_complaints(page)
    await go_to_provider(page, wanted)
    await page.wait_for_url(wanted)
    await expect(page.get_by_role("button", name="Log out")).to_be_visible()
    cookies = {cookie["name"]: cookie for cookie in await context.cookies()}
    await page.get_by_role("button", name="Log out").click()

    # The same address is somebody else's at the provider now.
    other_site.person["sub"] = "e777"
    await page.get_by_role("link", name="Log in with Keycloak").click()
    await page.get_by_role("button", name="Let me in").click()
    await expect(page.get_by_role("alert")).to_contain_text("logged in here before with another account of Keycloak")
    await context.close()

    assert cookies.keys() == {"clickrail_session", "clickrail_browser", "clickrail_oidc_browser"}
    assert {(cookie["path"], cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies.values()} == {
        (PATH, True, "Strict")
    }
    # A login that is refused is answered with 403, which a browser writes to its console.
    assert [complaint for complaint in complaints if "403" not in complaint] == []
    pinned = await tables.fetchrow("SELECT oidc_issuer, oidc_subject FROM users WHERE id = 'vera'")
    assert tuple(pinned) == (other_site.issuer, "f3a1")
    written = await tables.fetch("SELECT action, after ->> 'how' FROM audit_log ORDER BY id")
    assert [tuple(row) for row in written] == [
        ("user.link", None),
        ("login", "openid connect"),
        ("logout", None),
        ("login.fail", "openid connect"),
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("passwords", ["everybody", "owners"])
async def test_axe_finds_nothing_on_the_login_with_a_provider(
    browser: Browser,
    other_site: FakeProvider,
    database_url: str,
    tables: asyncpg.Connection,
    scheme: Any,
    passwords: str,
) -> None:
    await add_account(tables, VERA)
    found = []
    settings = make_real_settings(other_site, database_url, password_login=passwords)
    async with run_console(settings) as console:
        context = await browser.new_context(color_scheme=scheme, reduced_motion="reduce")
        page = await context.new_page()
        login = f"{console.address}{PATH}/login"
        for viewport in (WIDE, NARROW):
            await page.set_viewport_size(viewport)
            await page.goto(login)
            found += await find_violations(page)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if passwords == "owners":
            await expect(page.get_by_label("Password")).to_be_hidden()
            await page.get_by_text("Owners: with a password").click()
        await page.get_by_label("Login name").fill("owner")
        await page.get_by_label("Password").fill("wrong")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        found += await find_violations(page)
        await page.goto(f"{login}/oidc/callback?code=c&state=s")
        found += await find_violations(page)
        await page.get_by_label("Login name").fill("owner")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("button", name="Log out")).to_be_visible()
        await context.close()

    assert found == []
