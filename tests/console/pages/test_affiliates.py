"""The page of an affiliate, from real tables and without them."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from aiohttp.test_utils import TestClient

from schemas import Network
from tests.console.builders import IMAGE, enriched_click, store
from tests.console.running import Console

servers = pytest.mark.servers
HOSTED = Network(status="found", kind="hosting")


async def test_without_tables_the_page_says_so(logged_in_client: TestClient) -> None:
    async with logged_in_client.get("/affiliates/ann") as response:
        assert response.status == 503
        assert "PostgreSQL does not answer" in await response.text()


@pytest.mark.parametrize("path", ["/affiliates/a%00b", "/affiliates/", "/affiliates/a%2Fb/c"])
async def test_what_can_be_no_id_is_not_found(logged_in_client: TestClient, path: str) -> None:
    async with logged_in_client.get(path) as response:
        assert response.status == 404


@servers
async def test_an_affiliate_without_clicks_is_said_to_have_none(console: Console) -> None:
    page = await console.read("/affiliates/%3Cimg%20src=x%20onerror=alert(1)%3E/quality")

    assert "No clicks in the last 12 hours" in page
    assert "No day is counted yet" in page
    assert IMAGE not in page


@servers
async def test_shares_beyond_their_limit_are_marked_with_what_they_mean(
    console: Console, tables: asyncpg.Connection
) -> None:
    now = datetime.now(UTC)
    old = enriched_click(now - timedelta(hours=13), 0, affiliate_id="ann", program_id="hats")
    await store(
        tables,
        [old] + [enriched_click(now, number, affiliate_id="ann", network=HOSTED) for number in range(100)],
    )

    page = await console.read("/affiliates/ann/quality")

    assert "100 of 100 clicks came from hosting providers or VPNs." in page
    assert page.count("beyond the limit") == 1
    assert "hats" not in page


@servers
async def test_what_takes_too_long_to_count_is_said_to(console: Console, tables: asyncpg.Connection) -> None:
    async with tables.transaction():
        await tables.execute("LOCK TABLE clicks")
        page = await console.read("/affiliates/ann/quality")

    assert "takes too long" in page
    assert "No day is counted yet" in page


@servers
async def test_a_click_and_the_list_of_an_affiliate_lead_to_its_page(
    console: Console, tables: asyncpg.Connection
) -> None:
    click = enriched_click(datetime.now(UTC), affiliate_id="ann")
    await store(tables, [click])

    for path in (f"/clicks/{click.click_id}", "/clicks?affiliate=ann"):
        assert 'href="/affiliates/ann/quality"' in await console.read(path)
    assert "/affiliates/" not in await console.read("/clicks")
