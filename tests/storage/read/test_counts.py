"""What is counted, against real tables."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import asyncpg
import pytest

from schemas import Bot, Geo, Uniqueness
from storage.columns import CLICK_COLUMNS
from storage.days import prepare_days
from storage.engine import CLICKS, SCORES, read_engine
from storage.read.click_filters import ClickFilters
from storage.read.counts import (
    MinuteCount,
    ReasonCount,
    Share,
    Totals,
    clicks_per_minute,
    count_totals,
    newest_click_at,
    rejections_by_reason,
    top_codes,
    top_countries,
)
from storage.read.queries import recent_clicks
from tests.console.builders import (
    NOT_COUNTED,
    NOW,
    dead_letter,
    enriched_click,
    open_tables,
    rejected_click,
    store,
    ulid_at,
)
from tests.storage.rollups.builders import make_click, make_rows, make_writer

pytestmark = pytest.mark.servers

MINUTE = timedelta(minutes=1)
BOT = Bot(is_bot=True, reasons=["http_library"], rules="1")
PERSON = Bot(is_bot=False, reasons=[], rules="1")
UNTIL = NOW + timedelta(minutes=30)
THIS_MINUTE = NOW.replace(second=0, microsecond=0)


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


async def test_clicks_are_counted_by_the_minute_people_bots_and_rejections_apart(tables: asyncpg.Connection) -> None:
    await store(
        tables,
        [
            enriched_click(NOW, 1),
            enriched_click(NOW, 2),
            enriched_click(NOW, 3, bot=BOT),
            rejected_click(NOW, 4),
            enriched_click(NOW - 3 * MINUTE, 5),
            rejected_click(NOW - 5 * MINUTE, 6),
            enriched_click(NOW - 100 * MINUTE, 7),
        ],
    )

    assert await clicks_per_minute(tables, NOW - 60 * MINUTE, UNTIL) == [
        MinuteCount(THIS_MINUTE - 5 * MINUTE, 0, 0, 1),
        MinuteCount(THIS_MINUTE - 3 * MINUTE, 1, 0, 0),
        MinuteCount(THIS_MINUTE, 2, 1, 1),
    ]


async def test_minutes_are_those_of_utc_whatever_the_server_thinks(tables: asyncpg.Connection) -> None:
    await tables.execute("SET timezone = 'Asia/Kathmandu'")
    await store(tables, [enriched_click(NOW)])

    assert [count.minute for count in await clicks_per_minute(tables, NOW - MINUTE, UNTIL)] == [THIS_MINUTE]


async def test_requests_that_were_no_visits_are_in_no_total_and_have_a_count_of_their_own(
    tables: asyncpg.Connection,
) -> None:
    traces = [rejected_click(NOW, 2, reason="R601", method="HEAD"), rejected_click(NOW, 3, reason="R602")]
    await store(tables, [rejected_click(NOW, 1), *traces])

    assert await clicks_per_minute(tables, NOW - MINUTE, UNTIL) == [MinuteCount(THIS_MINUTE, 0, 0, 1)]
    assert await count_totals(tables, NOW - MINUTE, UNTIL) == Totals(0, 0, 1, 0)
    assert {count.reason: count.count for count in await rejections_by_reason(tables, NOW - MINUTE)} == {
        "R102": 1, "R601": 1, "R602": 1,
    }  # fmt: skip


async def test_totals_begin_where_they_are_asked_to(tables: asyncpg.Connection) -> None:
    await store(
        tables,
        [
            enriched_click(NOW, 1),
            enriched_click(NOW, 2, bot=BOT),
            enriched_click(NOW - 2 * MINUTE, 3),
            rejected_click(NOW, 4),
            dead_letter(NOW, 1),
            dead_letter(NOW, 2),
            dead_letter(NOW - 2 * MINUTE, 3),
        ],
    )

    assert await count_totals(tables, NOW - MINUTE, UNTIL) == Totals(1, 1, 1, 2)


async def test_tests_are_in_no_total_be_they_of_people_or_of_bots(tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(NOW, 1), enriched_click(NOW, 2, bot=BOT)])
    before = await count_everything(tables)
    await store(
        tables,
        [
            enriched_click(NOW, 3, is_test=True),
            enriched_click(NOW - 2 * MINUTE, 4, is_test=True, code="only-tests", geo=Geo(status="not_found")),
            enriched_click(NOW, 5, is_test=True, bot=BOT),
        ],
    )

    assert await count_everything(tables) == before
    assert before[:2] == ([MinuteCount(THIS_MINUTE, 1, 1, 0)], Totals(1, 1, 0, 0))


async def test_recorded_prefetches_are_people_in_no_total(tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(NOW, 1), enriched_click(NOW, 2, bot=BOT)])
    before = await count_everything(tables)
    await store(
        tables,
        [
            enriched_click(NOW, 3, prefetch=True),
            enriched_click(NOW - 2 * MINUTE, 4, prefetch=True, code="ahead", geo=Geo(status="not_found")),
        ],
    )

    after = await count_everything(tables)
    assert after[1] == Totals(1, 1, 0, 0, prefetches=2)
    assert after[:1] + after[2:] == before[:1] + before[2:]


async def test_a_bot_that_says_it_prefetches_is_a_bot(tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(NOW, 1, prefetch=True, bot=BOT)])

    assert await clicks_per_minute(tables, NOW - MINUTE, UNTIL) == [MinuteCount(THIS_MINUTE, 0, 1, 0)]
    assert await count_totals(tables, NOW - MINUTE, UNTIL) == Totals(0, 1, 0, 0)


async def test_of_peoples_clicks_the_unique_the_repeats_and_the_rest_add_up(tables: asyncpg.Connection) -> None:
    app = Bot(is_bot=False, reasons=[], kind="app_fetch")
    kinds = [{}, {"bot": BOT}, {"bot": app}, {"prefetch": True}, {"is_test": True}]
    judged = [*[None] * 2, *[True] * 3, *[False] * 4]
    unique = [Uniqueness(is_unique=one, status="not_judged" if one is None else "judged") for one in judged]
    await store(
        tables,
        [
            enriched_click(NOW, number, **{"unique": one, **kind})
            for number, (one, kind) in enumerate(product(unique, kinds))
        ],
    )
    totals = await count_totals(tables, NOW - MINUTE, UNTIL)

    assert totals == Totals(
        people=9, bots=9, rejected=0, dead_letters=0, unique=3, repeats=4, app_fetches=9, prefetches=9
    )
    assert totals.not_judged == 2
    assert await clicks_per_minute(tables, NOW - MINUTE, UNTIL) == [MinuteCount(THIS_MINUTE, 9, 9, 0)]


async def count_everything(tables: asyncpg.Connection) -> tuple[object, ...]:
    return await count_from(tables, NOW - 60 * MINUTE, UNTIL)


class PlanReader:
    """A Reader that asks for the plan of each statement instead of its rows.

    With `ANALYZE` the statement is run, and only the scans that were executed are noted: PostgreSQL prunes the
    partitions of an inner table while it runs.
    """

    def __init__(self, connection: asyncpg.Connection, how: str = "EXPLAIN") -> None:
        self._connection = connection
        self._how = how
        self.scans: list[str] = []

    async def fetch(self, query: str, *values: Any, timeout: float | None = None) -> list[Any]:  # noqa: ASYNC109 - asyncpg's
        plan = await self._connection.fetch(f"{self._how} {query}", *values, timeout=timeout)
        lines = [row[0] for row in plan if " on " in row[0] and "never executed" not in row[0]]
        self.scans += [line.partition("->")[2].partition(" (")[0].strip() for line in lines]
        return []

    async def fetchrow(self, query: str, *values: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - asyncpg's
        await self.fetch(query, *values, timeout=timeout)
        return (0,) * 8

    fetchval = fetchrow


MONTH = 30
ANALYZE = "EXPLAIN (ANALYZE, TIMING OFF)"


@pytest.fixture
async def month(tables: asyncpg.Connection) -> asyncpg.Connection:
    """Give tables with a month of settled clicks, many of today, of which one in a hundred became unique."""
    days, engine = [(NOW - timedelta(days=day)).date() for day in range(MONTH)], await read_engine(tables)
    for table in (CLICKS, SCORES):
        await prepare_days(tables, engine, days, table)
    known = [enriched_click(NOW, 1, unique=Uniqueness(is_unique=False, basis="address", status="judged"))]
    await store(tables, known)
    columns = ", ".join(f'"{name}"' for name in (*CLICK_COLUMNS, "stored_at") if name not in ("click_id", "clicked_at"))
    await tables.execute(
        f"""
        INSERT INTO clicks (click_id, clicked_at, {columns})
        SELECT to_char(n, 'FM00000000000000000000000000'), $1::timestamptz - n * n * interval '6.2 ms', {columns}
        FROM clicks, generate_series(1, 20000) AS n
        """,
        NOW - MINUTE,
    )
    await tables.execute(
        """
        INSERT INTO click_scores (click_id, clicked_at, rules, stage, score, band, is_unique, unique_basis,
            unique_status, changes_uniqueness)
        SELECT click_id, clicked_at, 'r', 'settled', 0, 'clean', row_number() OVER () % 100 = 0, 'address', 'judged',
            row_number() OVER () % 100 = 0
        FROM clicks
        """
    )
    await tables.execute("VACUUM ANALYZE clicks, click_scores")
    return tables


async def test_totals_are_what_the_verdicts_of_all_clicks_add_up_to(month: asyncpg.Connection) -> None:
    for since in (NOW - timedelta(days=1), NOW - timedelta(days=MONTH)):
        totals = await count_totals(month, since, UNTIL)
        row = await month.fetchrow(
            "SELECT count(*), count(*) FILTER (WHERE is_unique), count(*) FILTER (WHERE NOT is_unique)"
            " FROM click_verdicts_now WHERE clicked_at >= $1",
            since,
        )

        assert (totals.people, totals.unique, totals.repeats) == tuple(row)
        assert totals.unique > 0
        assert totals.not_judged == 0


async def test_a_list_of_a_window_of_time_reads_its_partitions_by_indexes(month: asyncpg.Connection) -> None:
    today = f"{NOW:%Y%m%d}"
    for filters in (ClickFilters(), ClickFilters(uniqueness="unique"), ClickFilters(band="invalid")):
        reader = PlanReader(month, ANALYZE)
        await recent_clicks(reader, filters, 100, before=ulid_at(NOW), since=NOW - timedelta(hours=2))

        of_partitions = [scan for scan in reader.scans if "_2026" in scan]
        assert of_partitions
        assert all(today in scan and "Seq Scan" not in scan for scan in of_partitions), of_partitions


async def test_what_the_sink_has_just_stored_is_counted_from_minutes_and_pending_batches(
    tables: asyncpg.Connection, database_url: str
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    hour, until = now - 59 * MINUTE, now + timedelta(minutes=30)
    clicks = [make_click(number, now - number * timedelta(seconds=40)) for number in range(60)]
    writer = make_writer(database_url)
    await writer.write(make_rows(clicks))
    await writer.close()
    counted = await count_from(tables, hour, until)
    await tables.execute(NOT_COUNTED)

    assert await tables.fetchval("SELECT count(*) FROM click_rollups") == 0
    assert counted == await count_from(tables, hour, until)
    assert counted[1] != Totals(0, 0, 0, 0)


async def count_from(tables: asyncpg.Connection, since: datetime, until: datetime) -> tuple[object, ...]:
    return (
        await clicks_per_minute(tables, since, until),
        await count_totals(tables, since, until),
        await top_codes(tables, since, until, 5),
        await top_countries(tables, since, until, 5),
    )


async def test_empty_tables_count_nothing(tables: asyncpg.Connection) -> None:
    assert await count_totals(tables, NOW, UNTIL) == Totals(0, 0, 0, 0)
    assert await clicks_per_minute(tables, NOW, UNTIL) == []
    assert await newest_click_at(tables) is None
    assert await top_codes(tables, NOW, UNTIL, 5) == []


async def test_the_codes_and_countries_of_most_people_are_on_top(tables: asyncpg.Connection) -> None:
    clicks = [enriched_click(NOW, number, code="much") for number in range(3)]
    clicks += [enriched_click(NOW, 10 + number, code="little", geo=Geo(status="not_found")) for number in range(2)]
    clicks += [enriched_click(NOW, 20 + number, code="robots", bot=BOT) for number in range(9)]
    await store(tables, clicks)

    assert await top_codes(tables, NOW - MINUTE, UNTIL, 5) == [Share("much", 3), Share("little", 2)]
    assert await top_codes(tables, NOW - MINUTE, UNTIL, 1) == [Share("much", 3)]
    assert await top_countries(tables, NOW - MINUTE, UNTIL, 5) == [Share("PT", 3), Share(None, 2)]


async def test_rejections_are_counted_by_reason_with_the_latest(tables: asyncpg.Connection) -> None:
    await store(
        tables,
        [
            rejected_click(NOW, 1),
            rejected_click(NOW + MINUTE, 2),
            rejected_click(NOW, 3, reason="R101"),
            rejected_click(NOW - 2 * MINUTE, 4, reason="R501"),
        ],
    )

    found = await rejections_by_reason(tables, NOW - MINUTE)

    hour = NOW.replace(minute=0, second=0, microsecond=0)
    assert found == [
        ReasonCount("R102", 2, NOW + MINUTE, ulid_at(NOW + MINUTE, 2), {hour: 2}),
        ReasonCount("R101", 1, NOW, ulid_at(NOW, 3), {hour: 1}),
    ]


async def test_the_newest_click_is_found(tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(NOW - MINUTE, 1), enriched_click(NOW, 2)])

    assert await newest_click_at(tables) == NOW
