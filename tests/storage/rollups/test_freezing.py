"""A frozen day keeps its counts when its clicks go."""

from datetime import timedelta

import pytest

from storage.days import drop_day
from storage.rollups.freezing import NotCounted, freeze_day
from storage.rollups.rebuild import list_days, rebuild_day
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


async def test_a_day_that_is_not_counted_yet_must_stay(database_url: str) -> None:
    async with open_tables(database_url) as tables:
        await tables.execute("UPDATE rollup_state SET is_complete = false, counted_from = 'infinity'")

        with pytest.raises(NotCounted, match="rollups status"):
            await freeze_day(tables, PAST.date())
