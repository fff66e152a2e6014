"""A PostgreSQL 17 with TimescaleDB 2.23 in WebAssembly, from npm: real SQL, real chunks, without background workers.

It has one session, which connections share in turns: each finds what another has SET, and waits while another is in a
transaction. COPY ends the server, and the options of a URL are ignored.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg

from deploy.local.npm import install_npm, node
from deploy.local.ports import HOST, free_port
from deploy.local.probe import exchange
from deploy.local.progress import silent
from deploy.local.server import ServerPlan, running
from deploy.local.settings import LocalSettings

LOCKS: Final = Path(__file__).with_name("npm")


async def plan_timescaledb(settings: LocalSettings) -> ServerPlan:
    """Install it if it is missing, and return the plan. Raises Unreachable."""
    program = await install_npm("timescaledb", "TimescaleDB", settings.cache, silent, LOCKS)
    port, folder = free_port(), settings.data / "timescaledb"
    folder.mkdir(parents=True, exist_ok=True)

    async def ready() -> bool:
        try:
            await exchange(port, b"", 0)
        except OSError:
            return False
        return True

    return ServerPlan(
        name="TimescaleDB",
        command=node(str(program / "server.mjs"), str(port)),
        address=f"postgresql://postgres:none@{HOST}:{port}/postgres?sslmode=disable",
        port=port,
        folder=folder,
        log=settings.data / "logs" / "timescaledb.log",
        ready=ready,
        start_seconds=settings.start_seconds,
        stop_seconds=settings.stop_seconds,
    )


@asynccontextmanager
async def run_timescaledb(settings: LocalSettings) -> AsyncIterator[str]:
    """Run it for the block; gives its URL."""
    async with running(await plan_timescaledb(settings)) as server:
        yield server.address


@asynccontextmanager
async def own_schema(url: str, name: str) -> AsyncIterator[str]:
    """Make an empty schema for the block, into which all connections look."""
    await run_statement(url, f"CREATE SCHEMA {name}; SET search_path = {name}")
    yield url
    await run_statement(url, f"DISCARD TEMP; SET search_path = public; DROP SCHEMA {name} CASCADE")


async def run_statement(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()
