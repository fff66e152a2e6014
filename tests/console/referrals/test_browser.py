"""An affiliate manager's work on codes in a browser: two editors, many rows at once, an import."""

import asyncpg
import pytest
from playwright.async_api import Browser, expect

from tests.console.axe import find_violations
from tests.console.browsing import NARROW, WIDE, opened_as
from tests.console.referrals.test_pages import FILL
from tests.console.running import Console

pytestmark = [pytest.mark.servers, pytest.mark.browser]

MANY = """
    INSERT INTO referral_codes (code, affiliate_id, program_id, status)
    SELECT 'many-' || lpad(number::text, 3, '0'), 'bob', 'bikes', 'active' FROM generate_series(1, 60) AS number
"""
PAGES = (
    *("/codes", "/codes?q=nothing-has-this", "/codes/one", "/codes/one/edit", "/codes/actions/new", "/import"),
    *("/programs", "/programs/bikes", "/programs/bikes/edit", "/affiliates", "/affiliates/ann"),
)


async def test_who_saves_second_sees_the_difference(
    browser: Browser, console: Console, tables: asyncpg.Connection
) -> None:
    await tables.execute(FILL)
    path = "/programs/bikes/edit"
    async with (
        opened_as(browser, console, path, "editor") as first,
        opened_as(browser, console, path, "admin") as second,
    ):
        await first.get_by_label("Name", exact=True).fill("Bicycles")
        await first.get_by_role("button", name="Save").click()
        await expect(first.get_by_role("status")).to_contain_text("It is saved")
        await second.get_by_label("Name", exact=True).fill("Wheels")
        async with second.expect_response("**" + path) as answer:
            await second.get_by_role("button", name="Save").click()

        assert (await answer.value).status == 409
        await expect(second.get_by_role("row", name="Name Bicycles Wheels")).to_be_visible()
        assert await tables.fetchval("SELECT name FROM programs") == "Bicycles"
        await second.get_by_role("button", name="Save").click()
        await expect(second.get_by_role("heading", name="Wheels")).to_be_visible()


async def test_shift_chooses_a_range_and_what_is_done_is_said_before(
    browser: Browser, console: Console, tables: asyncpg.Connection
) -> None:
    await tables.execute(FILL)
    await tables.execute(MANY)
    async with opened_as(browser, console, "/codes?q=many", "editor") as page:
        await page.get_by_label("Choose many-003").check()
        await page.get_by_label("Choose many-007").click(modifiers=["Shift"])
        await expect(page.get_by_role("button", name="Pause 5")).to_be_visible()
        await page.get_by_label("all 60 matching").check()
        await expect(page.get_by_role("button", name="Pause 60")).to_be_visible()
        await page.get_by_label("all 60 matching").uncheck()
        await page.get_by_role("button", name="Pause 5").click()
        await expect(page.get_by_text("Pausing stops 5 codes of 1 affiliate")).to_be_visible()
        await page.get_by_role("button", name="Pause 5 codes").click()
        await expect(page.get_by_role("status")).to_contain_text("5 changed")

    paused = await tables.fetch("SELECT code FROM referral_codes WHERE status = 'paused' ORDER BY code")
    assert [row[0] for row in paused] == [f"many-00{number}" for number in range(3, 8)]


async def test_a_code_is_paused_and_its_qr_code_downloaded_from_the_list(
    browser: Browser, tables_console: Console, tables: asyncpg.Connection
) -> None:
    await tables.execute(FILL)
    async with opened_as(browser, tables_console, "/codes", "editor") as page:
        async with page.expect_download() as download:
            await page.get_by_role("link", name="QR code of two").click()
        drawn = (await (await download.value).path()).read_text()
        await page.get_by_role("button", name="Pause two").click()
        await expect(page.get_by_role("status")).to_contain_text("It is paused")
        await page.goto("/codes")
        await expect(page.get_by_role("button", name="Resume two")).to_be_visible()

    assert drawn.startswith("<svg")
    paused = await tables.fetch("SELECT code FROM referral_codes WHERE status = 'paused'")
    assert [row[0] for row in paused] == ["two"]


async def test_ids_of_affiliates_are_offered_by_id_and_by_name(
    browser: Browser, tables_console: Console, tables: asyncpg.Connection
) -> None:
    await tables.execute(FILL)
    name = await tables.fetchval("SELECT name FROM affiliates WHERE id = 'ann'")
    async with opened_as(browser, tables_console, "/codes/actions/new", "editor") as page:
        for text in ("an", name):
            await page.locator("#f-affiliate_id").fill(text)
            await expect(page.locator("#f-affiliate_id-known option")).to_have_count(1)
            await expect(page.locator("#f-affiliate_id-known option")).to_have_attribute("value", "ann")


async def test_a_file_with_columns_of_other_names_is_mapped_previewed_and_imported(
    browser: Browser, console: Console, tables: asyncpg.Connection
) -> None:
    await tables.execute(FILL)
    async with opened_as(browser, console, "/import", "editor") as page:
        await page.get_by_label("Or paste rows").fill("code,affiliate_id,program_id,colour\nnew,ann,bikes,red\n")
        await page.get_by_label("Or paste rows").blur()
        async with page.expect_response("**/parts/import/preview*"):
            await page.get_by_role("button", name="Preview", exact=True).click()
        await expect(page.get_by_label("colour")).to_have_value("")
        await page.get_by_role("button", name="Preview with these columns").click()
        await page.get_by_role("button", name="Import 1 code").click()
        await expect(page.get_by_role("heading", name="Imported")).to_be_visible()

    assert await tables.fetchval("SELECT affiliate_id FROM referral_codes WHERE code = 'new'") == "ann"


@pytest.mark.timeout(300)
async def test_axe_finds_nothing_on_pages_of_referrals(
    browser: Browser, console: Console, tables: asyncpg.Connection
) -> None:
    await tables.execute(FILL)
    found = []
    async with opened_as(browser, console, "/codes", "owner", reduced_motion="reduce") as page:
        for viewport, paths in ((WIDE, PAGES), (NARROW, ("/codes", "/programs/bikes", "/programs/bikes/edit"))):
            await page.set_viewport_size(viewport)
            for path in paths:
                await page.goto(path)
                found += await find_violations(page, dark=viewport == WIDE)

    assert found == []
