"""A dropped day whose clicks are stored again has the counts of its clicks, and not those of before beside them."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from schemas import EnrichedClick
from storage.days import drop_day
from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.question import Question, Range
from storage.restoring import NotRestorable, read_kept, restore_days
from storage.rollups.freezing import freeze_day
from storage.rollups.rebuild import list_days
from storage.rollups.roller import roll
from storage.rollups.verify import verify_day
from tests.storage.rollups.builders import PEOPLE, TODAY, make_click, make_rows, make_writer, open_tables
from tests.storage.test_unfinished_drops import record_and_detach

pytestmark = pytest.mark.servers

PAST = TODAY - timedelta(days=3)
DAY, ONE_DAY = PAST.date(), timedelta(days=1)


def clicks(count: int, at: datetime = PAST) -> list[EnrichedClick]:
    facts = {"bot": PEOPLE, "is_test": False, "prefetch": False, "limit": None}
    return [make_click(number, at + timedelta(minutes=number), **facts) for number in range(count)]


async def store(tables: asyncpg.Connection, database_url: str, stored: list[EnrichedClick]) -> None:
    writer = make_writer(database_url)
    assert await writer.write(make_rows(stored)) == []
    await writer.close()
    await roll(tables, wait=True)


async def drop(tables: asyncpg.Connection, *days: datetime) -> None:
    for one in days:
        await freeze_day(tables, one.date())
        await drop_day(tables, one.date())


async def count_people(tables: asyncpg.Connection) -> int:
    whole = Range(PAST - 2 * ONE_DAY, PAST + 2 * ONE_DAY)
    answer = await ask(tables, Question(range=whole), datetime.now(UTC))
    assert isinstance(answer, Answer)
    return answer.totals[0]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
async def test_a_day_that_is_restored_and_stored_again_is_counted_once(database_url: str, zone: str) -> None:
    async with open_tables(database_url) as tables:
        await tables.execute("UPDATE rollup_state SET zone = $1", zone)
        await store(tables, database_url, [*clicks(10), *clicks(3, PAST + ONE_DAY)])
        await drop(tables, PAST)
        counts = [await count_people(tables)]

        (kept,) = await read_kept(tables, [DAY])
        await restore_days(tables, [DAY])
        counts.append(await count_people(tables))
        await store(tables, database_url, clicks(11))
        counts.append(await count_people(tables))

        assert (kept.day, counts) == (DAY, [13, 3, 14])
        for day in await list_days(tables, None, None):
            assert await verify_day(tables, day) == []


async def test_days_that_share_a_day_of_the_zone_are_restored_together(database_url: str) -> None:
    async with open_tables(database_url) as tables:
        await tables.execute("UPDATE rollup_state SET zone = 'Asia/Kolkata'")
        stored = [*clicks(10, PAST + timedelta(hours=8)), *clicks(10, PAST - timedelta(hours=16))]
        await store(tables, database_url, stored)
        await drop(tables, PAST - ONE_DAY, PAST)

        with pytest.raises(NotRestorable, match=f"{DAY - ONE_DAY}, which was dropped too"):
            await restore_days(tables, [DAY])
        refused = await count_people(tables)
        await restore_days(tables, [DAY, DAY - ONE_DAY])
        await store(tables, database_url, stored)

        assert (refused, await count_people(tables)) == (20, 20)


async def test_a_day_whose_drop_was_interrupted_is_restored_and_stored_again(database_url: str) -> None:
    async with open_tables(database_url) as tables:
        await store(tables, database_url, clicks(10))
        await freeze_day(tables, DAY)
        await record_and_detach(tables, DAY)

        await restore_days(tables, [DAY])
        await store(tables, database_url, clicks(11))

        assert await count_people(tables) == 11
        assert await verify_day(tables, DAY) == []


async def test_a_day_that_was_not_dropped_is_refused(database_url: str) -> None:
    async with open_tables(database_url) as tables:
        await store(tables, database_url, clicks(1))

        with pytest.raises(NotRestorable, match="was not dropped"):
            await restore_days(tables, [DAY])
