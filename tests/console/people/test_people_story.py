"""People at a real browser: an owner invites a viewer, who sets a password and codes, and can change nothing."""

from datetime import UTC, datetime

import asyncpg
import pyotp
import pytest
from playwright.async_api import Browser, Page, expect

from console.audit.log import CLI, AuditEntry, write_audit
from tests.browser import collect_complaints
from tests.console.axe import find_violations
from tests.console.browsing import NARROW, WIDE, opened, opened_as
from tests.console.running import Console

pytestmark = [pytest.mark.servers, pytest.mark.browser]

NEW = "a longer secret"


async def invite(page: Page) -> str:
    await page.get_by_label("Name", exact=True).fill("Vera Viewer")
    await page.get_by_label("Login name").fill("Vera@Shop.example")
    await page.get_by_role("button", name="Make the invitation").click()
    await expect(page.get_by_role("heading", name="The link for Vera Viewer")).to_be_visible()
    return await page.locator(".secret code").inner_text()


async def log_in(page: Page, password: str) -> None:
    await page.goto("/login")
    await page.get_by_label("Login name").fill("vera@shop.example")
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()


async def set_up_codes(page: Page) -> str:
    """Set codes up, and give the secret."""
    await page.goto("/account")
    await page.locator("#code_current").fill(NEW)
    await page.get_by_role("button", name="Set up codes").click()
    secret = (await page.locator("[data-secret]").inner_text()).replace(" ", "")
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    await page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).now())
    await page.get_by_role("button", name="Turn codes on").click()
    await expect(page.locator(".recovery li")).to_have_count(10)
    return secret


async def test_an_owner_invites_a_viewer_who_logs_in_with_a_code_and_can_change_nothing(
    browser: Browser, console: Console, tables: asyncpg.Connection
) -> None:
    async with opened(browser, console, "/users") as owner:
        link = await invite(owner)
        context = await browser.new_context(base_url=console.address, viewport=WIDE)
        vera = await context.new_page()
        complaints = collect_complaints(vera)
        await vera.goto(link)
        await vera.get_by_label("New password").fill(NEW)
        await vera.get_by_label("The same again").fill(NEW)
        await vera.get_by_role("button", name="Set password and log in").click()
        await vera.wait_for_url("**/")
        await vera.goto(link)
        await expect(vera.get_by_role("heading", name="This link is not valid")).to_be_visible()

        secret = await set_up_codes(vera)
        recovery = await vera.locator(".recovery code").first.inner_text()
        await vera.get_by_role("button", name="Log out").click()
        await log_in(vera, NEW)
        # The code of the set-up was used: a recovery code lets in instead.
        await vera.get_by_label("Code").fill(pyotp.TOTP(secret).now())
        await vera.get_by_role("button", name="Log in").click()
        await expect(vera.get_by_role("alert")).to_contain_text("was used already")
        await vera.get_by_label("Code").fill(recovery)
        await vera.get_by_role("button", name="Log in").click()
        await expect(vera.get_by_role("link", name="Your account")).to_be_visible()

        pages = vera.locator("#navigation")
        await expect(pages.get_by_role("link", name="Clicks")).to_be_visible()
        for name in ("People", "API keys", "Audit log", "Import"):
            await expect(pages.get_by_role("link", name=name)).to_have_count(0)
        await vera.goto("/programs")
        await expect(vera.get_by_role("heading", level=1)).to_contain_text("Programs")
        await expect(vera.get_by_role("link", name="New program")).to_have_count(0)
        await vera.goto("/users")
        await expect(vera.get_by_role("heading", name="You are not allowed to see this page")).to_be_visible()

        await owner.goto("/users")
        await owner.get_by_label("Change Vera Viewer").click()
        await owner.get_by_role("button", name="Disable").click()
        await expect(owner.get_by_text("all sessions are ended")).to_be_visible()
        await vera.goto("/clicks")
        await expect(vera.get_by_label("Password")).to_be_visible()
        await context.close()

    assert complaints == []
    written = [row[0] for row in await tables.fetch("SELECT action FROM audit_log ORDER BY id")]
    assert written == [
        *("login", "login", "user.invite", "user.accept", "login", "user.second_factor", "logout"),
        *("login.fail", "login", "user.disable"),
    ]


async def fill(console: Console, tables: asyncpg.Connection) -> None:
    """Make one of each: users of all roles and states, keys, and changes of several kinds."""
    for role in ("admin", "editor", "viewer", "affiliate"):
        await console.begin_session(role)  # type: ignore[arg-type] - the four are roles
    await tables.execute("UPDATE users SET disabled_at = now() WHERE id = 'editor'")
    csrf = await console.read_csrf()
    for data in (
        {"name": "Shop", "scope": "viewer", "days": "90"},
        {"name": "Data team", "scope": "admin", "days": ""},
    ):
        async with console.client.post("/keys", data=data | {"csrf": csrf}) as response:
            assert response.status == 200
    await write_audit(
        tables,
        AuditEntry(
            datetime.now(UTC),
            CLI,
            "code.change",
            "code spring-26",
            {"status": "active", "target_url": "https://shop.example/spring", "subs": ["a"]},
            {"status": "paused", "target_url": "https://shop.example/summer?a=1", "subs": []},
        ),
    )


@pytest.mark.timeout(600)
async def test_axe_finds_nothing_on_the_pages_of_people(
    browser: Browser, console: Console, tables: asyncpg.Connection
) -> None:
    found = []
    looks = {"reduced_motion": "reduce"}
    async with opened(browser, console, "/users", **looks) as page:
        link = await invite(page)
        found += await find_violations(page)
        await fill(console, tables)
        for viewport in (WIDE, NARROW):
            await page.set_viewport_size(viewport)
            for path in ("/users", "/account", "/keys", "/audit", "/audit?subject=nothing", "/nowhere"):
                await page.goto(path)
                found += await find_violations(page, dark=viewport == WIDE)
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        await page.set_viewport_size(WIDE)
        await page.goto("/users")
        await page.get_by_label("Change Vera Viewer").click()
        found += await find_violations(page)
        await page.goto("/account")
        await page.locator("#code_current").fill("correct horse")
        await page.get_by_role("button", name="Set up codes").click()
        await expect(page.get_by_role("img", name="QR code")).to_be_visible()
        found += await find_violations(page)
        await page.context.clear_cookies()
        for path in (link, "/invitation/nothing", "/login"):
            await page.goto(path)
            found += await find_violations(page)
    async with opened_as(browser, console, "/own", "affiliate", **looks) as page:
        found += await find_violations(page)
        await page.goto("/clicks")
        found += await find_violations(page)

    assert found == []
