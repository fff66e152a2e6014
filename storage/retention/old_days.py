"""Drops the days of clicks, with their scores, that are older than they are to be kept."""

from datetime import date, timedelta
from typing import Final

import asyncpg

from storage import days
from storage.partitions import Partition
from storage.retention.policy import start_of
from storage.rollups.freezing import close_day
from storage.unfinished_drops import finish_drops

COUNT_S: Final = 600.0
COUNT: Final = "SELECT count(*) FROM clicks WHERE clicked_at >= $1 AND clicked_at < $2"
RECORD: Final = """
    INSERT INTO retention_removals AS old (what, day, rows, bytes) VALUES ('clicks', $1, $2, $3)
    ON CONFLICT (what, day) DO UPDATE SET rows = greatest(old.rows, excluded.rows),
        bytes = greatest(old.bytes, excluded.bytes), removed_at = clock_timestamp()
    RETURNING rows
"""
READ_RECORDED: Final = "SELECT rows FROM retention_removals WHERE what = 'clicks' AND day = $1"


async def drop_day(connection: asyncpg.Connection, partition: Partition) -> int:
    """Drop a day for good, and record it; return how many clicks it had.

    An interrupted drop is completed by the next call, and recorded once. Must not run inside a transaction.
    """
    await close_day(connection, partition.day)
    first = start_of(partition.day)
    clicks: int = await connection.fetchval(COUNT, first, first + timedelta(days=1), timeout=COUNT_S)
    # Of a day whose drop was interrupted nothing can be counted any more: the larger number is the true one.
    recorded: int = await connection.fetchval(RECORD, partition.day, clicks, partition.size)
    await days.drop_day(connection, partition.day)
    return recorded


async def finish_day(connection: asyncpg.Connection, day: date) -> int:
    """Complete a drop that was interrupted; return how many clicks it removed, as far as that was recorded."""
    await finish_drops(connection, [day])
    return await connection.fetchval(READ_RECORDED, day) or 0
