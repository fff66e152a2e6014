"""Storage at size: bytes a click of rows and of counts, and the cards of the console on clicks that are rolled.

`BENCH_STORAGE_CLICKS` says how many clicks, several numbers with commas; by default 100,000 and a million.
"""

import os
import uuid
from datetime import UTC, datetime
from typing import Final

import asyncpg

from bench.report import Figure
from bench.stack import Bench
from bench.storage_cards import measure_cards
from bench.storage_clicks import make_clicks
from cli.tables import apply_migrations

SIZES: Final = tuple(map(int, os.environ.get("BENCH_STORAGE_CLICKS", "100000,1000000").split(",")))
BYTES: Final = "SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint FROM pg_partition_tree('clicks')"


async def measure_storage(bench: Bench) -> list[Figure]:
    """Measure each size in a schema of its own."""
    figures: list[Figure] = []
    for size in SIZES:
        schema = f"bench_{uuid.uuid4().hex[:12]}"
        connection = await asyncpg.connect(bench.addresses.postgres)
        try:
            await connection.execute(f"CREATE SCHEMA {schema}")
            figures += await measure_size(f"{bench.addresses.postgres}?options=-csearch_path%3D{schema}", size)
        finally:
            await connection.execute(f"DROP SCHEMA {schema} CASCADE")
            await connection.close()
    return figures


async def measure_size(url: str, size: int) -> list[Figure]:
    await apply_migrations(url)
    connection = await asyncpg.connect(url)
    try:
        now = datetime.now(UTC)
        await make_clicks(connection, size, now)
        per_click = await connection.fetchval(BYTES) / size
        figures = [Figure(f"{size:,} clicks, bytes a click with its indexes", f"{per_click:,.0f}")]
        # What is pending is counted from rows, or left out if it is much: cards say little before it is rolled.
        if await connection.fetchval("SELECT EXISTS (SELECT FROM click_rollups)"):
            figures += await measure_cards(connection, now, size)
        return figures
    finally:
        await connection.close()
