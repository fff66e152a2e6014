"""What the tables hold, for operators: the engine, sizes, days, and what is compressed or dropped."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final, Literal

import asyncpg
import msgspec

from storage.days import list_days
from storage.engine import CLICKS, SCORES, StorageEngine, read_engine
from storage.partitions import Partition

VERSION: Final = "SELECT current_setting('server_version')"
TABLES: Final = """
    SELECT relname, coalesce(nullif(pg_stat_get_live_tuples(oid), 0), greatest(reltuples, 0))::bigint,
        pg_total_relation_size(oid)
    FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname <> ALL ($1::name[])
        AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = oid)
    ORDER BY 3 DESC, 1
"""
DROPPED: Final = "SELECT day FROM dropped_click_days ORDER BY day"

Layout = Literal["native partitions", "hypertable", "table"]
"""A table in daily partitions of PostgreSQL, a hypertable of TimescaleDB, or one without days."""


class TableStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A table. `rows` is an estimate, `bytes` has indexes with it; days are of UTC, and those with rows or partitions.

    `days_ahead`: days after today that have a partition; null where none is needed.
    """

    name: str
    layout: Layout
    rows: int
    bytes: int
    bytes_per_row: int | None
    oldest_day: date | None = None
    newest_day: date | None = None
    days: int = 0
    days_ahead: int | None = None
    compressed_days: int = 0
    compressed_bytes: int = 0


class StorageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The whole database. Without TimescaleDB `timescaledb` is null."""

    postgresql: str
    timescaledb: str | None
    tables: Sequence[TableStatus]
    dropped_days: int
    newest_dropped_day: date | None


async def read_status(connection: asyncpg.Connection, today: date | None = None) -> StorageStatus:
    """Read the catalog and the statistics: no table is scanned. Raises asyncpg's errors."""
    engine = await read_engine(connection)
    now = today or datetime.now(UTC).date()
    daily = [describe_days(name, engine, await list_days(connection, name), now) for name in (CLICKS, SCORES)]
    others = [
        TableStatus(name=name, layout="table", rows=rows, bytes=size, bytes_per_row=divide(size, rows))
        for name, rows, size in await connection.fetch(TABLES, [CLICKS, SCORES])
    ]
    dropped = [row[0] for row in await connection.fetch(DROPPED)]
    return StorageStatus(
        postgresql=str(await connection.fetchval(VERSION)).split(" ", maxsplit=1)[0],
        timescaledb=engine.timescaledb,
        tables=[*daily, *others],
        dropped_days=len(dropped),
        newest_dropped_day=dropped[-1] if dropped else None,
    )


def describe_days(name: str, engine: StorageEngine, days: Sequence[Partition], today: date) -> TableStatus:
    """Sum up the days of a table. Days ahead are empty, so they are not among the oldest and newest."""
    is_hypertable = engine.is_hypertable(name)
    filled = [one for one in days if one.clicks or one.day <= today]
    rows, size = sum(one.clicks for one in days), sum(one.size for one in days)
    compressed = [one for one in days if one.is_compressed]
    return TableStatus(
        name=name,
        layout="hypertable" if is_hypertable else "native partitions",
        rows=rows,
        bytes=size,
        bytes_per_row=divide(sum(one.size for one in filled), rows),
        oldest_day=filled[0].day if filled else None,
        newest_day=filled[-1].day if filled else None,
        days=len(filled),
        days_ahead=None if is_hypertable else sum(one.day > today for one in days),
        compressed_days=len(compressed),
        compressed_bytes=sum(one.size for one in compressed),
    )


def divide(size: int, rows: int) -> int | None:
    return round(size / rows) if rows else None
