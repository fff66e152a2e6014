"""The running pipeline under a load: what a click costs every process, and how fresh its row is."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import asyncpg
import msgspec

from bench.bare_server import BareServer, run_bare
from bench.costs import Costs, subtract
from bench.load import Load
from bench.measuring import cpu_seconds, tree_cpu_seconds
from bench.stack import Bench, load

CONNECTIONS = 64
PROBE_SECONDS = 16.0
FRESH_TARGET_S = 1.5
BARE_SECONDS = 3.0
DRAIN_SECONDS = 180.0
STORED = 'clickrail_sink_rows_stored_total{table="clicks"} '
FRESHNESS = """
    SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM stored_at - clicked_at))
    FROM clicks WHERE clicked_at >= $1
"""


class Probe(msgspec.Struct, frozen=True):
    """What the pipeline did with one load: the costs, the answers, and seconds from click to row."""

    rate: float
    costs: Costs
    answered: Load
    fresh_p50_s: float
    fresh_p99_s: float

    @property
    def holds(self) -> bool:
        """Whether all was answered at the rate that was asked, and the rows kept up."""
        sent = sum(self.answered.statuses.values()) / self.answered.seconds
        is_answered = self.answered.statuses.get(302, 0) == sum(self.answered.statuses.values())
        return is_answered and sent >= self.rate * 0.98 and self.fresh_p99_s <= FRESH_TARGET_S


class Pipeline:
    """The running pipeline and a bare server beside it."""

    def __init__(self, bench: Bench, database: asyncpg.Connection, bare: BareServer) -> None:
        self._bench = bench
        self._database = database
        self._bare = bare
        self._stored = 0.0
        self.url = bench.url
        self.servers = {server.name: server for server in (*bench.services.values(), *bench.servers)}

    async def probe(self, rate: float, seconds: float = PROBE_SECONDS) -> Probe:
        """Load the pipeline at a rate, and wait until all clicks are rows."""
        bare_s = [await self._measure_bare()]
        before = self._cpu()
        started = datetime.now(UTC)
        answered = await load(self._bench.url, seconds, CONNECTIONS, rate)
        clicks = answered.statuses.get(302, 0)
        await self.wait_for_rows(clicks)
        costs = subtract(self._cpu(), before)
        bare_s.append(await self._measure_bare())
        # The first half is the way to a steady state.
        fresh = await self._database.fetchval(FRESHNESS, started + timedelta(seconds=seconds / 2))
        result = Probe(rate, Costs(costs, clicks, statistics.mean(bare_s)), answered, *map(float, fresh))
        print(f"  {rate:,.0f}/s: {result.costs.describe()}; p99 {result.fresh_p99_s:.2f} s", flush=True)
        return result

    async def _measure_bare(self) -> float:
        before = cpu_seconds(self._bare.pid)
        answered = await load(self._bare.address, BARE_SECONDS, CONNECTIONS)
        return (cpu_seconds(self._bare.pid) - before) / answered.statuses[302]

    def _cpu(self) -> dict[str, float]:
        return {name: tree_cpu_seconds(server.pid) for name, server in self.servers.items()}

    async def wait_for_rows(self, clicks: int, seconds: float = DRAIN_SECONDS) -> int:
        """Wait until so many more rows are stored; give how many are missing after so long.

        The sink is asked: counting rows would cost PostgreSQL.
        """
        self._stored += clicks
        deadline = time.monotonic() + seconds
        while (missing := self._stored - await self._count_stored()) > 0 and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
        self._stored -= missing
        return int(missing)

    async def _count_stored(self) -> float:
        url = f"{self._bench.plans['sink'].private_url}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            text = await answer.text()
        return sum(float(line.removeprefix(STORED)) for line in text.splitlines() if line.startswith(STORED))


@asynccontextmanager
async def running_pipeline(bench: Bench) -> AsyncIterator[Pipeline]:
    servers = bench.services.values()
    await asyncio.gather(*(server.start() for server in servers))
    database = await asyncpg.connect(bench.addresses.postgres)
    try:
        async with run_bare() as bare:
            yield Pipeline(bench, database, bare)
    finally:
        await database.close()
        for server in servers:
            await server.stop()
