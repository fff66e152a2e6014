"""The analyst's morning in a real browser: every choice is in the address, and every number is that of SQL."""

import random
import re

import asyncpg
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.console.analytics.builders import PEOPLE, count, fill, last_days
from tests.console.axe import find_violations
from tests.console.browsing import NARROW, WIDE, opened
from tests.console.running import Console
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.browser]

GERMANS = f"{PEOPLE} AND geo_country = 'DE'"


@pytest.fixture
async def filled(console: Console, tables: asyncpg.Connection) -> Console:
    await fill(tables, console.environment.now())
    return console


def total(page: Page, title: str) -> Locator:
    return page.locator(".total", has_text=title).locator("b").first


async def wait_for_parts(page: Page) -> None:
    await expect(page.locator("main .skeleton")).to_have_count(0)
    await expect(page.locator("main .is-loading")).to_have_count(0)


async def test_a_range_and_a_country_are_chosen_and_left_again(
    browser: Browser, filled: Console, tables: asyncpg.Connection
) -> None:
    week = str(await count(tables, last_days(7), PEOPLE))
    month = str(await count(tables, last_days(28), PEOPLE))
    germans = str(await count(tables, last_days(28), GERMANS))
    async with opened(browser, filled, "/analytics", locale="en-US") as page:
        await expect(total(page, "People")).to_have_text(week)
        await page.keyboard.press("t")
        await expect(page).to_have_url(re.compile(r"\?range=28d$"))
        await expect(total(page, "People")).to_have_text(month)

        await page.locator("#card-places").get_by_role("link", name="Germany").click()
        await expect(page.locator(".filter-chip")).to_contain_text("Country is Germany")
        await expect(total(page, "People")).to_have_text(germans)
        await page.reload()
        await expect(total(page, "People")).to_have_text(germans)

        await page.get_by_role("link", name="Remove the filter by Country").click()
        await expect(total(page, "People")).to_have_text(month)
        await page.go_back()
        await expect(page.locator(".filter-chip")).to_contain_text("Country is Germany")
        await expect(total(page, "People")).to_have_text(germans)
        await page.keyboard.press("Escape")
        await expect(page.locator(".filter-chip")).to_have_count(0)
        await expect(total(page, "People")).to_have_text(month)


async def test_a_filter_is_found_by_typing_and_a_measure_by_a_click(
    browser: Browser, filled: Console, tables: asyncpg.Connection
) -> None:
    bots = await count(tables, last_days(7), "is_bot AND device_type = 'mobile'")
    async with opened(browser, filled, "/analytics", locale="en-US") as page:
        await wait_for_parts(page)
        await page.keyboard.press("f")
        await page.get_by_label("Filter by").select_option("device")
        await page.get_by_label("Value").fill("mob")
        await page.get_by_label("mobile").check()
        await page.get_by_role("button", name="Apply").click()
        await expect(page).to_have_url(re.compile(r"\?f\.device=is:mobile$"))
        await page.get_by_role("link", name=re.compile("^Bots")).first.click()
        await expect(page).to_have_url(re.compile(r"\?f\.device=is:mobile&measure=bots$"))
        await expect(page.locator("#chart h2")).to_contain_text("Bots")
        await expect(page.locator("#card-devices .bar-count")).to_have_text([str(bots)])


async def test_ranges_are_compared_and_cut_by_dragging(browser: Browser, filled: Console) -> None:
    async with opened(browser, filled, "/analytics", locale="en-US") as page:
        await wait_for_parts(page)
        await page.keyboard.press("x")
        await expect(page).to_have_url(re.compile(r"\?compare=previous$"))
        await expect(total(page, "People").locator("xpath=..").locator(".delta")).to_contain_text("%")
        # The chart of before is there until its successor comes, and would take the mouse's moves with it.
        await wait_for_parts(page)
        plot = page.locator(".series .u-over")
        await expect(plot).to_be_visible()
        says = page.locator(".series-says p")

        async def tells_both() -> bool:
            await plot.hover(position={"x": 200 + 10 * random.random(), "y": 50})
            return await says.count() == 2

        await eventually(tells_both)
        box = await plot.bounding_box()
        assert box
        await page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 50, steps=4)
        await page.mouse.up()
        await expect(page).to_have_url(re.compile(r"range=custom.*from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d"))
        await expect(page.locator("[data-menu=range] summary")).to_contain_text("Custom")


async def test_a_tab_is_in_the_address_and_a_country_of_the_map_is_a_filter(browser: Browser, filled: Console) -> None:
    async with opened(browser, filled, "/analytics?range=28d", locale="en-US") as page:
        await wait_for_parts(page)
        assert await page.locator("script[src*=jsvectormap]").count() == 0
        await page.get_by_role("link", name="Map").click()
        await expect(page.locator("[data-map] path[data-code=DE]")).to_be_visible()
        await expect(page).to_have_url(re.compile("places=map"))
        await page.reload()
        await page.locator("[data-map] path[data-code=DE]").click()
        await expect(page.locator(".filter-chip")).to_contain_text("Country is Germany")
        await expect(page).to_have_url(re.compile("places=map"))


async def test_axe_finds_nothing(browser: Browser, filled: Console) -> None:
    found = []
    options = {"reduced_motion": "reduce", "locale": "en-US"}
    path = "/analytics?range=28d&compare=previous&f.affiliate=not:ann&nonsense=1"
    async with opened(browser, filled, path, **options) as page:
        for viewport in (WIDE, NARROW):
            await page.set_viewport_size(viewport)
            for address in (path, "/analytics?places=map", "/analytics/all?by=country&compare=previous"):
                await page.goto(address)
                await wait_for_parts(page)
                found += await find_violations(page, dark=viewport == WIDE)
        await page.goto(path)
        await wait_for_parts(page)
        await page.locator(".series-table summary").click()
        for name in ("range", "compare", "filter"):
            await page.locator(f"[data-menu={name}] > summary").click()
            found += await find_violations(page)
            await page.keyboard.press("Escape")

    assert found == []
