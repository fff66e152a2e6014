"""The affiliate manager's morning in a browser, and what axe says of the pages of reports."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
from playwright.async_api import Browser, Page, expect

from tests.console.axe import find_violations
from tests.console.browsing import NARROW, WIDE, opened
from tests.console.reports.test_handlers import last_week
from tests.console.reports.world import count_raw
from tests.console.running import Console

pytestmark = [pytest.mark.servers, pytest.mark.browser]

PAGES = (
    "/reports?range=last_week&compare=previous&by=affiliate",
    "/reports?range=28d&by=country,device&layout=nested&open=DE",
    "/reports?range=28d&by=affiliate,country,device&rows=25",
    "/reports?f.affiliate=is:nobody&nonsense=1",
    "/shares",
)


@pytest.fixture
async def page(browser: Browser, filled: Console) -> AsyncIterator[Page]:
    async with opened(browser, filled, "/reports?by=code") as page:
        yield page


async def test_clicks_per_affiliate_last_week_against_the_week_before_in_two_clicks_saved_and_opened_again(
    page: Page, tables: asyncpg.Connection
) -> None:
    begin, end = last_week()
    expected = await count_raw(tables, ("affiliate",), begin, end)
    await page.goto("/account")
    await page.get_by_role("link", name="Reports", exact=True).click()
    await page.get_by_role("navigation", name="Reports").get_by_role("link", name="Affiliates", exact=True).click()
    await expect(page.locator(".range-picker summary")).to_contain_text("Last week")
    await expect(page.locator(".report tbody .against .delta").first).to_have_text(re.compile("[%0-9]|new"))
    rows = page.locator(".report tbody tr")
    shown = {
        await row.locator("th").inner_text(): int(
            re.sub(r"\D", "", await row.locator("td.number > a").first.inner_text())
        )
        for row in await rows.all()
    }
    assert shown == {keys[0]: counts[0] for keys, counts in expected.items()}

    await page.get_by_role("link", name="Bots", exact=True).click()
    await expect(page.locator('th[aria-sort="descending"]')).to_have_text("Bots")
    address = page.url
    await page.get_by_text("Save this view").click()
    await page.locator('form[action="/views"] input[name="name"]').fill("Bots of the week")
    await page.get_by_label("I begin with it").check()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Bots of the week")
    assert page.url == address
    await page.goto("/clicks")
    await page.get_by_role("link", name="Reports", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Bots of the week")
    assert page.url == address

    await page.locator(".report tbody th a").first.click()
    await expect(page.locator(".filter-chip")).to_contain_text("Affiliate is")
    await expect(rows).to_have_count(1)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="CSV").click()
    assert "affiliate-aff-" in (await download.value).suggested_filename


async def test_axe_finds_nothing_in_reports(browser: Browser, filled: Console) -> None:
    found = []
    async with opened(browser, filled, PAGES[0], reduced_motion="reduce") as page:
        for path in PAGES:
            await page.goto(path)
            found += await find_violations(page)
        await page.set_viewport_size(NARROW)
        await page.goto(PAGES[0])
        await page.get_by_text("Save this view").click()
        found += await find_violations(page)
        await page.set_viewport_size(WIDE)
        await page.get_by_text("Share", exact=True).click()
        found += await find_violations(page)
        await page.locator('form[action="/shares"] input[name="name"]').fill("For Ann")
        await page.get_by_role("button", name="Make a link").click()
        found += await find_violations(page)
        link = await page.locator(".made code").inner_text()
        await page.context.clear_cookies()
        await page.goto(link)
        await expect(page.locator("tfoot")).to_contain_text("All 5 groups")
        found += await find_violations(page)

    assert found == []
