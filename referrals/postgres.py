"""Connections to Postgres whose every wait is bounded, and which are thrown away rather than mended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import structlog

LOG: Final = structlog.get_logger()

CONNECT_S: Final = 10.0
FIRST_BACKOFF_S: Final = 0.05
LONGEST_BACKOFF_S: Final = 0.5

AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg makes of a connection that was ended between two statements
)

Connect = Callable[[], Awaitable[asyncpg.Connection]]


@asynccontextmanager
async def connected(database_url: str, *, command_timeout_s: float = 60.0) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection for a piece of work. Raises what asyncpg raises: one of `AWAY`, or ValueError for a bad URL."""
    connection = await connect(database_url, CONNECT_S, command_timeout_s)
    try:
        yield connection
    finally:
        await close(connection)


async def connect(database_url: str, connect_timeout_s: float, command_timeout_s: float) -> asyncpg.Connection:
    return await asyncpg.connect(
        database_url,
        timeout=connect_timeout_s,
        command_timeout=command_timeout_s,
        # A statement prepared once stays so: preparing it again would be one more way there and back.
        max_cached_statement_lifetime=0,
        server_settings={"application_name": "clickrail referrals"},
    )


async def close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=1)
    except AWAY:
        connection.terminate()


async def keep_connected(
    purpose: str, connect: Connect, use: Callable[[asyncpg.Connection], Awaitable[None]], on_away: Callable[[], None]
) -> None:
    """Open a connection, hand it to `use`, and open another when that ends or fails: until cancelled.

    `on_away` is called when none can be opened. Between attempts there is a pause, longer each time, up to half a
    second: however long a line was broken, a change is in force a second after it is mended.
    """
    loop = asyncio.get_running_loop()
    backoff_s = FIRST_BACKOFF_S
    while True:
        try:
            connection = await connect()
        except AWAY as error:
            problem = error
            on_away()
        else:
            LOG.info("postgres connected", purpose=purpose)
            began = loop.time()
            problem = await use_up(connection, use)
            # A connection that is lost at once, each time, is no better than none.
            backoff_s = FIRST_BACKOFF_S if loop.time() - began > LONGEST_BACKOFF_S else backoff_s
        if backoff_s == FIRST_BACKOFF_S:
            LOG.warning("postgres away", purpose=purpose, error=describe(problem))
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
    return "closed" if error is None else f"{type(error).__name__}: {error}"
