"""The days of a hypertable: TimescaleDB makes a chunk for each day (UTC) by itself, also again after it was dropped.

So nothing but our own check refuses a late click of a dropped day: a batch looks into `dropped_click_days` before it
commits, and a drop waits for the batches that looked before it.
"""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg

from runtime.postgres import transaction
from storage.engine import StorageEngine

LOCK_TIMEOUT_S: Final = 2.0
"""Readers of the day's chunk are waited for, and new ones wait behind the drop: not for longer than this."""
TRIES: Final = 15
WRITERS_S: Final = 120.0
POLL_S: Final = 0.05

FIND_DROPPED: Final = "SELECT day FROM dropped_click_days WHERE day = ANY($1::date[])"
FIND_WRITERS: Final = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND relation = to_regclass($1)
"""
LIST: Final = """
    SELECT range_start, chunk_name::text, coalesce(
            CASE WHEN is_compressed THEN {compressed} END,
            nullif(pg_stat_get_live_tuples(class.oid), 0), greatest(class.reltuples, 0)
        )::bigint, coalesce(size.total_bytes, 0)::bigint, is_compressed
    FROM timescaledb_information.chunks
    JOIN pg_class AS class ON class.oid = format('%I.%I', chunk_schema, chunk_name)::regclass
    LEFT JOIN {sizes}(to_regclass($1::text)) AS size USING (chunk_schema, chunk_name)
    WHERE (hypertable_schema, hypertable_name) = (current_schema(), $1::text) ORDER BY range_start
"""
# approximate_row_count() is wrong for compressed chunks: 3,000 where there are 24 rows (TimescaleDB 2.23).
HAS_COMPRESSED_ROWS: Final = """
    SELECT EXISTS (
        SELECT FROM pg_attribute WHERE attname = 'numrows_pre_compression'
            AND attrelid = to_regclass('_timescaledb_catalog.compression_chunk_size')
    )
"""
COMPRESSED_ROWS: Final = """(
    SELECT sum(numrows_pre_compression)
    FROM _timescaledb_catalog.compression_chunk_size JOIN _timescaledb_catalog.chunk ON chunk.id = chunk_id
    WHERE (schema_name, table_name) = (chunk_schema, chunk_name)
)"""
DROP: Final = (
    "SELECT {drop_chunks}(to_regclass($1::text), older_than => $3::timestamptz, newer_than => $2::timestamptz)"
)
DELETE: Final = "DELETE FROM {table} WHERE clicked_at >= $1 AND clicked_at < $2"
"""For chunks that are longer than a day, as someone who changed their interval has them."""


async def find_dropped_days(connection: asyncpg.Connection, days: Collection[date]) -> set[date]:
    return {row[0] for row in await connection.fetch(FIND_DROPPED, sorted(days))} if days else set()


async def list_chunks(connection: asyncpg.Connection, engine: StorageEngine, table: str) -> list[asyncpg.Record]:
    """Return of each chunk: its first moment, its name, its estimated rows, its bytes, whether it is compressed."""
    # An internal table: another version may not have it.
    compressed = COMPRESSED_ROWS if await connection.fetchval(HAS_COMPRESSED_ROWS) else "NULL"
    query = LIST.format(compressed=compressed, sizes=engine.call("chunks_detailed_size"))
    found: list[asyncpg.Record] = await connection.fetch(query, table)
    return found


async def drop_chunks(connection: asyncpg.Connection, engine: StorageEngine, table: str, day: date) -> None:
    """Remove the rows of a day that is recorded as dropped. Raises LockNotAvailable when a reader lasts too long."""
    await wait_for_writers(connection, table)
    for _ in range(TRIES - 1):
        with suppress(asyncpg.LockNotAvailableError):
            await drop_chunks_once(connection, engine, table, day)
            return
    await drop_chunks_once(connection, engine, table, day)


async def drop_chunks_once(connection: asyncpg.Connection, engine: StorageEngine, table: str, day: date) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    async with transaction(connection):
        await connection.execute(f"SET LOCAL lock_timeout = {round(LOCK_TIMEOUT_S * 1000)}")
        await connection.fetch(DROP.format(drop_chunks=engine.call("drop_chunks")), table, start, end)
        await connection.execute("SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0")
        await connection.execute(DELETE.format(table=table), start, end)


async def wait_for_writers(connection: asyncpg.Connection, table: str) -> None:
    """Wait until the transactions that write to the table now have ended. Blocks nobody. Raises TimeoutError."""
    writers = await find_writers(connection, table)
    async with asyncio.timeout(WRITERS_S):
        while writers := writers & await find_writers(connection, table):  # noqa: ASYNC110 - polling: no event exists
            await asyncio.sleep(POLL_S)


async def find_writers(connection: asyncpg.Connection, table: str) -> set[str]:
    return {row[0] for row in await connection.fetch(FIND_WRITERS, table)}
