"""The whole pipeline: what enricher and sink cost, what two cores hold, how fresh a row is."""

import asyncio
import time
from datetime import UTC, datetime

import asyncpg

from bench.measuring import cpu_seconds
from bench.redirect import count_redirects
from bench.report import Figure
from bench.stack import Bench, load

STAGES = ("ingest", "enricher", "sink")
HELD_RATE = 3000.0
HELD_SECONDS = 60.0
FLAT_S = 3.0
FRESH_RATE = 200.0
FRESH_SECONDS = 20.0
FRESH_TARGET_S = 1.5
FRESHNESS = """
    SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM stored_at - clicked_at))
    FROM clicks WHERE clicked_at >= $1
"""


async def measure_pipeline(bench: Bench) -> list[Figure]:
    """Measure all three with the same running services."""
    servers = [bench.services[name] for name in STAGES]
    await asyncio.gather(*(server.start() for server in servers))
    database = await asyncpg.connect(bench.addresses.postgres)
    try:
        await wait_for_rows(database, count_redirects(await load(bench.url, 2, 8, 500)))
        return [*await measure_freshness(bench, database), *await measure_held(bench, database)]
    finally:
        await database.close()
        for server in servers:
            await server.stop()


async def measure_freshness(bench: Bench, database: asyncpg.Connection) -> list[Figure]:
    started = datetime.now(UTC)
    before = await database.fetchval("SELECT count(*) FROM clicks")
    answered = await load(bench.url, FRESH_SECONDS, 8, FRESH_RATE)
    await wait_for_rows(database, before + count_redirects(answered))
    half, most = await database.fetchval(FRESHNESS, started)
    return [
        Figure(
            f"freshness click -> row at {FRESH_RATE:.0f}/s, p50 and p99",
            f"{half * 1000:.0f} ms, {most * 1000:.0f} ms",
            f"p99 <= {FRESH_TARGET_S} s",
            most <= FRESH_TARGET_S,
        )
    ]


async def measure_held(bench: Bench, database: asyncpg.Connection) -> list[Figure]:
    before = await database.fetchval("SELECT count(*) FROM clicks")
    cpu = {name: cpu_seconds(bench.services[name].pid) for name in STAGES}
    answered = await load(bench.url, HELD_SECONDS, 32, HELD_RATE)
    ended = time.monotonic()
    count = count_redirects(answered)
    await wait_for_rows(database, before + count)
    behind_s = time.monotonic() - ended
    used = {name: cpu_seconds(bench.services[name].pid) - cpu[name] for name in STAGES}
    rate = count / answered.seconds
    behind_cpu = used["enricher"] + used["sink"]
    return [
        Figure(
            f"pipeline: clicks/s held for {HELD_SECONDS:.0f} s, then behind by",
            f"{rate:,.0f}/s, {behind_s:.1f} s (answer p99 {answered.p99_ms:.1f} ms)",
            f">= {HELD_RATE:,.0f}/s with flat lag",
            rate >= HELD_RATE * 0.99 and behind_s <= FLAT_S,
        ),
        Figure("enrich + sink: clicks a CPU-second", f"{count / behind_cpu:,.0f}"),
        Figure(
            "CPU a click: ingest, enricher, sink",
            ", ".join(f"{used[name] / count * 1e6:.0f} us" for name in STAGES),
        ),
    ]


async def wait_for_rows(database: asyncpg.Connection, expected: int) -> None:
    async with asyncio.timeout(120):
        while await database.fetchval("SELECT count(*) FROM clicks") < expected:
            await asyncio.sleep(0.1)
