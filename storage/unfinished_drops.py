"""Completes drops of native partitions that were interrupted between detaching and dropping.

DETACH CONCURRENTLY and DROP are statements of their own. Where the second is never sent, the table of the day stays,
and no partition tells of it. A table that an operator detached is of a day without a recorded drop, and is kept.
"""

from collections.abc import Collection
from datetime import date
from typing import Final

import asyncpg

from storage.engine import CLICKS, SCORES, read_engine
from storage.partitions import drop_detached

LIST: Final = """
    SELECT day FROM dropped_click_days
    LEFT JOIN pg_inherits ON inhrelid = to_regclass($1 || to_char(day, '_YYYYMMDD'))
    WHERE to_regclass($1 || to_char(day, '_YYYYMMDD')) IS NOT NULL
        AND (inhrelid IS NULL OR inhparent = to_regclass($1) AND inhdetachpending)
"""


async def list_unfinished(connection: asyncpg.Connection) -> list[date]:
    """Return the days recorded as dropped of which a table is left that is detached, or being detached."""
    days = [row["day"] for table in await list_native(connection) for row in await connection.fetch(LIST, table)]
    return sorted(set(days))


async def finish_drops(connection: asyncpg.Connection, days: Collection[date]) -> None:
    """Drop what is left of those of these days that `list_unfinished` would return. Not inside a transaction."""
    for table in await list_native(connection):
        for row in await connection.fetch(LIST, table):
            if row["day"] in days:
                await drop_detached(connection, table, row["day"])


async def list_native(connection: asyncpg.Connection) -> list[str]:
    engine = await read_engine(connection)
    return [table for table in (SCORES, CLICKS) if not engine.is_hypertable(table)]
