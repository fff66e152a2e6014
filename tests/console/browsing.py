"""A browser at the console, logged in, whose scripts may not complain."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from playwright.async_api import Browser, Locator, Page, expect

from console.auth.guard import SESSION_COOKIE
from console.auth.roles import Role
from tests.browser import collect_complaints
from tests.console.running import PASSWORD, Console
from tests.waiting import PATIENCE_S

WIDE = {"width": 1280, "height": 800}
TABLET = {"width": 768, "height": 1024}
NARROW = {"width": 390, "height": 844}

expect.set_options(timeout=PATIENCE_S * 1000)


@asynccontextmanager
async def opened_as(
    browser: Browser, console: Console, path: str, role: Role, **options: object
) -> AsyncIterator[Page]:
    """Open a page as somebody with this role, who is logged in already."""
    context = await browser.new_context(base_url=console.address, **{"viewport": WIDE, **options})
    context.set_default_timeout(PATIENCE_S * 1000)
    cookie = {"name": SESSION_COOKIE, "value": await console.begin_session(role), "url": console.address}
    await context.add_cookies([cookie])
    page = await context.new_page()
    complaints = collect_complaints(page)
    try:
        await page.goto(path)
        yield page
    finally:
        await context.close()
    assert complaints == []


@asynccontextmanager
async def logged_in(browser: Browser, address: str, path: str, **options: object) -> AsyncIterator[Page]:
    """Open a page as somebody who comes for the first time, logs in, and is led to where they wanted to go."""
    context = await browser.new_context(base_url=address, **{"viewport": WIDE, **options})
    context.set_default_timeout(PATIENCE_S * 1000)
    page = await context.new_page()
    complaints = collect_complaints(page)
    try:
        await page.goto(path)
        await page.get_by_label("Login name").fill("owner")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url(f"**{path}")
        yield page
    finally:
        await context.close()
    assert complaints == []


def opened(browser: Browser, console: Console, path: str, **options: object) -> AbstractAsyncContextManager[Page]:
    return logged_in(browser, console.address, path, **options)


def line(page: Page, ulid: str) -> Locator:
    return page.locator(f"#c-{ulid}")
