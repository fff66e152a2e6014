"""The console as people meet it: a real browser, real Kafka, real tables."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from playwright.async_api import Browser, expect

from schemas import Bot, Device, Referrer
from tests.console.browsing import NARROW, WIDE, line, opened
from tests.console.builders import (
    BRACES,
    ENDLESS,
    IMAGE,
    TURNED,
    dead_letter,
    enriched_click,
    publish,
    rejected_click,
    store,
)
from tests.console.running import Console

pytestmark = [pytest.mark.servers, pytest.mark.browser]


async def test_a_click_arrives_while_one_watches_and_opens_to_its_details(
    browser: Browser, console: Console, tables: asyncpg.Connection, kafka: str, topic_prefix: str
) -> None:
    async with opened(browser, console, "/clicks") as page:
        await expect(page.get_by_text("No clicks yet")).to_be_visible()
        await expect(page.locator("[data-state]")).to_have_text("Live")
        click = enriched_click(datetime.now(UTC), code="seen-live")
        await publish(kafka, topic_prefix, [click])
        await expect(line(page, click.click_id)).to_be_visible()
        await expect(page.get_by_text("No clicks yet")).to_be_hidden()

        await store(tables, [click])
        await page.get_by_role("link", name="seen-live").click()
        drawer = page.locator("#drawer")
        await expect(drawer.get_by_role("heading", name="seen-live")).to_be_visible()
        await expect(drawer.get_by_text("What was decided")).to_be_visible()
        await expect(drawer.get_by_text("Ingest's work")).to_be_visible()
        assert page.url.endswith(f"/clicks/{click.click_id}")

        await page.keyboard.press("Escape")
        await expect(drawer).to_be_hidden()
        await page.wait_for_url("**/clicks")


async def test_the_list_can_be_held_still_and_goes_on_with_what_came(
    browser: Browser, console: Console, kafka: str, topic_prefix: str
) -> None:
    async with opened(browser, console, "/clicks") as page:
        await expect(page.locator("[data-state]")).to_have_text("Live")
        await page.keyboard.press("p")
        click = enriched_click(datetime.now(UTC))
        await publish(kafka, topic_prefix, [click])
        await expect(page.locator("[data-state]")).to_have_text("Paused, 1 new")
        await expect(line(page, click.click_id)).to_have_count(0)

        await page.get_by_role("button", name="Resume").click()
        await expect(line(page, click.click_id)).to_be_visible()


async def test_older_goes_on_from_the_last_click_that_is_still_shown(
    browser: Browser, console: Console, tables: asyncpg.Connection, kafka: str, topic_prefix: str
) -> None:
    now = datetime.now(UTC)
    clicks = [enriched_click(now - timedelta(seconds=300 - n), n, code="busy") for n in range(205)]
    await store(tables, clicks[:45])
    async with opened(browser, console, "/clicks?f.code=is:busy") as page:
        await expect(page.locator("tr.line")).to_have_count(45)
        await expect(page.get_by_role("link", name="Older")).to_have_count(0)
        await expect(page.locator("[data-state]")).to_have_text("Live")
        # Few at a time: of many that arrive together only some are shown.
        for first in range(45, 205, 10):
            await publish(kafka, topic_prefix, clicks[first : first + 10])
            await expect(line(page, clicks[first + 9].click_id)).to_be_visible()
        await expect(page.locator("tr.line")).to_have_count(200)
        await store(tables, clicks[45:])

        await page.get_by_role("link", name="Older").click()
        await page.wait_for_url("**/clicks?f.code=is:busy&before=*")
        await expect(page.locator("tr.line")).to_have_count(5)
        await expect(page.locator("tr.line").first).to_have_id(f"c-{clicks[4].click_id}")


async def test_filters_hold_for_what_is_stored_and_for_what_arrives(
    browser: Browser, console: Console, tables: asyncpg.Connection, kafka: str, topic_prefix: str
) -> None:
    now = datetime.now(UTC)
    bot = Bot(is_bot=True, reasons=["http_library"], rules="1")
    stored = [enriched_click(now - timedelta(minutes=1), 1), enriched_click(now - timedelta(minutes=1), 2, bot=bot)]
    arriving = [enriched_click(now, 3), enriched_click(now, 4, bot=bot), rejected_click(now, 5)]
    await store(tables, stored)
    async with opened(browser, console, "/clicks") as page:
        await expect(page.locator("tr.line")).to_have_count(2)
        await page.get_by_label("Visitors").select_option("Bots")
        await page.wait_for_url("**/clicks?visitors=bots")
        await expect(page.locator("[data-state]")).to_have_text("Live")
        await publish(kafka, topic_prefix, arriving)

        await expect(line(page, arriving[1].click_id)).to_be_visible()
        await expect(page.locator("tr.line")).to_have_count(2)
        await expect(page.locator("tr.line .badge")).to_have_text(["Bot", "Bot"])


async def test_one_can_go_from_click_to_click_by_keyboard(
    browser: Browser, console: Console, tables: asyncpg.Connection
) -> None:
    now = datetime.now(UTC)
    await store(tables, [enriched_click(now - timedelta(seconds=n), n, code=f"code-{n}") for n in range(3)])
    async with opened(browser, console, "/clicks") as page:
        await page.get_by_role("link", name="code-0").focus()
        await page.keyboard.press("Enter")
        heading = page.locator("#drawer h1")
        await expect(heading).to_have_text("code-0")
        await page.keyboard.press("j")
        await expect(heading).to_have_text("code-1")
        await page.keyboard.press("k")
        await expect(heading).to_have_text("code-0")
        await page.go_back()
        await expect(page.locator("#drawer")).to_be_hidden()


async def test_an_error_is_found_by_its_number_and_says_what_to_do(
    browser: Browser, console: Console, tables: asyncpg.Connection
) -> None:
    now = datetime.now(UTC)
    await store(tables, [rejected_click(now, 1), rejected_click(now, 2, reason="R201"), dead_letter(now)])
    async with opened(browser, console, "/errors") as page:
        await page.get_by_text("Unknown code").first.click()
        await expect(page.get_by_text("no referral code of that name exists")).to_be_visible()
        await page.get_by_role("link", name="Show only these").first.click()
        await expect(page.get_by_role("heading", name="Latest of R102")).to_be_visible()
        await expect(page.locator("tr.line")).to_have_count(1)

        await page.get_by_role("link", name="clicks.raw").click()
        await expect(page.locator("pre")).to_have_text('{"not": "a click"}')


async def test_hostile_values_run_nothing_and_break_no_layout(
    browser: Browser, console: Console, tables: asyncpg.Connection, kafka: str, topic_prefix: str
) -> None:
    hostile = {
        "user_agent": BRACES,
        "query": ENDLESS[:2000],
        "target_url": f"https://shop.example/{ENDLESS}",
        "sub1": TURNED,
        "sub2": "Z" * 128,
        "referrer": Referrer(url=IMAGE, host=IMAGE, medium="unknown"),
        "device": Device(type="other", browser=ENDLESS[:128], brand=TURNED),
    }
    now = datetime.now(UTC)
    stored, live = enriched_click(now, 1, **hostile), enriched_click(now, 2, **hostile)
    await store(tables, [stored, rejected_click(now, 3, asked=IMAGE), dead_letter(now, value=IMAGE.encode())])
    async with opened(browser, console, "/clicks", viewport=NARROW) as page:
        await expect(page.locator("[data-state]")).to_have_text("Live")
        await publish(kafka, topic_prefix, [live])
        await expect(line(page, live.click_id)).to_be_visible()
        for path in ("/clicks", f"/clicks/{stored.click_id}", "/errors", "/dead-letters/clicks.raw/3/42", "/"):
            await page.goto(path)
            assert await page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_scrolls_sideways(
    browser: Browser, console: Console, tables: asyncpg.Connection, viewport: dict, scheme: str
) -> None:
    now = datetime.now(UTC)
    click = enriched_click(now, 1)
    await store(tables, [click, rejected_click(now, 2), dead_letter(now)])
    async with opened(browser, console, "/", viewport=viewport, color_scheme=scheme) as page:
        for path in ("/", "/clicks", f"/clicks/{click.click_id}", "/errors", "/clicks/nonsense", "/nowhere"):
            await page.goto(path)
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


async def test_a_stream_that_was_cut_off_goes_on_and_what_came_meanwhile_is_there(
    browser: Browser, console: Console, kafka: str, topic_prefix: str
) -> None:
    async with opened(browser, console, "/clicks") as page:
        await expect(page.locator("[data-state]")).to_have_text("Live")
        await page.context.set_offline(True)
        console.environment.broadcast.close()
        await expect(page.locator("[data-state]")).to_have_text("Connecting")
        console.environment.broadcast._closed = False
        click = enriched_click(datetime.now(UTC))
        await publish(kafka, topic_prefix, [click])
        await page.context.set_offline(False)
        await expect(line(page, click.click_id)).to_be_visible()


async def test_logging_out_closes_the_door(browser: Browser, console: Console) -> None:
    async with opened(browser, console, "/clicks") as page:
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url("**/login")
        await page.goto("/clicks")
        await expect(page.get_by_label("Password")).to_be_visible()
