"""A manager looks for one missing click, and watches the log while it goes on."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from playwright.async_api import Browser, expect

from tests.console.browsing import line, opened
from tests.console.builders import enriched_click, publish, rejected_click, store
from tests.console.running import Console

pytestmark = [pytest.mark.servers, pytest.mark.browser]


async def make_code(tables: asyncpg.Connection) -> None:
    await tables.execute(
        "INSERT INTO programs (id, name, target_url, version) VALUES ('prg_shoes', 'Shoes', 'https://shop.example/', 1)"
    )
    await tables.execute("INSERT INTO affiliates (id, name, version) VALUES ('aff_lisbon', 'Lisbon Blog', 1)")
    await tables.execute(
        "INSERT INTO referral_codes (code, affiliate_id, program_id, version)"
        " VALUES ('demo', 'aff_lisbon', 'prg_shoes', 1)"
    )


async def test_a_manager_finds_a_missing_click_among_the_rejections_of_a_misspelt_code(
    browser: Browser, console: Console, tables: asyncpg.Connection
) -> None:
    now = datetime.now(UTC)
    await make_code(tables)
    click = enriched_click(now - timedelta(minutes=5), 1, code="demo")
    missing = rejected_click(now - timedelta(minutes=4), 2, asked="DEMO")
    await store(tables, [click, missing, enriched_click(now - timedelta(hours=3), 3)])
    async with opened(browser, console, "/clicks") as page:
        await page.keyboard.press("/")
        await page.keyboard.type("DEMO")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Did you mean")).to_be_visible()
        await page.goto("/errors")
        await page.locator(".unknown td.number a").click()
        await expect(page.locator("tr.line")).to_have_count(1)
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        drawer = page.locator("#drawer")
        await expect(drawer.get_by_role("heading", name="DEMO")).to_be_visible()
        await drawer.get_by_text("Raw JSON").click()
        await expect(drawer.locator("pre")).to_contain_text(missing.rejection_id)
        await drawer.get_by_role("link", name="Clicks around it").click()
        await expect(page.locator("tr.line")).to_have_count(2)
        await expect(page.locator("small.same")).to_have_count(2)
        await line(page, click.click_id).locator("a[data-pick=country]").click()
        await expect(page.locator("tr.line")).to_have_count(1)
        await page.keyboard.press("x")
        await expect(page.locator("tr.line")).to_have_count(2)
        await page.keyboard.press("?")
        await expect(page.locator("#keys")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.goto(f"/search?q=%20{click.click_id.lower()}%20")
        assert page.url.endswith(f"/clicks/{click.click_id}")


async def test_scrolling_down_pauses_says_so_and_goes_on_at_the_top(
    browser: Browser, console: Console, tables: asyncpg.Connection, kafka: str, topic_prefix: str
) -> None:
    now = datetime.now(UTC)
    await store(tables, [enriched_click(now - timedelta(seconds=n), n) for n in range(60)])
    async with opened(browser, console, "/clicks") as page:
        state = page.locator("[data-state]")
        await expect(state).to_have_text("Live")
        await page.evaluate("scrollTo(0, 900)")
        await expect(state).to_have_text("Paused while you read")
        fresh = enriched_click(datetime.now(UTC), 99)
        await publish(kafka, topic_prefix, [fresh])
        await page.get_by_role("button", name="1 new, back to the top").click()
        await expect(line(page, fresh.click_id)).to_have_class("line tone-accepted is-fresh is-new")
        await expect(state).to_have_text("Live")
        await page.keyboard.down("Shift")
        await line(page, fresh.click_id).locator("a[data-pick=country]").click()
        await page.keyboard.up("Shift")
        await expect(page.locator(".filter-chip")).to_contain_text("Country is not Portugal")
        await expect(page.locator("tr.line")).to_have_count(0)
