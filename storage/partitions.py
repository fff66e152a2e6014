"""The native daily partitions (UTC) of `clicks` and `click_scores`: created without blocking readers, and dropped.

`days` has the same for a table that may be a hypertable instead.

A partition is first created as a separate table with its indexes, and then attached. ATTACH locks `clicks` with SHARE
UPDATE EXCLUSIVE, which conflicts with neither SELECT nor INSERT. `CREATE TABLE ... PARTITION OF` would take ACCESS
EXCLUSIVE: it waits for the slowest reader, and every new reader waits for it. There is no default partition, because
ATTACH would have to scan it.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, Literal

import asyncpg
import msgspec

from runtime.postgres import transaction
from storage.engine import CLICKS

DAYS_AHEAD: Final = 7
LOCK_TIMEOUT_S: Final = 2.0
NAME: Final = "{}_{:%Y%m%d}"

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('clickrail partitions of ' || current_schema(), 0))"
STATE: Final = """
    SELECT EXISTS (SELECT FROM dropped_click_days WHERE day = $1) AS dropped, to_regclass($2) IS NOT NULL AS made,
        EXISTS (
            SELECT FROM pg_inherits
            WHERE inhparent = to_regclass($3) AND inhrelid = to_regclass($2) AND NOT inhdetachpending
        ) AS attached
"""
LIST: Final = """
    SELECT child.relname, coalesce(nullif(pg_stat_get_live_tuples(child.oid), 0), greatest(child.reltuples, 0))::bigint,
        pg_total_relation_size(child.oid)
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = $1::regclass ORDER BY child.relname
"""
PENDING: Final = """
    SELECT inhdetachpending FROM pg_inherits WHERE inhparent = to_regclass($2) AND inhrelid = to_regclass($1)
"""
IS_LOOSE: Final = """
    SELECT NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass($2)) FROM dropped_click_days
    WHERE day = $1 FOR KEY SHARE
"""

PartitionState = Literal["made", "there", "dropped"]
"""The partition was created, existed already, or its day was dropped and is not created again."""


class Partition(msgspec.Struct, frozen=True):
    """A day's partition or chunk: its table, its rows as the statistics know them, and its size in bytes."""

    day: date
    name: str
    clicks: int
    size: int
    is_compressed: bool = False


async def make_partition(connection: asyncpg.Connection, day: date, table: str = CLICKS) -> PartitionState:
    """Create the partition of a day in its own short transaction. Raises asyncpg's errors, such as LockNotAvailable."""
    name = NAME.format(table, day)
    async with transaction(connection):
        await connection.execute(f"SET LOCAL lock_timeout = {round(LOCK_TIMEOUT_S * 1000)}")
        # Sinks that create the same partition wait for each other, so none fails.
        await connection.execute(LOCK)
        state = await connection.fetchrow(STATE, day, name, table)
        if state["dropped"]:
            # It may be attached still: its drop has begun.
            return "dropped"
        if state["made"]:
            # A table of this name that is not attached was detached by an operator: leave it alone.
            return "there" if state["attached"] else "dropped"
        await connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
        await connection.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{day}T00:00Z') TO ('{day + timedelta(days=1)}T00:00Z')"
        )
    return "made"


async def make_partitions(
    connection: asyncpg.Connection, days: Iterable[date], table: str = CLICKS
) -> dict[date, PartitionState]:
    return {day: await make_partition(connection, day, table) for day in sorted(days)}


def days_ahead(today: date, ahead: int) -> list[date]:
    """Return today and `ahead` days after it."""
    return [today + timedelta(days=number) for number in range(ahead + 1)]


async def list_partitions(connection: asyncpg.Connection, table: str = CLICKS) -> list[Partition]:
    """Return the partitions, oldest day first. Tables with another form of name are not ours and are left out."""
    listed = await connection.fetch(LIST, table)
    return [Partition(day, *row) for row in listed if (day := parse_partition_name(row[0], table)) is not None]


def parse_partition_name(name: str, table: str = CLICKS) -> date | None:
    match = re.fullmatch(rf"{table}_(\d{{4}})(\d\d)(\d\d)", name)
    return date(*map(int, match.groups())) if match else None


async def drop_partition(connection: asyncpg.Connection, table: str, day: date) -> None:
    """Remove the partition of a day that is recorded as dropped. Waits for its readers, and blocks nobody."""
    name = NAME.format(table, day)
    if await connection.fetchval(PENDING, name, table) is False:
        await connection.execute(f"ALTER TABLE {table} DETACH PARTITION {name} CONCURRENTLY")
    await drop_detached(connection, table, day)


async def drop_detached(connection: asyncpg.Connection, table: str, day: date) -> None:
    """Drop the table of a day that is recorded as dropped, detached or about to be: an attached one stays."""
    name = NAME.format(table, day)
    if await connection.fetchval(PENDING, name, table):
        # The DETACH was interrupted while it waited for readers.
        await connection.execute(f"ALTER TABLE {table} DETACH PARTITION {name} FINALIZE")
    async with transaction(connection):
        # Whoever restores the day waits for this row lock, so the table is not the one of a restored day.
        if await connection.fetchval(IS_LOOSE, day, name):
            await connection.execute(f"DROP TABLE IF EXISTS {name}")
