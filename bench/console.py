"""The console's pages and cards at size: milliseconds in the server, and the rows that PostgreSQL read for each.

Beside them what `bench storage` says of such tables: bytes a click, the roller's rate, the cards as bare questions.

`BENCH_CONSOLE_CLICKS` says how many clicks there are; by default a million.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html import unescape
from statistics import quantiles
from types import MappingProxyType
from typing import Final

import asyncpg
import msgspec
from aiohttp import ClientSession, CookieJar

from bench.console_data import furnish, open_schema
from bench.report import Figure
from bench.stack import PASSWORD, Bench
from bench.storage_cards import measure_cards
from bench.storage_clicks import DAYS
from console.database import READERS, WRITERS, Database
from console.environment import Environment, open_environment
from console.service import public_port
from console.settings import Settings
from runtime.secret import Secret

CLICKS: Final = int(os.environ.get("BENCH_CONSOLE_CLICKS", "1000000"))
ROUNDS: Final = 40
GOAL_MS: Final = 50.0
PAGES: Final = (
    "/",
    "/analytics",
    "/analytics?range=28d&compare=previous",
    "/analytics?range=28d&f.country=is:US",
    "/analytics?range=28d&f.affiliate=is:affiliate-419",
    "/reports",
    "/reports?range=28d&by=affiliate&compare=previous",
    "/clicks",
    "/clicks?f.country=is:US",
    "/clicks?f.code=is:code-3000",
    "/errors",
    "/dead-letters",
    "/programs",
    "/affiliates",
    "/codes",
    "/codes?q=code-30",
    "/pipeline",
    "/search?q=code-300",
    "/audit",
)
CARD: Final = re.compile(r'hx-get="([^"]+)"')
READ: Final = """
    SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint
    FROM pg_stat_user_tables WHERE schemaname = current_schema()
"""
TELL: Final = "SELECT pg_stat_force_next_flush()"
"""A connection tells what it read after ten idle seconds, or when it is asked."""


class Visit(msgspec.Struct, frozen=True):
    """A console with data, somebody logged in, and a connection that counts the rows that are read."""

    address: str
    session: ClientSession
    connection: asyncpg.Connection
    environment: Environment
    filling: list[Figure]
    filled_at: datetime

    async def fetch(self, path: str) -> str:
        async with self.session.get(self.address + path) as response:
            body = await response.text()
            assert response.status == 200, f"{path}: {response.status} {body[:300]}"
            return body

    async def count_rows_read(self) -> int:
        """Count the rows that the console has read since it was opened."""
        await asyncio.gather(tell(self.environment.database, READERS), tell(self.environment.accounts, WRITERS))
        await self.connection.execute("SELECT pg_stat_clear_snapshot()")
        return int(await self.connection.fetchval(READ))


async def tell(database: Database, connections: int) -> None:
    """Make all connections of a pool tell what they have read."""
    all_taken = asyncio.Barrier(connections)

    async def ask(connection: asyncpg.Connection) -> None:
        await all_taken.wait()
        await connection.execute(TELL)

    await asyncio.gather(*(database.read(ask) for _ in range(connections)))


async def measure_console(bench: Bench) -> list[Figure]:
    async with open_visit(bench, CLICKS) as visit:
        figures = visit.filling + await measure_cards(visit.connection, visit.filled_at, CLICKS)
        paths = dict.fromkeys(PAGES)
        for page in PAGES:
            # What a page fetches at once is measured alone.
            paths |= dict.fromkeys(unescape(path) for path in CARD.findall(await visit.fetch(page)))
        return figures + [await measure_path(visit, path) for path in paths]


@asynccontextmanager
async def open_visit(
    bench: Bench, clicks: int, changed: Mapping[str, str] = MappingProxyType({}), number_of_days: int = DAYS
) -> AsyncIterator[Visit]:
    """Open a console on so many clicks, and log in. `changed` as in `make_clicks`."""
    async with open_schema(bench.addresses.postgres) as url:
        now = datetime.now(UTC)
        filling = await furnish(url, clicks, now, changed, number_of_days)
        settings = Settings(
            kafka_bootstrap_servers=(bench.addresses.kafka,),
            database_url=Secret(url),
            password=Secret(PASSWORD),
            host="127.0.0.1",
            port=0,
            private_port=0,
        )
        connection = await asyncpg.connect(url)
        async with (
            open_environment(settings) as environment,
            public_port(environment) as port,
            ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
        ):
            address = f"http://127.0.0.1:{port}"
            async with session.post(f"{address}/login", data={"login": "owner", "password": PASSWORD}) as response:
                assert response.ok, await response.text()
            yield Visit(address, session, connection, environment, filling, now)
            await connection.close()


async def measure_path(visit: Visit, path: str) -> Figure:
    """Time a page or card again and again, then count the rows that one more reads."""
    took_ms = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await visit.fetch(path)
        took_ms.append(1000 * (time.perf_counter() - began))
    before = await visit.count_rows_read()
    await visit.fetch(path)
    rows = await visit.count_rows_read() - before
    cuts = quantiles(took_ms, n=20)
    measured = f"p50 {cuts[9]:.1f}, p95 {cuts[18]:.1f} ms; {rows:,} rows read"
    return Figure(f"console, {CLICKS:,} clicks: {path}", measured, f"p95 <= {GOAL_MS:.0f} ms", cuts[18] <= GOAL_MS)
