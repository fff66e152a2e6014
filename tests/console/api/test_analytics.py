"""`GET /api/v1/analytics` on real rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from schemas import Bot, Geo
from tests.console.builders import count_stored, enriched_click, store
from tests.console.running import Console

pytestmark = pytest.mark.servers


@pytest.fixture
async def counted(tables_console: Console, tables: asyncpg.Connection) -> Console:
    now = datetime.now(UTC)
    clicks = [
        enriched_click(now - timedelta(days=day), 10 * day + number, geo=Geo(country=country, status="found"))
        for day, countries in enumerate((("DE", "DE", "PT"), ("DE",), ("PT", "PT", "FR", "FR")))
        for number, country in enumerate(countries)
    ]
    await store(tables, [*clicks, enriched_click(now, 99, bot=Bot(is_bot=True, reasons=["http_library"], rules="1"))])
    await count_stored(tables)
    return tables_console


async def ask(console: Console, query: str) -> tuple[int, Any]:
    async with console.client.get(f"/api/v1/analytics?{query}") as response:
        return response.status, await response.json(content_type=None)


async def test_clicks_are_counted_by_what_is_asked(counted: Console, tables: asyncpg.Connection) -> None:
    status, answer = await ask(counted, "by=country&measures=people,bots")

    rows = await tables.fetch(
        """
        SELECT geo_country, count(*) FILTER (WHERE NOT is_bot), count(*) FILTER (WHERE is_bot)
        FROM clicks GROUP BY 1
        """
    )
    assert status == 200
    assert {row["keys"]["country"]: tuple(row["counts"].values()) for row in answer["rows"]} == {
        country: (people, bots) for country, people, bots in rows
    }
    assert answer["totals"] == {"people": 8, "bots": 1}
    assert (answer["zone"], answer["number"], answer["next"]) == ("UTC", 3, None)


async def test_a_page_says_where_the_next_begins(counted: Console) -> None:
    _, first = await ask(counted, "by=country&measures=people&limit=2")
    _, second = await ask(counted, f"by=country&measures=people&limit=2&offset={first['next']}")

    assert first["next"] == 2
    assert [len(first["rows"]), len(second["rows"]), second["next"]] == [2, 1, None]


async def test_filters_and_comparisons_are_those_of_the_pages(counted: Console) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    earlier = yesterday - timedelta(days=1)
    _, answer = await ask(
        counted,
        f"range=custom&from={yesterday}&to={yesterday}&compare={earlier}..{earlier}&f.country=not:FR&measures=people",
    )

    assert (answer["totals"], answer["totals_before"]) == ({"people": 1}, {"people": 2})


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("range=week", "range=week: one of today"),
        ("colour=red", "colour=red: no such filter"),
        ("measures=clicks", "clicks is no measure: people"),
        ("limit=0", "limit must be a whole number from 1 to 1,000"),
        ("offset=-1", "offset must be a whole number from 0 to 1,000,000"),
        ("range=28d&by=minute", "by minute, the range may have 2 days at most"),
    ],
)
async def test_a_bad_question_is_a_problem_that_says_why(tables_console: Console, query: str, detail: str) -> None:
    status, problem = await ask(tables_console, query)

    assert (status, problem["reason"]) == (400, "bad_question")
    assert problem["detail"].startswith(detail)
