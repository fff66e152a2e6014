"""A frozen day keeps its counts when its clicks go."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from storage.days import drop_day
from storage.rollups.freezing import NotCounted, freeze_day
from storage.rollups.rebuild import begin_again, count_earlier_day, list_days, rebuild_day
from storage.rollups.state import Frozen, read_frozen
from storage.rollups.verify import verify_day
from tests.storage.rollups.builders import TODAY, make_click, make_rows, make_writer, open_tables
from tests.storage.rollups.reference_count import read_cells

pytestmark = pytest.mark.servers

PAST = TODAY - timedelta(days=3)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
async def test_counts_stay_when_the_rows_of_a_frozen_day_are_gone(database_url: str, zone: str) -> None:
    async with open_tables(database_url) as tables:
        await tables.execute("UPDATE rollup_state SET zone = $1", zone)
        writer = make_writer(database_url)
        times = (PAST, PAST - timedelta(hours=8), PAST + timedelta(hours=11), TODAY)
        await writer.write(make_rows(make_click(number, times[number % 4]) for number in range(80)))
        await freeze_day(tables, PAST.date())
        await freeze_day(tables, PAST.date())
        before = await read_cells(tables)
        await drop_day(tables, PAST.date())

        days = await list_days(tables, None, None)
        done = {day: await rebuild_day(tables, day) for day in days}

        assert await read_cells(tables) == before
        frozen = {row[0] for row in await tables.fetch("SELECT day FROM rollup_days")}
        assert {day for day, is_done in done.items() if not is_done} == frozen
        assert {day for day in days if await verify_day(tables, day) is None} == frozen
        assert await tables.fetchval("SELECT sum(clicks) FROM rollup_days") == 60
        await writer.close()


async def test_a_day_ends_at_the_earlier_of_two_midnights(database_url: str) -> None:
    midnight = datetime(2025, 10, 26, tzinfo=UTC)
    async with open_tables(database_url) as tables:
        await tables.execute("UPDATE rollup_state SET zone = 'Atlantic/Azores'")
        writer = make_writer(database_url)
        times = [midnight + timedelta(minutes=30 * number) for number in range(-20, 20)]
        await writer.write(make_rows(make_click(number, at) for number, at in enumerate(times)))

        await freeze_day(tables, midnight.date() - timedelta(days=1))
        before = await read_cells(tables)

        frozen = await tables.fetchrow("SELECT clicks, first_at, until FROM rollup_days")
        assert tuple(frozen) == (20, midnight - timedelta(days=1), midnight)
        assert await read_frozen(tables) == Frozen(days=1, of_other_zones=0)
        assert await rebuild_day(tables, midnight.date())
        assert await read_cells(tables) == before
        await writer.close()


async def test_a_day_that_is_not_counted_yet_must_stay(database_url: str) -> None:
    async with open_tables(database_url) as tables:
        await tables.execute("UPDATE rollup_state SET is_complete = false, counted_from = 'infinity'")

        with pytest.raises(NotCounted, match="rollups status"):
            await freeze_day(tables, PAST.date())


TOTALS = """
    SELECT grain, sum(people + bots + app_fetches + prefetches + tests)::int FROM click_rollups
    WHERE kind = 'p' AND entity = '' AND dim = 0 AND grain <> 'm' GROUP BY 1
    UNION ALL SELECT 'minute', sum(people + bots + app_fetches + prefetches + tests)::int FROM click_minutes
"""


async def change_zone(tables: asyncpg.Connection, zone: str) -> dict[str, int]:
    """Count all again in this zone; give how many clicks are in the counts by day, by hour and by minute."""
    await begin_again(tables, zone)
    while await count_earlier_day(tables) is not None:
        pass
    return dict(await tables.fetch(TOTALS))


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"])
async def test_no_click_is_lost_or_doubled_when_the_zone_changes_again_and_again(database_url: str, zone: str) -> None:
    async with open_tables(database_url) as tables:
        writer = make_writer(database_url)
        hours = range(-40, 60)
        clicks = [make_click(number, PAST + timedelta(hours=hour)) for number, hour in enumerate(hours)]
        await writer.write(make_rows(clicks))
        every = dict.fromkeys(("d", "h", "minute"), len(clicks))
        await freeze_day(tables, PAST.date())
        await drop_day(tables, PAST.date())

        assert await read_frozen(tables) == Frozen(days=1, of_other_zones=0)
        assert await change_zone(tables, zone) == every
        assert await read_frozen(tables) == Frozen(days=1, of_other_zones=1)
        assert await change_zone(tables, "UTC") == every
        assert await change_zone(tables, zone) == every

        # A day that is dropped in the other zone has parts of two of its days.
        await freeze_day(tables, PAST.date() + timedelta(days=1))
        await drop_day(tables, PAST.date() + timedelta(days=1))
        assert await change_zone(tables, "UTC") == every
        assert await change_zone(tables, "Europe/Berlin") == every
        await writer.close()
