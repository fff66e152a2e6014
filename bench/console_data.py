"""A busy installation's tables for the console: clicks of 30 days that are rolled, and their programs and codes."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from bench.storage_clicks import DAYS, make_clicks
from cli.tables import apply_migrations
from storage.rollups.rebuild import MEND_MINUTES
from storage.rollups.roller import roll

MINUTE_DAYS: Final = 8
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


async def furnish(url: str, clicks: int, now: datetime, changed: Mapping[str, str], number_of_days: int = DAYS) -> None:
    """Fill empty tables: so many clicks, counted by the roller, and what they name. `changed` as in `make_clicks`."""
    connection = await asyncpg.connect(url)
    try:
        await make_clicks(connection, clicks, now, changed, number_of_days)
        # The sink counts minutes as it stores.
        for days in range(MINUTE_DAYS):
            await connection.execute(MEND_MINUTES, now.date() - timedelta(days=days), timeout=None)
        for statement in (PROGRAMS, AFFILIATES, CODES):
            await connection.execute(statement, timeout=None)
        while (rolled := await roll(connection, wait=True)) is not None and rolled.batches:
            pass
        await connection.execute("VACUUM ANALYZE", timeout=None)
    finally:
        await connection.close()
