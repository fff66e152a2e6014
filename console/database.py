"""The tables: small pools whose connections are made when somebody asks. Only the login's own can write."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import asyncpg
import structlog

from runtime.errors import DependencyAway, Stuck
from runtime.postgres import Session, connect
from runtime.postgres_errors import ERRORS, classify_error, explain_error
from runtime.settings import DatabaseUrl
from storage.read.queries import QUERY_S, Connection

T = TypeVar("T")

log = structlog.get_logger()

CONNECTING: Final = "Connecting to PostgreSQL"
READERS: Final = 4
WRITERS: Final = 2
WRITE_S: Final = 3.0
"""A statement of the login touches one row; more than that is not waited for while somebody waits for a page."""
SERVER_LEAD_S: Final = 1.0
"""A server that lives gives a statement up this long before we do: what we give up ourselves, a frozen one has."""
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
    """PostgreSQL did not answer, or not in time, or has no such table. The message is for people."""


class DatabaseSlow(DatabaseAway):
    """PostgreSQL is there, but this question took it too long."""


class InvalidValue(Exception):  # noqa: N818 - it reads as what it is
    """PostgreSQL cannot hold the value that was asked for. Nothing is wrong with it."""


class PoolExhausted(TimeoutError):  # noqa: N818 - it reads as what it is
    """Every connection has been in use for too long."""


class Database:
    """Asks questions. `problem` says what was wrong the last time, null when nothing was."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.problem: str | None = CONNECTING
        self._pool = pool

    async def read(self, query: Callable[[Connection], Awaitable[T]]) -> T:
        """Ask one question on one connection. Raises DatabaseAway, and BadQuestion for a value it cannot hold."""
        return await self.write(query)

    async def write(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Do something on one connection: only reading succeeds, unless it was opened to write. Raises as `read`."""
        try:
            async with self._connection() as connection:
                answer = await work(connection)
        except (*ERRORS, DependencyAway, Stuck) as error:
            raise self._translate_error(error) from error
        self.problem = None
        return answer

    async def try_to_read(self, query: Callable[[Connection], Awaitable[T]]) -> T | None:
        """Ask a question that may be too much for the tables: null when it is. Raises DatabaseAway."""
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
            log.warning("question refused", error=explain_error(error))
            return InvalidValue("PostgreSQL cannot hold the value that was asked for")
        log.warning("database does not answer", error=explain_error(error))
        match error:
            case asyncpg.QueryCanceledError():
                return DatabaseSlow("PostgreSQL took too long to answer")
            case PoolExhausted():
                return DatabaseSlow("Too much is asked of PostgreSQL at the same time")
        self.problem = describe(error)
        return DatabaseAway(self.problem)

    async def watch(self) -> None:
        """Ask whether it is there, every few seconds, until cancelled."""
        while True:
            try:
                await self.read(lambda reader: reader.fetchval("SELECT 1", timeout=QUERY_S))
            except DatabaseAway as error:
                self.problem = str(error)
            await asyncio.sleep(PROBE_S)


def describe(error: BaseException) -> str:
    """Say what is wrong. Strangers read it at the login: of what the server says, nothing; that is in the log."""
    match error.__cause__ or error:
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError():
            return "PostgreSQL has not all of Clickrail's tables: `clickrail migrate` makes them"
        case asyncpg.InsufficientPrivilegeError():
            return "PostgreSQL does not let the console's account do this: see its grants in docs/operating.md"
        case asyncpg.ReadOnlySQLTransactionError():
            return "PostgreSQL only reads here: it is a standby, or was told to"
        case _:
            return "PostgreSQL does not answer"


@asynccontextmanager
async def open_database(url: DatabaseUrl, *, writable: bool = False) -> AsyncIterator[Database]:
    """Waits for nothing: the first question connects."""
    session = WRITE_SESSION if writable else READ_SESSION
    pool = asyncpg.create_pool(
        connect=lambda _, **options: connect(url.reveal(), session, **options),
        min_size=0,
        max_size=WRITERS if writable else READERS,
        max_inactive_connection_lifetime=IDLE_S,
    )
    async with asyncio.timeout(CONNECT_S):
        await pool
    try:
        yield Database(pool)
    finally:
        # Terminated, not closed: closing waits for statements without any limit (MagicStack/asyncpg#1326).
        pool.terminate()
