"""Connections to Postgres. Every wait has a time-out, and a connection that failed is dropped, never reused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import structlog

from runtime import postgres
from runtime.errors import DependencyAway, SettingsError, Stuck
from runtime.postgres import Session
from runtime.postgres_errors import ERRORS, explain_error

LOG: Final = structlog.get_logger()

CONNECT_S: Final = 10.0
FIRST_BACKOFF_S: Final = 0.05
LONGEST_BACKOFF_S: Final = 0.5

AWAY: Final = (*ERRORS, DependencyAway, Stuck)
"""The lookup treats every problem of Postgres in the same way: it continues with what it has in memory."""

Connect = Callable[[], Awaitable[asyncpg.Connection]]


@asynccontextmanager
async def connected(database_url: str, *, command_timeout_s: float = 60.0) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection and close it at the end. Raises one of `AWAY`, or SettingsError."""
    connection = await connect(database_url, CONNECT_S, command_timeout_s)
    try:
        yield connection
    finally:
        await postgres.close(connection)


async def connect(database_url: str, connect_timeout_s: float, command_timeout_s: float) -> asyncpg.Connection:
    """Open a connection. Raises as `runtime.postgres.connect` does."""
    session = Session(application="clickrail referrals", connect_s=connect_timeout_s, statement_s=command_timeout_s)
    return await postgres.connect(database_url, session)


async def run_with_reconnect(
    purpose: str, connect: Connect, use: Callable[[asyncpg.Connection], Awaitable[None]], on_away: Callable[[], None]
) -> None:
    """Run `use` with a connection, and again with a new one whenever it ends or fails, until cancelled.

    Calls `on_away` when no connection can be opened. The pause between attempts grows to half a second at most, so that
    changes are in force a second after the network is back, however long the outage was. Raises SettingsError at the
    first attempt only: a setting that has connected once can work.
    """
    loop = asyncio.get_running_loop()
    backoff_s = FIRST_BACKOFF_S
    away: tuple[type[Exception], ...] = AWAY
    while True:
        try:
            connection = await connect()
        except away as error:
            problem: BaseException | None = error
            on_away()
        else:
            LOG.info("postgres connected", purpose=purpose)
            began = loop.time()
            problem = await run_until_lost(connection, use)
            # Reset the backoff only if the connection lasted: one that is lost at once each time must not be hammered.
            backoff_s = FIRST_BACKOFF_S if loop.time() - began > LONGEST_BACKOFF_S else backoff_s
        if backoff_s == FIRST_BACKOFF_S:
            LOG.warning("postgres away", purpose=purpose, error=describe(problem))
        away = (*AWAY, SettingsError)
        await asyncio.sleep(backoff_s)
        backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)


async def run_until_lost(
    connection: asyncpg.Connection, use: Callable[[asyncpg.Connection], Awaitable[None]]
) -> BaseException | None:
    """Run `use` until it returns (null) or its connection is lost (the error)."""
    try:
        await use(connection)
    except AWAY as error:
        return error
    finally:
        # terminate, not close: a frozen server would never answer the closing handshake.
        connection.terminate()
    return None


def describe(error: BaseException | None) -> str:
    return "closed" if error is None else explain_error(error)
