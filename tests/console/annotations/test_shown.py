"""What nobody wrote, on the chart, on reports and on shared pages."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from playwright.async_api import Browser, expect

from console.annotations.table import NewAnnotation, add_annotation
from console.audit.log import Actor, AuditEntry, write_audit
from tests.console.axe import find_violations
from tests.console.browsing import opened_as
from tests.console.builders import enriched_click, store
from tests.console.reports.test_shares import make_link, open_stranger, read
from tests.console.running import Console

pytestmark = pytest.mark.servers

ANN = Actor("user", "ann", "Ann Secret")
PAUSED = "Program Shoes was paused"
LOST = "7 clicks were lost"


@pytest.fixture
async def told(tables_console: Console, tables: asyncpg.Connection) -> Console:
    """A console with clicks of four days, a pause, a loss, and a note of two days ago."""
    now = datetime.now(UTC)
    at = now - timedelta(days=2)
    await tables.execute(
        "INSERT INTO programs (id, name, target_url, version) VALUES ('shoes', 'Shoes', 'https://shop.example/', 1)"
    )
    await store(tables, [enriched_click(now - timedelta(days=days), days, program_id="shoes") for days in range(4)])
    await write_audit(tables, AuditEntry(at, ANN, "program.change", "program shoes", {}, {"status": "paused"}))
    await tables.execute(
        "INSERT INTO ledger_acknowledged (process, minute, numbers, acknowledged_at, acknowledged_by, reason)"
        " VALUES ('p', $1, '[1,7]', $1, 'Ann Secret', 'Bob tripped over the cable')",
        at,
    )
    await add_annotation(tables, NewAnnotation(when=at, text="The sale began"), ANN, now)
    return tables_console


@pytest.mark.browser
async def test_what_somebody_wrote_and_what_is_there_by_itself_look_different(browser: Browser, told: Console) -> None:
    async with opened_as(browser, told, "/analytics?range=7d", "viewer") as page:
        await expect(page.locator(".u-over")).to_be_visible()
        written = page.get_by_role("list", name="Annotations")
        happened = page.get_by_role("list", name="Changes and outages")
        await expect(written).to_contain_text("The sale began")
        await expect(happened).to_contain_text(PAUSED)
        await expect(happened).to_contain_text(f"{LOST}: Bob tripped over the cable")
        symbols = [
            await one.locator("li").first.evaluate("item => getComputedStyle(item, '::before').content")
            for one in (written, happened)
        ]
        assert symbols[0] != symbols[1]
        assert await find_violations(page) == []
        await page.goto("/analytics?range=7d&f.program=is:hats")
        await expect(happened).to_contain_text(LOST)
        await expect(happened).not_to_contain_text(PAUSED)


async def test_reports_and_the_page_of_annotations_list_them(told: Console) -> None:
    report = await told.read("/reports?range=7d&by=program")
    own = await told.read("/annotations")

    assert [one in report for one in (PAUSED, LOST, "The sale began")] == [True] * 3
    assert [one in own for one in (PAUSED, LOST, "The sale began")] == [True] * 3


@pytest.mark.parametrize("path", ["/reports", "/analytics"])
async def test_a_shared_page_says_what_happened_and_neither_who_nor_why(told: Console, path: str) -> None:
    shared = await make_link(told, name="Shoes", path=path, query="range=7d&by=country&f.program=is:shoes")
    stranger = await open_stranger(told)
    status, page = await read(stranger, shared)
    await stranger.close()

    assert status == 200
    assert [one in page for one in ("The program was paused", LOST)] == [True] * 2
    assert [one for one in ("Ann", "Secret", "Bob", "cable", "The sale began") if one in page] == []
