"""The record of what was removed: how many rows and bytes of each day."""

from datetime import date, datetime
from typing import Final, Literal

import asyncpg
import msgspec

Removable = Literal["clicks", "personal", "rejections", "letters"]

ADD: Final = """
    INSERT INTO retention_removals AS old (what, day, rows, bytes) VALUES ($1, $2, $3, $4)
    ON CONFLICT (what, day) DO UPDATE SET rows = old.rows + excluded.rows, bytes = old.bytes + excluded.bytes,
        removed_at = clock_timestamp()
"""
LIST: Final = """
    SELECT what, day, rows, bytes, removed_at FROM retention_removals ORDER BY removed_at DESC, what, day DESC LIMIT $1
"""
SUM: Final = """
    SELECT what, count(*), sum(rows)::bigint, sum(bytes)::bigint, min(day), max(day), max(removed_at)
    FROM retention_removals GROUP BY what ORDER BY what
"""


class Removal(msgspec.Struct, frozen=True):
    """What was removed of one day. Of `personal`, `rows` counts the clicks that were changed."""

    what: Removable
    day: date
    rows: int
    bytes: int
    removed_at: datetime


class RemovalSum(msgspec.Struct, frozen=True):
    """What was removed in all of one kind."""

    what: Removable
    days: int
    rows: int
    bytes: int
    first_day: date
    last_day: date
    removed_at: datetime


async def add_removal(connection: asyncpg.Connection, what: Removable, day: date, rows: int, size: int) -> None:
    """Record a removal; one of the same day is added to it."""
    await connection.execute(ADD, what, day, rows, size)


async def list_removals(connection: asyncpg.Connection, limit: int) -> list[Removal]:
    """Return the last removals, the newest first."""
    return [Removal(*row) for row in await connection.fetch(LIST, limit)]


async def sum_removals(connection: asyncpg.Connection) -> list[RemovalSum]:
    return [RemovalSum(*row) for row in await connection.fetch(SUM)]
