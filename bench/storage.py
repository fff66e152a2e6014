"""Storage at size: bytes a click, the cards of the console on clicks that are rolled, scoring again, and loading.

`BENCH_STORAGE_CLICKS` says how many clicks, several numbers with commas; by default 100,000 and a million.
"""

import os
import time
from datetime import UTC, datetime
from typing import Final

import asyncpg

from bench.console_data import open_schema
from bench.report import Figure
from bench.stack import Bench
from bench.storage_cards import measure_cards
from bench.storage_clicks import make_clicks
from bench.storage_loading import measure_loading
from bench.storage_rescoring import measure_rescoring
from storage.rollups.roller import roll

SIZES: Final = tuple(map(int, os.environ.get("BENCH_STORAGE_CLICKS", "100000,1000000").split(",")))
BYTES: Final = "SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint FROM pg_partition_tree('clicks')"


async def measure_storage(bench: Bench) -> list[Figure]:
    """Measure each size in schemas of its own, and loading with the first."""
    figures: list[Figure] = []
    for size in SIZES:
        async with open_schema(bench.addresses.postgres) as url:
            figures += await measure_size(url, size)
        async with open_schema(bench.addresses.postgres) as url:
            figures += await measure_rescoring(url, size)
    figures += await measure_loading(bench.addresses.postgres, SIZES[0])
    return figures


async def measure_size(url: str, size: int) -> list[Figure]:
    connection = await asyncpg.connect(url)
    try:
        now = datetime.now(UTC)
        await make_clicks(connection, size, now)
        per_click = await connection.fetchval(BYTES) / size
        figures = [Figure(f"{size:,} clicks, bytes a click with its indexes", f"{per_click:,.0f}")]
        began = time.perf_counter()
        while (rolled := await roll(connection, wait=True)) is not None and rolled.batches:
            pass
        rate = size / (time.perf_counter() - began)
        figures.append(Figure(f"{size:,} clicks, the roller's rate on a backlog", f"{rate:,.0f} clicks/s"))
        of_counts = await connection.fetchval("SELECT pg_total_relation_size('click_rollups')") / size
        figures.append(Figure(f"{size:,} clicks, bytes a click of counts", f"{of_counts:,.0f}"))
        await connection.execute("VACUUM ANALYZE", timeout=None)
        return figures + await measure_cards(connection, now, size)
    finally:
        await connection.close()
