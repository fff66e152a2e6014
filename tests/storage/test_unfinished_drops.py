"""What an interrupted drop has left is dropped; what is attached, or detached by an operator, stays."""

import asyncio
from datetime import date, timedelta

import asyncpg
import pytest

from storage.days import drop_day
from storage.engine import CLICKS, SCORES
from storage.partitions import make_partition
from storage.unfinished_drops import finish_drops, list_unfinished
from tests.storage.test_partitions import TODAY, _has_native_partitions, connected, reading_all, tables

__all__ = ["_has_native_partitions", "tables"]
pytestmark = pytest.mark.servers

NAMES = """
    SELECT relname::text FROM pg_class
    WHERE relkind = 'r' AND relname ~ '^click(s|_scores)_\\d{8}$' AND relnamespace = current_schema()::regnamespace
    ORDER BY 1
"""


async def record_and_detach(connection: asyncpg.Connection, day: date, *others: str) -> None:
    """Leave a day as a drop does that is interrupted before its last statement."""
    await connection.execute("INSERT INTO dropped_click_days (day) VALUES ($1)", day)
    for table in (CLICKS, *others):
        await connection.execute(f"ALTER TABLE {table} DETACH PARTITION {table}_{day:%Y%m%d}")


async def names(connection: asyncpg.Connection) -> list[str]:
    return [row[0] for row in await connection.fetch(NAMES)]


async def test_detached_tables_of_dropped_days_go_and_all_others_stay(tables: asyncpg.Connection) -> None:
    days = [TODAY + timedelta(days=number) for number in range(3)]
    for day in days:
        await make_partition(tables, day)
        await make_partition(tables, day, SCORES)
    await record_and_detach(tables, days[0], SCORES)
    await tables.execute(f"ALTER TABLE clicks DETACH PARTITION clicks_{days[1]:%Y%m%d}")
    # This day is recorded, and the process ended before it was detached: its clicks are not counted yet, perhaps.
    await tables.execute("INSERT INTO dropped_click_days (day) VALUES ($1)", days[2])

    unfinished = await list_unfinished(tables)
    await finish_drops(tables, days)

    assert unfinished == [days[0]]
    assert await names(tables) == [f"{table}_{day:%Y%m%d}" for table in (SCORES, CLICKS) for day in days[1:]]
    assert await list_unfinished(tables) == []


async def test_a_detach_that_was_interrupted_is_completed(tables: asyncpg.Connection, database_url: str) -> None:
    await make_partition(tables, TODAY)
    async with reading_all(database_url), connected(database_url) as interrupted:
        await interrupted.execute("SET statement_timeout = 500")
        with pytest.raises(asyncpg.QueryCanceledError):
            await drop_day(interrupted, TODAY)

    unfinished = await list_unfinished(tables)
    await finish_drops(tables, unfinished)

    assert (unfinished, await names(tables)) == ([TODAY], [])


async def test_the_table_of_a_day_that_is_restored_meanwhile_stays(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await make_partition(tables, TODAY)
    await record_and_detach(tables, TODAY)
    async with connected(database_url) as restoring, asyncio.timeout(30):
        async with restoring.transaction():
            await restoring.execute("DELETE FROM dropped_click_days")
            finishing = asyncio.create_task(finish_drops(tables, [TODAY]))
            await asyncio.wait({finishing}, timeout=0.5)
            assert not finishing.done()
        await finishing

    assert await names(tables) == [f"clicks_{TODAY:%Y%m%d}"]
