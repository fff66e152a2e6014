"""The page of the log: ranges, links from cells, old addresses, and the way to analytics."""

from datetime import UTC, datetime, timedelta
from html import unescape

import asyncpg
import pytest

from tests.console.builders import NOW, enriched_click, rejected_click, store
from tests.console.running import Console

servers = pytest.mark.servers


async def test_an_old_address_leads_to_the_one_of_today(offline_console: Console) -> None:
    await offline_console.log_in()
    for path in ("/clicks", "/clicks.csv"):
        async with offline_console.client.get(
            f"{path}?code=a&country=de&visitors=bots", allow_redirects=False
        ) as answer:
            wanted = f"{path}?f.code=is:a&f.country=is:DE&visitors=bots"
            assert (answer.status, answer.headers["Location"]) == (302, wanted)


@servers
async def test_a_range_that_is_over_is_a_list_and_one_that_runs_is_live(
    console: Console, tables: asyncpg.Connection
) -> None:
    now = datetime.now(UTC)
    await store(tables, [enriched_click(now, 1), enriched_click(now - timedelta(days=1), 2)])

    today, yesterday = await console.read("/clicks?range=today"), await console.read("/clicks?range=yesterday")
    never = await console.read("/clicks?range=custom&from=2026-01-01&to=2026-01-31")

    assert [page.count('class="line ') for page in (today, yesterday, never)] == [1, 1, 0]
    assert [("data-stream" in page) for page in (today, yesterday, never)] == [True, False, False]
    assert "No clicks in this range" in never


@servers
async def test_a_cell_filters_by_its_value_and_a_line_keeps_the_filters(
    console: Console, tables: asyncpg.Connection
) -> None:
    click = enriched_click(NOW, 1)
    await store(tables, [click])

    page = unescape(await console.read("/clicks?f.code=is:spring-26"))

    assert 'href="/clicks?f.code=is:spring-26&f.country=is:PT"' in page
    assert 'href="/clicks?f.code=is:spring-26&f.browser=is:Mobile%20Safari"' in page
    assert f'href="/clicks/{click.click_id}?f.code=is:spring-26"' in page
    assert 'href="/analytics?f.code=is:spring-26"' in page


@servers
async def test_what_analytics_counts_is_what_the_log_shows(console: Console, tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(NOW, 1), enriched_click(NOW, 2, is_test=True), rejected_click(NOW, 3)])

    page = await console.read("/clicks?measure=people&range=all")

    assert page.count('class="line ') == 1
    assert "Counted as" in page
    assert 'href="/analytics?measure=people"' in page


@servers
async def test_around_a_click_its_visitor_is_marked(console: Console, tables: asyncpg.Connection) -> None:
    click = enriched_click(NOW, 1, net_hash="n1")
    same = enriched_click(NOW - timedelta(seconds=30), 2)
    near = enriched_click(NOW + timedelta(seconds=30), 3, ip_hash="h2", net_hash="n1")
    others = [enriched_click(NOW + timedelta(minutes=n), 4 + n, ip_hash="h3") for n in (-2, 2)]
    await store(tables, [click, same, near, *others])

    detail = unescape(await console.read(f"/clicks/{click.click_id}"))
    around = detail.split('href="/clicks?range=custom')[1].split('"')[0]
    page = await console.read(f"/clicks?range=custom{around}")

    assert (page.count('class="line '), page.count(">same visitor<"), page.count(">same network<")) == (3, 2, 1)


@servers
async def test_a_click_is_shown_as_json_and_each_field_filters(console: Console, tables: asyncpg.Connection) -> None:
    click = enriched_click(NOW, 1)
    await store(tables, [click])

    page = unescape(await console.read(f"/clicks/{click.click_id}?f.country=not:DE"))

    assert f'"click_id": "{click.click_id}"' in page
    assert 'href="/clicks?f.country=not:DE&f.affiliate=is:aff_lisbon"' in page
    assert 'href="/clicks?f.country=not:DE,PT"' in page
    assert "2026-11-24 09:30:12.500 UTC" in page
