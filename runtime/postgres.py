"""Connections to PostgreSQL, direct or through a pooler. Every wait is bounded; a failure is PostgresAway or Stuck.

A pooler such as PgBouncer accepts no settings at the start of a connection. In transaction mode each transaction may
run in another server session, so nothing of a session lasts: no prepared statement, no setting, no LISTEN. `connect`
detects a pooler, so no setting has to name it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from runtime.errors import DependencyAway, SettingsError, Stuck
from runtime.postgres_errors import ERRORS, classify_error, explain_error, is_refused_option

T = TypeVar("T")

CLOSE_S: Final = 1.0
# Our own check of the URL passed; a PG* variable such as PGPORT may be at fault. asyncpg's message may quote the URL.
UNUSABLE_URL: Final = (
    "CLICKRAIL_DATABASE_URL: PostgreSQL's client cannot use this URL, or a PG* variable of the environment: check both"
)


class PostgresAway(DependencyAway):
    """PostgreSQL does not answer, or cannot serve now. The message says why, for people."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The purpose of a connection and its timeouts: to connect, per statement, at the server (None: no limit)."""

    application: str
    connect_s: float
    statement_s: float
    server_s: float | None = None
    read_only: bool = False

    def settings(self) -> dict[str, str]:
        """Return the settings with which a direct connection starts."""
        timeout = {} if self.server_s is None else {"statement_timeout": str(round(self.server_s * 1000))}
        return timeout | ({"default_transaction_read_only": "on"} if self.read_only else {})

    def local_settings(self) -> str:
        """Return the statements that apply the same settings to one transaction."""
        timeout = "" if self.server_s is None else f"SET LOCAL statement_timeout = {round(self.server_s * 1000)};"
        return timeout + ("SET LOCAL transaction_read_only = on;" if self.read_only else "")


class PooledConnection(asyncpg.Connection):
    """A connection through a pooler. Each statement runs in a transaction; no prepared statement is reused."""

    session: Session

    async def fetch(self, *args: Any, **options: Any) -> Any:
        """Run as in asyncpg, in a transaction."""
        return await self._in_transaction(super().fetch, *args, **options)

    async def fetchrow(self, *args: Any, **options: Any) -> Any:
        """Run as in asyncpg, in a transaction."""
        return await self._in_transaction(super().fetchrow, *args, **options)

    async def fetchval(self, *args: Any, **options: Any) -> Any:
        """Run as in asyncpg, in a transaction."""
        return await self._in_transaction(super().fetchval, *args, **options)

    async def executemany(self, *args: Any, **options: Any) -> Any:
        """Run as in asyncpg, in a transaction."""
        return await self._in_transaction(super().executemany, *args, **options)

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        """Run as in asyncpg, in a transaction."""
        # A query without values uses the simple protocol, which is one transaction already.
        run = super().execute
        return await (self._in_transaction(run, query, *args, **options) if args else run(query, **options))

    async def add_listener(self, channel: str, callback: Any) -> None:
        """Do nothing: a pooler forwards no notifications. Every listener polls as well."""

    def get_reset_query(self) -> str:
        """Return no statement: there is no session to reset, and the server session is shared with others."""
        return ""

    async def _in_transaction(self, run: Callable[..., Awaitable[T]], *args: Any, **options: Any) -> T:
        if self.is_in_transaction():
            return await run(*args, **options)
        async with transaction(self):
            return await run(*args, **options)


def is_pooled(connection: asyncpg.Connection) -> bool:
    """Return whether a connection goes through a pooler."""
    # asyncpg makes isinstance() true for all of its connection classes.
    return type(connection) is PooledConnection


@asynccontextmanager
async def transaction(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Open a transaction in which the settings of the connection's session apply, even through a pooler."""
    async with connection.transaction():
        if settings := connection.session.local_settings() if is_pooled(connection) else "":
            await connection.execute(settings)
        yield


async def connect(url: str, session: Session, **options: Any) -> asyncpg.Connection:
    """Open a connection; `options` are asyncpg's.

    Raises PostgresAway, Stuck when a retry cannot succeed, and SettingsError when asyncpg rejects the URL.
    """
    try:
        return await connect_direct_or_pooled(url, session, options)
    except asyncpg.ClientConfigurationError:
        raise SettingsError(UNUSABLE_URL) from None
    except ERRORS as error:
        raise describe_failure(error) from error
    except ValueError:
        raise SettingsError(UNUSABLE_URL) from None


def describe_failure(error: BaseException) -> PostgresAway | Stuck:
    """Return the exception to raise for an error of `ERRORS` that is not about a value."""
    if classify_error(error) == "away":
        return PostgresAway(f"PostgreSQL does not answer: {explain_error(error)}")
    return Stuck(f"PostgreSQL refuses a statement: {explain_error(error)}")


async def connect_direct_or_pooled(url: str, session: Session, options: dict[str, Any]) -> asyncpg.Connection:
    try:
        connection = await open_connection(url, session, options | {"server_settings": session.settings()})
    except asyncpg.PostgresError as error:
        if not is_refused_option(error):
            raise
    else:
        try:
            if not await is_behind_pooler(connection):
                return connection
            await close(connection)
        except BaseException:
            # No caller has the connection yet: without this it stays open until it is garbage-collected.
            connection.terminate()
            raise
    pooled = {"statement_cache_size": 0, "connection_class": PooledConnection}
    connection = await open_connection(url, session, options | pooled | {"server_settings": {}})
    connection.session = session
    return connection


async def open_connection(url: str, session: Session, options: dict[str, Any]) -> asyncpg.Connection:
    # Every pooler accepts application_name. A prepared statement is kept: to prepare it again costs a round trip.
    settings = {"application_name": session.application} | options.pop("server_settings")
    times = {"timeout": session.connect_s, "command_timeout": session.statement_s, "max_cached_statement_lifetime": 0}
    return await asyncpg.connect(url, **times, **options, server_settings=settings)


async def is_behind_pooler(connection: asyncpg.Connection) -> bool:
    """Return whether another server process answers than the one that accepted the connection."""
    greeted_by = connection.get_server_pid()
    status: str = await connection.execute(f"SELECT 1 WHERE pg_backend_pid() = {greeted_by}")
    return status != "SELECT 1"


async def close(connection: asyncpg.Connection) -> None:
    """Close a connection within a second."""
    try:
        await connection.close(timeout=CLOSE_S)
    except ERRORS:
        connection.terminate()


@asynccontextmanager
async def connected(url: str, session: Session) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection and close it at the end of the block. Raises as `connect` does."""
    connection = await connect(url, session)
    try:
        yield connection
    finally:
        await close(connection)
