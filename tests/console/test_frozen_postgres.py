"""PostgreSQL stands still: the page and the light beside it say the same, and who was logged in stays so."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, expect

from deploy.local.postgres import plan_postgres
from deploy.local.server import Server, running
from deploy.local.settings import LocalSettings
from runtime.secret import Secret
from storage.read.records import StoredClick
from tests.console.browsing import line, opened
from tests.console.builders import enriched_click, open_tables
from tests.console.running import Console, make_settings, run_console

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
async def postgres_of_ours(own_settings: LocalSettings) -> AsyncIterator[Server]:
    async with running(await plan_postgres(own_settings)) as server, open_tables(server.address):
        yield server


@pytest.fixture
async def console_of_ours(postgres_of_ours: Server) -> AsyncIterator[Console]:
    async with run_console(make_settings(database_url=Secret(postgres_of_ours.address))) as console:
        yield console
        postgres_of_ours.thaw()


async def test_a_frozen_server_turns_its_light_red_while_the_page_is_open_and_green_when_it_is_back(
    browser: Browser, console_of_ours: Console, postgres_of_ours: Server
) -> None:
    async with opened(browser, console_of_ours, "/") as page:
        light = page.locator("[data-light=PostgreSQL]")
        await expect(light).not_to_have_class("light is-away")
        postgres_of_ours.freeze()
        await expect(light).to_have_class("light is-away")
        await expect(page.locator("[data-warning]")).to_contain_text("PostgreSQL does not answer")
        postgres_of_ours.thaw()
        await expect(light).not_to_have_class("light is-away")


async def test_a_page_that_says_so_has_no_green_light_beside_it(
    browser: Browser, console_of_ours: Console, postgres_of_ours: Server
) -> None:
    async with opened(browser, console_of_ours, "/") as page:
        await expect(page.locator("[data-light=PostgreSQL]")).not_to_have_class("light is-away")
        postgres_of_ours.freeze()
        click = enriched_click(datetime.now(UTC))
        console_of_ours.environment.broadcast.publish(StoredClick(click, click.published_at))
        await page.goto("/clicks")

        await expect(page.get_by_role("alert")).to_contain_text("PostgreSQL does not answer")
        await expect(page.locator("[data-light=PostgreSQL]")).to_have_class("light is-away")
        await expect(line(page, click.click_id)).to_be_visible()
