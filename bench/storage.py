"""Storage at size: bytes a click, the cards of the console on clicks that are rolled, scoring again, and loading.

`BENCH_STORAGE_CLICKS` says how many clicks, several numbers with commas; by default 100,000 and a million.
"""

import os
from datetime import UTC, datetime
from typing import Final

import asyncpg

from bench.console_data import furnish, open_schema
from bench.report import Figure
from bench.stack import Bench
from bench.storage_cards import measure_cards
from bench.storage_loading import measure_loading
from bench.storage_rescoring import measure_rescoring

SIZES: Final = tuple(map(int, os.environ.get("BENCH_STORAGE_CLICKS", "100000,1000000").split(",")))


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
    now = datetime.now(UTC)
    figures = await furnish(url, size, now)
    connection = await asyncpg.connect(url)
    try:
        return figures + await measure_cards(connection, now, size)
    finally:
        await connection.close()
