"""A busy installation's tables for the console: clicks of 30 days that are rolled, and their programs and codes."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import asyncpg

from bench.storage_clicks import AFFILIATES, CODES, PROGRAMS, make_clicks
from cli.tables import apply_migrations
from storage.rollups.roller import roll

PROGRAMS_SQL: Final = f"""
    INSERT INTO programs (id, name, status, target_url)
    SELECT 'program-' || n, 'Program ' || n, 'active', 'https://shop.example/?click={{click_token}}'
    FROM generate_series(0, {PROGRAMS - 1}) AS n
"""
AFFILIATES_SQL: Final = f"""
    INSERT INTO affiliates (id, name, status)
    SELECT 'affiliate-' || n, 'Affiliate ' || n, 'active' FROM generate_series(0, {AFFILIATES - 1}) AS n
"""
CODES_SQL: Final = f"""
    INSERT INTO referral_codes (code, affiliate_id, program_id, status)
    SELECT 'code-' || n, 'affiliate-' || (n * 7919) % {AFFILIATES}, 'program-' || n % {PROGRAMS}, 'active'
    FROM generate_series(1, {CODES}) AS n
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


async def furnish(url: str, clicks: int, now: datetime) -> None:
    """Fill empty tables: so many clicks, counted by the roller, and all that they name."""
    connection = await asyncpg.connect(url)
    try:
        for statement in (PROGRAMS_SQL, AFFILIATES_SQL, CODES_SQL):
            await connection.execute(statement)
        await make_clicks(connection, clicks, now)
        while (rolled := await roll(connection, wait=True)) is not None and rolled.batches:
            pass
        await connection.execute("VACUUM ANALYZE", timeout=None)
    finally:
        await connection.close()
