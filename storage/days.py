"""The days (UTC) of the tables of clicks, whether they are native partitions or chunks of a hypertable.

The days of `click_scores` are made by those who write scores, and dropped together with the day's clicks.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Final

import asyncpg

from storage.chunks import drop_chunks, find_dropped_days, list_chunks, wait_for_writers
from storage.engine import CLICKS, SCORES, StorageEngine, read_engine
from storage.partitions import (
    DAYS_AHEAD,
    Partition,
    PartitionState,
    days_ahead,
    drop_partition,
    list_partitions,
    make_partitions,
)

RECORD_DROP: Final = "INSERT INTO dropped_click_days (day) VALUES ($1) ON CONFLICT (day) DO NOTHING"


async def prepare_days(
    connection: asyncpg.Connection, engine: StorageEngine, days: Collection[date], table: str = CLICKS
) -> dict[date, PartitionState]:
    """Make it possible to store rows of these days, except of those that were dropped. Not inside a transaction."""
    if not engine.is_hypertable(table):
        return await make_partitions(connection, days, table)
    dropped = await find_dropped_days(connection, days)
    return {day: "dropped" if day in dropped else "there" for day in sorted(days)}


async def prepare_upcoming_days(connection: asyncpg.Connection) -> None:
    """Create the partitions of today and the coming days. Later the sink's job does this."""
    # Ignore a lock conflict: the sink creates what is missing.
    with suppress(asyncpg.LockNotAvailableError):
        days = days_ahead(datetime.now(UTC).date(), DAYS_AHEAD)
        await prepare_days(connection, await read_engine(connection), days)


async def list_days(connection: asyncpg.Connection, table: str = CLICKS) -> list[Partition]:
    """Return the days that have a partition or a chunk, oldest first."""
    engine = await read_engine(connection)
    if not engine.is_hypertable(table):
        return await list_partitions(connection, table)
    return [Partition(start.date(), *rest) for start, *rest in await list_chunks(connection, engine, table)]


async def list_past_days(connection: asyncpg.Connection) -> list[Partition]:
    """Return the days before today that have clicks."""
    today = datetime.now(UTC).date()
    return [one for one in await list_days(connection) if one.day < today]


async def record_drop(connection: asyncpg.Connection, day: date) -> None:
    """Record a day as dropped: afterwards no click of it is stored any more. Must not run inside a transaction.

    A batch looks for the record before it commits. Those that looked before it was there are waited for. Raises
    TimeoutError when one lasts too long.
    """
    await connection.execute(RECORD_DROP, day)
    await wait_for_writers(connection, CLICKS)


async def drop_day(connection: asyncpg.Connection, day: date) -> None:
    """Drop a day of clicks and of their scores for good. Must not run inside a transaction.

    The drop is recorded first. One that was interrupted is completed by another. Raises asyncpg's errors,
    LockNotAvailable and TimeoutError among them when readers or writers last too long.
    """
    engine = await read_engine(connection)
    await record_drop(connection, day)
    for table in (SCORES, CLICKS):
        if engine.is_hypertable(table):
            await drop_chunks(connection, engine, table, day)
        else:
            await drop_partition(connection, table, day)
