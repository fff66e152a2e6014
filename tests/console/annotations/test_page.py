"""Annotations in the browser: written, seen on the chart and in its table, of one program alone, and removed."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from playwright.async_api import Browser, expect

from tests.console.axe import find_violations
from tests.console.browsing import opened_as
from tests.console.builders import enriched_click, store
from tests.console.running import Console

pytestmark = pytest.mark.servers


@pytest.mark.browser
async def test_an_editor_writes_what_happened_and_the_chart_shows_it(
    browser: Browser, tables_console: Console, tables: asyncpg.Connection
) -> None:
    day = (datetime.now(UTC) - timedelta(days=2)).date()
    await tables.execute(
        "INSERT INTO programs (id, name, target_url, version) VALUES ('prg_shoes', 'Shoes', 'https://shop.example/', 1)"
    )
    await store(tables, [enriched_click(datetime.now(UTC) - timedelta(days=days), days) for days in range(4)])
    async with opened_as(browser, tables_console, "/annotations", "editor") as page:
        await page.get_by_label("Day").fill(day.isoformat())
        await page.get_by_label("Program").last.select_option("Shoes")
        await page.get_by_label("What happened").fill("The <b>sale</b> began")
        await page.get_by_role("button", name="Add it").click()
        await expect(page.get_by_role("region", name="Annotations")).to_contain_text("The <b>sale</b> began")
        for path, count in (("f.program=is:prg_hats", 0), ("f.program=is:prg_shoes", 1)):
            await page.goto(f"/analytics?range=7d&{path}")
            await expect(page.locator(".u-over")).to_be_visible()
            await expect(
                page.get_by_role("list", name="Annotations").get_by_text("The <b>sale</b> began")
            ).to_have_count(count)
        await page.locator("summary", has_text="Numbers").click()
        row = page.get_by_role("row", name=f"{day:%a}, {day.day} {day:%b}")
        await expect(row).to_contain_text("The <b>sale</b> began")
        assert await find_violations(page) == []
        await page.goto("/annotations")
        await page.get_by_role("button", name="Remove").click()
        await expect(page.get_by_text("None yet.")).to_be_visible()
    noted = await tables.fetch("SELECT action FROM audit_log WHERE action LIKE 'annotation%' ORDER BY id")
    assert [row[0] for row in noted] == ["annotation.add", "annotation.remove"]


async def test_a_viewer_reads_them_and_cannot_write(tables_console: Console) -> None:
    await tables_console.log_in("viewer")
    page = await tables_console.read("/annotations")

    assert "None yet." in page
    assert "Add it" not in page


async def test_what_is_wrong_is_said_and_what_was_written_stays(tables_console: Console) -> None:
    form = {"csrf": await tables_console.read_csrf(), "day": "nonsense", "time": "", "program": "", "text": "a sale"}
    async with tables_console.client.post("/annotations", data=form) as response:
        text = await response.text()

    assert (response.status, "Choose a day" in text, 'value="a sale"' in text) == (422, True, True)


async def test_a_program_that_there_is_not_is_refused(tables_console: Console) -> None:
    form = {"csrf": await tables_console.read_csrf(), "day": "2026-11-29", "program": "x" * 9000, "text": "a sale"}
    async with tables_console.client.post("/annotations", data=form) as response:
        assert (response.status, "There is no such program." in await response.text()) == (422, True)
