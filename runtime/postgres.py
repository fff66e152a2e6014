"""Connections to PostgreSQL, direct or through a pooler: every wait is bounded, and every failure is one of two.

PgBouncer and its like take no settings when a connection begins, and in transaction mode each transaction may be at
another server: nothing of a session lasts, no prepared statement, no setting, no LISTEN. Such a connection is found out
and used accordingly, so that nobody has to say which it is.
"""

import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from runtime.errors import DependencyAway, SettingsError, Stuck
from runtime.postgres_errors import ERRORS, classify_error, explain_error, is_refused_option
from runtime.setting_urls import Url, read_url

T = TypeVar("T")

CLOSE_S: Final = 1.0
DEFAULT_ROOT: Final = "~/.postgresql/root.crt"
# What our own look at the URL let pass, or a variable of PostgreSQL's own (PGPORT). asyncpg's message may quote it.
UNUSABLE_URL: Final = "CLICKRAIL_DATABASE_URL: PostgreSQL's client cannot use it, or a PG* variable beside it"


class PostgresAway(DependencyAway):
    """PostgreSQL does not answer, or not now. The message says why, for people."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection is for, and how long it waits: to connect, for a statement, at the server (null: for ever)."""

    application: str
    connect_s: float
    statement_s: float
    server_s: float | None = None
    read_only: bool = False

    def settings(self) -> dict[str, str]:
        """Give the settings that a direct connection begins with."""
        timeout = {} if self.server_s is None else {"statement_timeout": str(round(self.server_s * 1000))}
        return timeout | ({"default_transaction_read_only": "on"} if self.read_only else {})

    def local_settings(self) -> str:
        """Give the statements that make the same of one transaction."""
        timeout = "" if self.server_s is None else f"SET LOCAL statement_timeout = {round(self.server_s * 1000)};"
        return timeout + ("SET LOCAL transaction_read_only = on;" if self.read_only else "")


class PooledConnection(asyncpg.Connection):
    """A connection through a pooler. Each statement is in a transaction, and none is prepared for a second time."""

    session: Session

    async def fetch(self, *args: Any, **options: Any) -> Any:
        """As its parent's."""
        return await self._whole(super().fetch, *args, **options)

    async def fetchrow(self, *args: Any, **options: Any) -> Any:
        """As its parent's."""
        return await self._whole(super().fetchrow, *args, **options)

    async def fetchval(self, *args: Any, **options: Any) -> Any:
        """As its parent's."""
        return await self._whole(super().fetchval, *args, **options)

    async def executemany(self, *args: Any, **options: Any) -> Any:
        """As its parent's."""
        return await self._whole(super().executemany, *args, **options)

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        """As its parent's."""
        # Without values it is one message of the simple protocol, which is a transaction already.
        ask = super().execute
        return await (self._whole(ask, query, *args, **options) if args else ask(query, **options))

    async def add_listener(self, channel: str, callback: Any) -> None:
        """Do nothing: a pooler carries no notification. Whoever listens polls as well."""

    def get_reset_query(self) -> str:
        """Give nothing to do between two users: there is no session, and another's must be left alone."""
        return ""

    async def _whole(self, ask: Callable[..., Awaitable[T]], *args: Any, **options: Any) -> T:
        if self.is_in_transaction():
            return await ask(*args, **options)
        async with transaction(self):
            return await ask(*args, **options)


def is_pooled(connection: asyncpg.Connection) -> bool:
    """Tell whether a connection leads through a pooler."""
    # asyncpg answers isinstance() with yes for every subclass of its own.
    return type(connection) is PooledConnection


@asynccontextmanager
async def transaction(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Open a transaction to which the settings of the connection's session apply, also through a pooler."""
    async with connection.transaction():
        if settings := connection.session.local_settings() if is_pooled(connection) else "":
            await connection.execute(settings)
        yield


async def connect(url: str, session: Session, **options: Any) -> asyncpg.Connection:
    """Open a connection; `options` are asyncpg's.

    Raises PostgresAway, Stuck for what the same URL will never get, and SettingsError for what asyncpg cannot even try.
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
    """Give the exception to raise for an error of `ERRORS` that is not about a value."""
    if classify_error(error) == "away":
        return PostgresAway(f"PostgreSQL does not answer: {explain_error(error)}")
    return Stuck(f"PostgreSQL refuses what is asked of it: {explain_error(error)}")


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
            # Nobody else knows of it: it would stay open until it is collected.
            connection.terminate()
            raise
    pooled = {"statement_cache_size": 0, "connection_class": PooledConnection}
    connection = await open_connection(url, session, options | pooled | {"server_settings": {}})
    connection.session = session
    return connection


async def open_connection(url: str, session: Session, options: dict[str, Any]) -> asyncpg.Connection:
    # Every pooler takes the name. A statement prepared once stays so: again, it would be one more way there and back.
    settings = {"application_name": session.application} | options.pop("server_settings")
    times = {"timeout": session.connect_s, "command_timeout": session.statement_s, "max_cached_statement_lifetime": 0}
    return await asyncpg.connect(url, **times, **options, server_settings=settings)


async def is_behind_pooler(connection: asyncpg.Connection) -> bool:
    """Tell whether the process that works for us is another than the one that greeted us."""
    greeted_by = connection.get_server_pid()
    status: str = await connection.execute(f"SELECT 1 WHERE pg_backend_pid() = {greeted_by}")
    return status != "SELECT 1"


async def close(connection: asyncpg.Connection) -> None:
    """Close a connection, within a second."""
    try:
        await connection.close(timeout=CLOSE_S)
    except ERRORS:
        connection.terminate()


def check_tls_files(url: str) -> None:
    """Read the files for TLS that a URL names. Raises SettingsError when one cannot be used, as it never could be."""
    read = read_url(url)
    if not isinstance(read, Url) or read.options.get("sslmode", "disable") == "disable":
        return
    try:
        load_tls_files(read.options)
    except OSError as error:
        said = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise SettingsError(f"CLICKRAIL_DATABASE_URL: a file for TLS cannot be used: {said}") from None


def load_tls_files(options: Mapping[str, str]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    root = options.get("sslrootcert") or os.environ.get("PGSSLROOTCERT") or os.path.expanduser(DEFAULT_ROOT)  # noqa: PTH111 - pathlib raises where there is no home
    context.load_verify_locations(cafile=root)
    if crl := options.get("sslcrl"):
        context.load_verify_locations(cafile=crl)
    if certificate := options.get("sslcert"):
        context.load_cert_chain(certificate, options.get("sslkey"), password=lambda: options.get("sslpassword", ""))


@asynccontextmanager
async def connected(url: str, session: Session) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection for a piece of work. Raises as `connect` does."""
    connection = await connect(url, session)
    try:
        yield connection
    finally:
        await close(connection)
