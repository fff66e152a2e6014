"""Applies one file of a migration: in a transaction, or statement by statement."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg

from runtime.migration_files import Migration, MigrationError, split_statements
from runtime.migration_patience import LOCKED, RESET_WAIT, Report, limit_lock_wait, until_unlocked
from runtime.postgres import is_pooled
from runtime.postgres_errors import ERRORS

STATEMENT_TIMEOUT_S: Final = 600.0
LONG_STATEMENT_TIMEOUT_S: Final = 24 * 3600.0
"""For statements outside a transaction: an index of a large table takes hours, and blocks no writer."""
CONCURRENTLY: Final = "CONCURRENTLY"

LOCK_KEY: Final = "hashtextextended('clickrail migrations in ' || current_schema(), 0)"
TRY_LOCK: Final = f"SELECT pg_try_advisory_xact_lock({LOCK_KEY})"
LOCK_SESSION: Final = f"SELECT pg_advisory_lock({LOCK_KEY})"
UNLOCK_SESSION: Final = f"SELECT pg_advisory_unlock({LOCK_KEY})"
NOTE: Final = """
INSERT INTO schema_migrations_unfinished AS noted (package, number, state, engine) VALUES ($1, $2, $3, $4)
ON CONFLICT (package, number) DO UPDATE SET state = excluded.state, engine = excluded.engine, noted_at = now()
WHERE (noted.state, noted.engine) <> (excluded.state, excluded.engine)
"""


async def apply(connection: asyncpg.Connection, migration: Migration) -> None:
    """Apply a file within the transaction that is open. Raises MigrationError, and one of LOCKED to be tried again."""
    try:
        await limit_lock_wait(connection, in_transaction=True)
        await connection.execute(migration.sql, timeout=STATEMENT_TIMEOUT_S)
        await record(connection, migration)
    except LOCKED:
        raise
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.name}: {error}") from error


async def begin_without_transaction(connection: asyncpg.Connection, migration: Migration, engine: str) -> None:
    """Note that a file has begun, and keep the lock beyond the transaction. Raises MigrationError behind a pooler."""
    if is_pooled(connection):
        raise MigrationError(
            f"{migration.name} runs outside a transaction, which needs a connection without a pooler: "
            f"set CLICKRAIL_DATABASE_URL to the address of PostgreSQL for this run"
        )
    await connection.execute(NOTE, migration.recorded_as, migration.number, "begun", engine)
    await connection.execute(LOCK_SESSION)


@asynccontextmanager
async def session_unlocked(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Release the session's lock at the end of the block. If the connection is broken, the server has released it."""
    try:
        yield
    finally:
        with suppress(*ERRORS):
            await connection.execute(UNLOCK_SESSION)


async def apply_without_transaction(connection: asyncpg.Connection, migration: Migration, report: Report) -> None:
    statements = split_statements(migration.sql)
    for number, statement in enumerate(statements, start=1):
        try:
            await execute_alone(connection, statement, report)
        except asyncpg.PostgresError as error:
            raise MigrationError(
                f"{migration.name}: statement {number} of {len(statements)}: {error}. The {number - 1} before it stay "
                f"applied: correct the cause, then run `clickrail migrate` again, which runs the whole file"
            ) from error
    async with connection.transaction():
        await record(connection, migration)


async def execute_alone(connection: asyncpg.Connection, statement: str, report: Report) -> None:
    """Run a statement outside a transaction, and again while a lock is in its way."""
    # CONCURRENTLY waits for whole transactions of others, but nobody's writes wait behind it.
    if CONCURRENTLY in statement.upper():
        await connection.execute(statement, timeout=LONG_STATEMENT_TIMEOUT_S)
        return
    await limit_lock_wait(connection, in_transaction=False)
    try:
        await until_unlocked(
            connection, lambda: connection.execute(statement, timeout=LONG_STATEMENT_TIMEOUT_S), report
        )
    finally:
        with suppress(*ERRORS):
            await connection.execute(RESET_WAIT)


async def record(connection: asyncpg.Connection, migration: Migration) -> None:
    await connection.execute(
        "INSERT INTO schema_migrations (package, number, title, sha256) VALUES ($1, $2, $3, $4)",
        migration.recorded_as,
        migration.number,
        migration.title,
        migration.sha256,
    )
    await connection.execute(
        "DELETE FROM schema_migrations_unfinished WHERE package = $1 AND number = $2",
        migration.recorded_as,
        migration.number,
    )
