"""The numbers of the page are those of SQL on the rows of clicks."""

import html
import re

import asyncpg
import pytest

from tests.console.analytics.builders import PEOPLE, count, fill, last_days
from tests.console.builders import enriched_click, store
from tests.console.running import Console

pytestmark = pytest.mark.servers

SQL = {
    "People": PEOPLE,
    "Unique clicks": f"{PEOPLE} AND is_unique",
    "Bots": "is_bot",
    "Suspicious": "fraud_band = 'suspicious'",
    "Gross": "true",
    "SIVT": "fraud_ivt_class = 'sivt'",
    "App fetches": "bot_kind = 'app_fetch' AND NOT prefetch",
    "Prefetches": "prefetch AND NOT is_bot",
}

ROW = re.compile(r'bar-label.*?>(.*?)</(?:a|span)>\s*<span class="figure bar-count">([\d,]+).*?([\d.]+ %)', re.DOTALL)
DAYS_7 = last_days(7)


@pytest.fixture
async def filled(console: Console, tables: asyncpg.Connection) -> Console:
    await fill(tables, console.environment.now())
    return console


def read_totals(page: str) -> dict[str, str]:
    found = re.findall(r'total-title">([^<]+)</span>\s*<b>([^<]+)</b>', page)
    return dict(found)


def read_rows(page: str) -> list[tuple[str, str, str]]:
    """Read the rows of a card: value, count, share."""
    rows = re.findall(r'<li class="bar-row.*?</li>', page, re.DOTALL)
    cells = [ROW.search(row) for row in rows]
    return [(html.unescape(re.sub(r"<[^>]+>", " ", cell[1])).split()[0], cell[2], cell[3]) for cell in cells if cell]


async def test_totals_are_those_of_the_rows(filled: Console, tables: asyncpg.Connection) -> None:
    shown = read_totals(await filled.read("/parts/analytics/totals"))

    assert {name: shown[name] for name in SQL} == {
        name: f"{await count(tables, DAYS_7, condition):,}" for name, condition in SQL.items()
    }
    assert shown["Rejected"] == "5"


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ("is:DE,AT", "geo_country IN ('DE', 'AT')"),
        ("not:DE", "geo_country IS DISTINCT FROM 'DE'"),
        ("is:", "geo_country IS NULL"),
    ],
)
async def test_totals_follow_the_filters(
    filled: Console, tables: asyncpg.Connection, asked: str, condition: str
) -> None:
    shown = read_totals(await filled.read(f"/parts/analytics/totals?f.country={asked}"))

    assert shown["Gross"] == str(await count(tables, DAYS_7, condition))
    assert shown["Rejected"] == "\N{EN DASH}"


async def test_the_totals_of_before_are_those_of_the_week_before(filled: Console, tables: asyncpg.Connection) -> None:
    page = await filled.read("/parts/analytics/totals?range=last_week&compare=previous")
    monday = "date_trunc('week', now() AT TIME ZONE 'UTC')"
    counts = [
        await count(
            tables,
            f"(clicked_at AT TIME ZONE 'UTC') >= {monday} - interval '{days + 7} days'"
            f" AND (clicked_at AT TIME ZONE 'UTC') < {monday} - interval '{days} days'",
            SQL["People"],
        )
        for days in (0, 7)
    ]

    assert read_totals(page)["People"] == str(counts[0])
    assert f'title="{counts[1]} before"' in page


async def test_a_card_shows_the_largest_values_and_the_others_together(
    filled: Console, tables: asyncpg.Connection
) -> None:
    rows = read_rows(await filled.read("/parts/analytics/card/places"))
    counted = await tables.fetch(
        f"SELECT coalesce(geo_country, '(unknown)') AS value, count(*) AS clicks FROM clicks"
        f" WHERE NOT is_test AND {DAYS_7} AND {SQL['People']} GROUP BY 1"
    )
    known = {row["value"]: str(row["clicks"]) for row in counted}
    shown = {value: number for value, number, _ in rows if value != "(other)"}

    assert len(rows) == 10
    assert shown == {value: known[value] for value in shown}
    assert sum(int(number) for _, number, _ in rows) == sum(row["clicks"] for row in counted)
    assert round(sum(float(share.removesuffix(" %")) for _, _, share in rows), 1) == 100.0


async def test_the_series_has_each_day_and_its_sum_is_the_total(filled: Console, tables: asyncpg.Connection) -> None:
    page = await filled.read("/parts/analytics/chart?range=7d")
    # A day without a click has a zero, as today may in its first hours.
    days = await tables.fetch(
        f"SELECT count(click_id) AS clicks FROM generate_series(current_date - 6, current_date, '1 day') AS days (day)"
        f" LEFT JOIN clicks ON (clicked_at AT TIME ZONE 'UTC')::date = day"
        f" AND NOT is_test AND {DAYS_7} AND {SQL['People']} GROUP BY day ORDER BY day"
    )
    numbers = re.findall(r'<tr><th scope="row">.*?<td class="number">([\d,]+)</td>', page, re.DOTALL)

    assert numbers == [str(row["clicks"]) for row in days]
    assert "not over" in page


async def test_what_would_read_too_much_is_counted_when_it_is_asked_for(
    filled: Console, tables: asyncpg.Connection
) -> None:
    asked = "/parts/analytics/card/links?links=code&f.affiliate=is:ann&f.country=is:DE&large=1"
    rows = read_rows(await filled.read(asked))
    counted = await tables.fetch(
        "SELECT code, count(*) AS clicks FROM clicks"
        f" WHERE NOT is_test AND {DAYS_7} AND {SQL['People']} AND affiliate_id = 'ann' AND geo_country = 'DE'"
        " GROUP BY 1"
    )

    assert {value: int(number) for value, number, _ in rows} == {row["code"]: row["clicks"] for row in counted}


async def test_all_values_are_a_list_that_can_be_searched(filled: Console) -> None:
    whole = await filled.read("/analytics/all?by=code")
    found = await filled.read("/analytics/all?by=referrer_host&q=m.ex")

    assert "14 values" in whole
    assert "1 value<" in found
    assert "contains" in await filled.read("/analytics/all?by=referrer_host&q=nothing")


async def test_each_part_has_its_page_and_knows_its_card(filled: Console) -> None:
    for path in ("/analytics/totals", "/analytics/chart", "/analytics/card/devices?devices=os"):
        page = await filled.read(path)
        assert "<h1>Analytics</h1>" in page
        assert "The whole page" in page
    async with filled.client.get("/parts/analytics/card/nothing") as response:
        assert response.status == 404


async def test_nothing_yet_and_nothing_that_passes_are_told_apart(console: Console, tables: asyncpg.Connection) -> None:
    assert "No clicks yet" in await console.read("/parts/analytics/totals")

    await store(tables, [enriched_click(console.environment.now())])

    assert "passes these filters" in await console.read("/parts/analytics/totals?f.code=is:nobody")
    assert "no clicks in this range" in await console.read("/parts/analytics/totals?range=yesterday")


async def test_without_the_database_a_part_says_so(offline_console: Console) -> None:
    await offline_console.log_in()
    async with offline_console.client.get("/parts/analytics/totals") as response:
        assert (response.status, await response.text()) == (503, "PostgreSQL does not answer")
