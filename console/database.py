"""Pools of connections to PostgreSQL, opened on first use. Only the login's pool can write."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import asyncpg
import structlog

from runtime.errors import DependencyAway, Stuck
from runtime.postgres import Session, connect
from runtime.postgres_errors import ERRORS, classify_error, explain_error
from runtime.shared_settings import DatabaseUrl
from storage.read.queries import QUERY_S, Connection

T = TypeVar("T")

log = structlog.get_logger()

CONNECTING: Final = "Connecting to PostgreSQL"
READERS: Final = 4
WRITERS: Final = 2
WRITE_S: Final = 3.0
"""Each statement of the login touches one row, so this is long enough, and a page does not wait longer."""
SERVER_LEAD_S: Final = 1.0
"""The server's statement time-out ends this much before ours: if ours ends first, the server is frozen."""
CONNECT_S: Final = 3.0
PROBE_S: Final = 5.0
IDLE_S: Final = 120.0
NAME: Final = "clickrail console"
READ_SESSION: Final = Session(
    application=NAME, connect_s=CONNECT_S, statement_s=QUERY_S, server_s=QUERY_S - SERVER_LEAD_S, read_only=True
)
WRITE_SESSION: Final = Session(
    application=NAME, connect_s=CONNECT_S, statement_s=WRITE_S, server_s=WRITE_S - SERVER_LEAD_S
)


class DatabaseAway(DependencyAway):
    """PostgreSQL did not answer, or not in time, or lacks a table. The message is for people."""


class DatabaseSlow(DatabaseAway):
    """PostgreSQL answers, but this query took too long."""


class InvalidValue(Exception):  # noqa: N818 - it reads as what it is
    """PostgreSQL cannot hold a value of the query, for example a NUL. This is no outage."""


class PoolExhausted(TimeoutError):  # noqa: N818 - it reads as what it is
    """No connection of the pool became free in time."""


class Database:
    """Runs queries. `problem` describes the last failure; null after a success."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.problem: str | None = CONNECTING
        self._pool = pool

    async def read(self, query: Callable[[Connection], Awaitable[T]]) -> T:
        """Run one query on one connection. Raises DatabaseAway, and BadQuestion for a value it cannot hold."""
        return await self.write(query)

    async def write(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Use one connection. Writing fails unless the pool was opened as writable. Raises as `read`."""
        try:
            async with self._connection() as connection:
                answer = await work(connection)
        except (*ERRORS, DependencyAway, Stuck) as error:
            raise self._translate_error(error) from error
        self.problem = None
        return answer

    async def try_to_read(self, query: Callable[[Connection], Awaitable[T]]) -> T | None:
        """Run a query that may take too long: null if it does. Raises DatabaseAway."""
        try:
            return await self.read(query)
        except DatabaseSlow:
            return None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        try:
            connection = await self._pool.acquire(timeout=CONNECT_S)
        except TimeoutError:
            if self._pool.get_size() == self._pool.get_max_size():
                raise PoolExhausted from None
            raise
        try:
            yield connection
        finally:
            await self._pool.release(connection)

    def _translate_error(self, error: Exception) -> DatabaseAway | InvalidValue:
        if isinstance(error, ERRORS) and classify_error(error) == "value":
            log.warning("query refused: PostgreSQL cannot hold a value in it", error=explain_error(error))
            return InvalidValue("PostgreSQL cannot hold the value that was asked for")
        log.warning("database does not answer", error=explain_error(error))
        match error:
            case asyncpg.QueryCanceledError():
                return DatabaseSlow("PostgreSQL took too long to answer")
            case PoolExhausted():
                return DatabaseSlow("Too many queries run at the same time: all connections to PostgreSQL are in use")
        self.problem = describe(error)
        return DatabaseAway(self.problem)

    async def watch(self) -> None:
        """Check every few seconds whether PostgreSQL answers, until cancelled."""
        while True:
            try:
                await self.read(lambda reader: reader.fetchval("SELECT 1", timeout=QUERY_S))
            except DatabaseAway as error:
                self.problem = str(error)
            await asyncio.sleep(PROBE_S)


def describe(error: BaseException) -> str:
    """Describe the problem without quoting the server: the login page is public. The log has the details."""
    match error.__cause__ or error:
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError():
            return "PostgreSQL lacks some of Clickrail's tables: run `clickrail migrate`"
        case asyncpg.InsufficientPrivilegeError():
            return "The console's PostgreSQL account lacks a permission: see its grants in docs/operating.md"
        case asyncpg.ReadOnlySQLTransactionError():
            return "PostgreSQL is read-only (a standby?): set CLICKRAIL_DATABASE_URL to the primary"
        case _:
            return "PostgreSQL does not answer"


async def keep_session(_: Connection) -> None:
    """Leave a connection that comes back as it is, but for a transaction, which asyncpg ends before.

    asyncpg would undo settings, cursors, locks and subscriptions of the session by four statements after each question.
    The console has none: what it sets or locks ends with its transaction.
    """


@asynccontextmanager
async def open_database(url: DatabaseUrl, *, writable: bool = False) -> AsyncIterator[Database]:
    """Open a pool without connecting: the first query connects."""
    session = WRITE_SESSION if writable else READ_SESSION
    pool = asyncpg.create_pool(
        connect=lambda _, **options: connect(url.reveal(), session, **options),
        min_size=0,
        max_size=WRITERS if writable else READERS,
        max_inactive_connection_lifetime=IDLE_S,
        reset=keep_session,
    )
    async with asyncio.timeout(CONNECT_S):
        await pool
    try:
        yield Database(pool)
    finally:
        # Terminate instead of close: closing waits for statements without a limit (MagicStack/asyncpg#1326).
        pool.terminate()
