"""A busy installation's tables: clicks of 30 days that are counted, and their programs, affiliates and codes."""

import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import asyncpg

from bench.report import Figure
from bench.storage_clicks import DAYS, make_clicks
from cli.tables import apply_migrations
from storage.rollups.rebuild import MEND_MINUTES, list_days, rebuild_day
from storage.rollups.roller import roll

MINUTE_DAYS: Final = 8
ROLLED: Final = 500_000
"""So many of the newest clicks the roller counts, as a backlog. Older days are counted as a whole, which is quicker."""
LEAVE_NEWEST: Final = """
    UPDATE rollup_batches SET rolled_at = clock_timestamp() FROM (
        SELECT batch_id, sum(clicks) OVER (ORDER BY batch_id DESC) AS since FROM rollup_batches
    ) AS newest
    WHERE newest.batch_id = rollup_batches.batch_id AND since > $1
"""
BYTES: Final = "SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint FROM pg_partition_tree('clicks')"
PROGRAMS: Final = """
    INSERT INTO programs (id, name, status, target_url)
    SELECT id, initcap(replace(id, '-', ' ')), 'active', 'https://shop.example/' || id || '?click={click_token}'
    FROM (SELECT DISTINCT program_id AS id FROM clicks) AS named
"""
AFFILIATES: Final = """
    INSERT INTO affiliates (id, name, status)
    SELECT id, initcap(replace(id, '-', ' ')), 'active' FROM (SELECT DISTINCT affiliate_id AS id FROM clicks) AS named
"""
CODES: Final = """
    INSERT INTO referral_codes (code, affiliate_id, program_id, status)
    SELECT code, min(affiliate_id), min(program_id), 'active' FROM clicks GROUP BY code
"""


async def count_clicks(connection: asyncpg.Connection) -> float:
    """Count all clicks; return how many a second the roller counted."""
    await connection.execute(LEAVE_NEWEST, ROLLED, timeout=None)
    for day in await list_days(connection, None, None):
        await rebuild_day(connection, day)
    clicks, began = 0, time.perf_counter()
    while (rolled := await roll(connection, wait=True)) is not None and rolled.batches:
        clicks += rolled.clicks
    return clicks / (time.perf_counter() - began)


@asynccontextmanager
async def open_schema(postgres: str) -> AsyncIterator[str]:
    """Make a schema for the block, with all tables; connections by the URL it gives find them."""
    schema = f"bench_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres)
    try:
        await connection.execute(f"CREATE SCHEMA {schema}")
        url = f"{postgres}?options=-csearch_path%3D{schema}"
        await apply_migrations(url)
        yield url
    finally:
        await connection.execute(f"DROP SCHEMA {schema} CASCADE")
        await connection.close()


async def furnish(
    url: str,
    clicks: int,
    now: datetime,
    changed: Mapping[str, str] = MappingProxyType({}),
    number_of_days: int = DAYS,
) -> list[Figure]:
    """Fill empty tables: so many clicks, which are counted, and what they name. `changed` as in `make_clicks`.

    Gives the bytes that a click takes and the roller's rate on such a backlog.
    """
    connection = await asyncpg.connect(url)
    try:
        await make_clicks(connection, clicks, now, changed, number_of_days)
        of_clicks = await connection.fetchval(BYTES) / clicks
        # The sink counts minutes as it stores.
        for days in range(MINUTE_DAYS):
            await connection.execute(MEND_MINUTES, now.date() - timedelta(days=days), timeout=None)
        for statement in (PROGRAMS, AFFILIATES, CODES):
            await connection.execute(statement, timeout=None)
        rate = await count_clicks(connection)
        of_counts = await connection.fetchval("SELECT pg_total_relation_size('click_rollups')") / clicks
        await connection.execute("VACUUM ANALYZE", timeout=None)
    finally:
        await connection.close()
    return [
        Figure(f"{clicks:,} clicks, bytes a click with its indexes", f"{of_clicks:,.0f}"),
        Figure(f"{clicks:,} clicks, bytes a click of counts", f"{of_counts:,.0f}"),
        Figure(f"{clicks:,} clicks, the roller's rate on a backlog", f"{rate:,.0f} clicks/s"),
    ]
