"""An operator's morning: a message is lost on purpose, every page says so, and it comes late."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from playwright.async_api import Browser, expect

from console.pipeline.ledger_watch import LedgerWatch, Waiting
from console.settings import Settings
from tests.console.axe import find_violations
from tests.console.browsing import opened_as
from tests.console.pipeline.builders import make_all_topics, make_process, numbered_clicks, produce, run_sink
from tests.console.running import Console, run_console
from tests.waiting import PATIENCE_S, eventually

pytestmark = [pytest.mark.servers, pytest.mark.browser]


def move_clock(console: Console, ahead: timedelta) -> LedgerWatch:
    """Give a watch on the ledger whose clock is ahead, and for which nothing waits in Kafka."""

    def now() -> datetime:
        return datetime.now(UTC) + ahead

    environment = console.environment
    watch = environment.pipeline.ledger
    watch._now, watch._waiting = now, lambda: Waiting(now(), None)
    return watch


async def test_a_lost_click_is_told_on_every_page_until_it_comes(
    kafka: str, console_settings: Settings, tables: asyncpg.Connection, browser: Browser
) -> None:
    await make_all_topics(kafka, console_settings.kafka_topic_prefix)
    at = datetime.now(UTC)
    process = make_process(at + timedelta(seconds=1))
    clicks = numbered_clicks(process, at, range(1, 11))
    async with run_console(console_settings) as console, opened_as(browser, console, "/pipeline", "owner") as page:
        await produce(console_settings, [one for one in clicks if one.handled.sequence != 7])
        await expect(page.get_by_text("answers 1 broker")).to_be_visible()
        row = page.get_by_role("row", name="Sink 0 clicks.enriched")
        await expect(row.get_by_role("cell", name="9", exact=True)).to_be_visible()
        async with run_sink(console_settings):
            await eventually(lambda: is_stored(tables, 9))
            watch = move_clock(console, timedelta(minutes=4))
            await watch.look()
            assert console.environment.registry.get_sample_value("clickrail_ledger_missing_clicks") == 1
            await page.goto("/clicks")
            await expect(page.get_by_role("alert")).to_contain_text("1 click of the last 24 hours is missing.")
            await page.get_by_role("link", name="See which minutes").click()
            await expect(page.get_by_role("region", name="Missing clicks")).to_contain_text(process)
            assert await find_violations(page) == []

            await produce(console_settings, [one for one in clicks if one.handled.sequence == 7])
            await eventually(lambda: is_stored(tables, 10))
            await watch.look()
            assert console.environment.registry.get_sample_value("clickrail_ledger_missing_clicks") == 0
            await page.goto("/clicks")
            await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_loss_that_is_known_is_acknowledged_and_only_other_clicks_alarm(
    kafka: str, console_settings: Settings, tables: asyncpg.Connection, browser: Browser
) -> None:
    await make_all_topics(kafka, console_settings.kafka_topic_prefix)
    at = datetime.now(UTC)
    clicks = numbered_clicks(make_process(at + timedelta(seconds=1)), at, range(1, 8))
    async with run_console(console_settings) as console, run_sink(console_settings):
        await produce(console_settings, [one for one in clicks if one.handled.sequence not in {3, 4, 6}])
        await eventually(lambda: is_stored(tables, 4))
        watch = move_clock(console, timedelta(minutes=4))
        await watch.look()
        async with opened_as(browser, console, "/pipeline", "admin") as page:
            await page.get_by_role("link", name="acknowledged").click()
            await page.get_by_label("Reason").fill("The disk of ingest 2 is gone")
            assert await find_violations(page) == []
            # Meanwhile one of them comes: what the page says is not true any more.
            await produce(console_settings, [one for one in clicks if one.handled.sequence == 6])
            await eventually(lambda: is_stored(tables, 5))
            await page.get_by_role("button", name="Acknowledge 3 lost clicks").click()
            await expect(page.get_by_role("heading", name="Nothing was acknowledged")).to_be_visible()
            await watch.look()
            await page.goto("/pipeline/losses")
            await page.get_by_label("Reason").fill("The disk of ingest 2 is gone")
            await page.get_by_role("button", name="Acknowledge 2 lost clicks").click()
            await page.wait_for_url("**/pipeline#ledger")
            await expect(page.get_by_role("alert")).to_have_count(0)
            lost = page.get_by_role("region", name="Clicks acknowledged as lost")
            await expect(lost).to_contain_text("The disk of ingest 2 is gone")
            await expect(lost).to_contain_text("Admin")
    assert console.environment.registry.get_sample_value("clickrail_ledger_missing_clicks") == 0
    noted = await tables.fetchrow("SELECT actor_id, after FROM audit_log WHERE action = 'ledger.acknowledge'")
    assert noted is not None
    assert (noted["actor_id"], '"clicks": 2' in noted["after"]) == ("admin", True)


async def is_stored(tables: asyncpg.Connection, clicks: int) -> bool:
    found = await tables.fetchval("SELECT count(*) FROM clicks")
    return bool(found == clicks)


async def test_without_kafka_and_without_a_database_the_page_says_so(offline_console: Console) -> None:
    await offline_console.log_in()
    async with asyncio.timeout(PATIENCE_S):
        while offline_console.environment.pipeline.kafka.problem != "Kafka does not answer":
            await asyncio.sleep(0.02)
    text = await offline_console.read("/pipeline")

    assert "Kafka does not answer" in text
    assert "PostgreSQL does not answer" in text
    assert "not known now" in text
