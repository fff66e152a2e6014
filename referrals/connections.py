"""Connections to Postgres whose every wait is bounded, and which are thrown away rather than mended."""

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
"""A lookup goes on with what it knows, whatever is wrong with Postgres: here nothing else is told apart."""

Connect = Callable[[], Awaitable[asyncpg.Connection]]


@asynccontextmanager
async def connected(database_url: str, *, command_timeout_s: float = 60.0) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection for a piece of work. Raises one of `AWAY`, or SettingsError."""
    connection = await connect(database_url, CONNECT_S, command_timeout_s)
    try:
        yield connection
    finally:
        await postgres.close(connection)


async def connect(database_url: str, connect_timeout_s: float, command_timeout_s: float) -> asyncpg.Connection:
    """Open a connection. Raises as `runtime.postgres.connect` does."""
    session = Session(application="clickrail referrals", connect_s=connect_timeout_s, statement_s=command_timeout_s)
    return await postgres.connect(database_url, session)


async def keep_connected(
    purpose: str, connect: Connect, use: Callable[[asyncpg.Connection], Awaitable[None]], on_away: Callable[[], None]
) -> None:
    """Open a connection, hand it to `use`, and open another when that ends or fails: until cancelled.

    `on_away` is called when none can be opened. Between attempts there is a pause, longer each time, up to half a
    second: however long a line was broken, a change is in force a second after it is mended. Raises SettingsError, but
    only at the first attempt: what connected once is not a setting that can never work.
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
            problem = await use_up(connection, use)
            # A connection that is lost at once, each time, is no better than none.
            backoff_s = FIRST_BACKOFF_S if loop.time() - began > LONGEST_BACKOFF_S else backoff_s
        if backoff_s == FIRST_BACKOFF_S:
            LOG.warning("postgres away", purpose=purpose, error=describe(problem))
        away = (*AWAY, SettingsError)
        await asyncio.sleep(backoff_s)
        backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)


async def use_up(
    connection: asyncpg.Connection, use: Callable[[asyncpg.Connection], Awaitable[None]]
) -> BaseException | None:
    """Use a connection as long as it lives; give what ended it, null when `use` returned."""
    try:
        await use(connection)
    except AWAY as error:
        return error
    finally:
        # Never closed politely: a server that is frozen would keep us waiting.
        connection.terminate()
    return None


def describe(error: BaseException | None) -> str:
    return "closed" if error is None else explain_error(error)
