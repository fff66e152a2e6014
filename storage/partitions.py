"""The daily partitions (UTC) of `clicks`: created without blocking readers, and dropped by day; drops are recorded.

The partitions of `click_scores` are created by those who write scores, and dropped together with the day's clicks.

A partition is first created as a separate table with its indexes, and then attached. ATTACH locks `clicks` with SHARE
UPDATE EXCLUSIVE, which conflicts with neither SELECT nor INSERT. `CREATE TABLE ... PARTITION OF` would take ACCESS
EXCLUSIVE: it waits for the slowest reader, and every new reader waits for it. There is no default partition, because
ATTACH would have to scan it.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

import asyncpg
import msgspec

from runtime.postgres import transaction

DAYS_AHEAD: Final = 7
LOCK_TIMEOUT_S: Final = 2.0
CLICKS: Final = "clicks"
SCORES: Final = "click_scores"
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
    SELECT child.relname, greatest(child.reltuples, 0)::bigint, pg_total_relation_size(child.oid)
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = 'clicks'::regclass ORDER BY child.relname
"""
PENDING: Final = """
    SELECT inhdetachpending FROM pg_inherits WHERE inhparent = to_regclass($2) AND inhrelid = to_regclass($1)
"""

PartitionState = Literal["made", "there", "dropped"]
"""The partition was created, existed already, or its day was dropped and is not created again."""


class Partition(msgspec.Struct, frozen=True):
    """A day's partition: its table, its estimated clicks as of the last ANALYZE, and its size in bytes."""

    day: date
    name: str
    clicks: int
    size: int


async def make_partition(connection: asyncpg.Connection, day: date, table: str = CLICKS) -> PartitionState:
    """Create the partition of a day in its own short transaction. Raises asyncpg's errors, such as LockNotAvailable."""
    name = NAME.format(table, day)
    async with transaction(connection):
        await connection.execute(f"SET LOCAL lock_timeout = {round(LOCK_TIMEOUT_S * 1000)}")
        # Sinks that create the same partition wait for each other, so none fails.
        await connection.execute(LOCK)
        state = await connection.fetchrow(STATE, day, name, table)
        if state["attached"]:
            return "there"
        if state["dropped"] or state["made"]:
            # A table of this name that is not attached was detached by an operator: leave it alone.
            return "dropped"
        await connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
        await connection.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{day}T00:00Z') TO ('{day + timedelta(days=1)}T00:00Z')"
        )
    return "made"


async def make_partitions(connection: asyncpg.Connection, days: Iterable[date]) -> dict[date, PartitionState]:
    return {day: await make_partition(connection, day) for day in sorted(days)}


async def make_upcoming_partitions(connection: asyncpg.Connection) -> None:
    """Create the partitions of today and the coming days. Later the sink's job does this."""
    # Ignore a lock conflict: the sink creates what is missing.
    with suppress(asyncpg.LockNotAvailableError):
        await make_partitions(connection, days_ahead(datetime.now(UTC).date(), DAYS_AHEAD))


def days_ahead(today: date, ahead: int) -> list[date]:
    """Return today and `ahead` days after it."""
    return [today + timedelta(days=number) for number in range(ahead + 1)]


async def list_partitions(connection: asyncpg.Connection) -> list[Partition]:
    """Return the partitions, oldest day first. Tables with another form of name are not ours and are left out."""
    listed = await connection.fetch(LIST)
    return [Partition(day, *row) for row in listed if (day := parse_partition_name(row[0])) is not None]


async def list_past_partitions(connection: asyncpg.Connection) -> list[Partition]:
    """Return the partitions of days before today."""
    today = datetime.now(UTC).date()
    return [partition for partition in await list_partitions(connection) if partition.day < today]


def parse_partition_name(name: str) -> date | None:
    match = re.fullmatch(r"clicks_(\d{4})(\d\d)(\d\d)", name)
    return date(*map(int, match.groups())) if match else None


async def drop_partition(connection: asyncpg.Connection, day: date) -> None:
    """Drop a day. The drop is recorded first, so that no sink creates the partition again for a late click.

    Must not run inside a transaction. Waits for readers of the partition, and blocks nobody.
    """
    await connection.execute("INSERT INTO dropped_click_days (day) VALUES ($1) ON CONFLICT (day) DO NOTHING", day)
    for table in (SCORES, CLICKS):
        name = NAME.format(table, day)
        pending = await connection.fetchval(PENDING, name, table)
        if pending is not None:
            # FINALIZE completes an earlier drop that was interrupted.
            how = "FINALIZE" if pending else "CONCURRENTLY"
            await connection.execute(f"ALTER TABLE {table} DETACH PARTITION {name} {how}")
        await connection.execute(f"DROP TABLE IF EXISTS {name}")
