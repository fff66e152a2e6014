"""Migrations: each package's numbered SQL files, applied once, in order, and recorded with their checksums.

Names in the files are unqualified: the connection's `search_path` selects the schema, and each schema has its own
`schema_migrations`. Two runs on one schema wait for each other; runs on different schemas do not.

A file whose first line is `-- migrate: no transaction` runs statement by statement, and is recorded when all have
passed. One that breaks off is run again from its first statement, so its statements must be repeatable: `IF NOT
EXISTS`, and `DROP INDEX CONCURRENTLY IF EXISTS` before a `CREATE INDEX CONCURRENTLY`, which leaves an invalid index
when it fails. A file with `-- migrate: only timescaledb` (or `only postgresql`) is skipped, and recorded as skipped, on
a database without (or with) that extension; it is applied when the database has become one that it is for.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Literal

import asyncpg
import msgspec

from runtime.migration_files import MigrationError, MigrationSet
from runtime.migration_patience import Report, until_unlocked
from runtime.migration_run import (
    TRY_LOCK,
    apply,
    apply_without_transaction,
    begin_without_transaction,
    session_unlocked,
)
from runtime.migration_state import CREATE_TABLE, CREATE_UNFINISHED, find_pending, note_skipped, read_state

LOCK_WAIT_S: Final = 60.0
LOCK_POLL_S: Final = 0.05


class AppliedMigration(msgspec.Struct, frozen=True):
    """One migration this run applied. `is_resumed`: it had broken off half-way before."""

    package: str
    number: int
    title: str
    is_resumed: bool = False


def report_nothing(sentence: str) -> None:
    """Tell nobody what a migration waits for."""


async def migrate(
    connection: asyncpg.Connection,
    packages: Sequence[MigrationSet],
    report: Report = report_nothing,
    lock_wait_s: float = LOCK_WAIT_S,
) -> list[AppliedMigration]:
    """Apply what the database does not have yet, package by package, each file in its own transaction or in none.

    `report` is told when others hold a lock that a file needs.
    Raises MigrationError when the database is not in UTF-8, an applied file has changed, the database is newer than the
    files, a file's SQL fails (earlier files stay applied), another run goes on for more than `lock_wait_s`, or others
    hold the lock of a table for more than ten minutes.
    asyncpg's errors pass through; do not use the connection after one.
    """
    await check_database(connection)
    applied: list[AppliedMigration] = []

    async def apply_one() -> AppliedMigration | None:
        return await apply_next(connection, packages, report, lock_wait_s)

    while one := await until_unlocked(connection, apply_one, report):
        applied.append(one)
    return applied


async def check_database(connection: asyncpg.Connection) -> None:
    """Raise MigrationError when there is no schema to migrate, or the encoding is not UTF-8."""
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise MigrationError(
            f"The database is encoded in {encoding}, which cannot hold every link and user agent: create another with "
            "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0, and set it in CLICKRAIL_DATABASE_URL"
        )
    if await connection.fetchval("SELECT current_schema()") is None:
        raise MigrationError("No schema of the connection's search_path exists")


async def apply_next(
    connection: asyncpg.Connection, packages: Sequence[MigrationSet], report: Report, lock_wait_s: float
) -> AppliedMigration | None:
    """Apply the first file that is not recorded, when no other run is at work; null if there is none.

    Raises MigrationError when another run is at work for more than `lock_wait_s`, and one of LOCKED to be tried again.
    """
    now = asyncio.get_running_loop().time
    deadline = now() + lock_wait_s
    while (step := await try_next(connection, packages, report)) == "locked":
        if now() > deadline:
            raise MigrationError(f"Another migration is running for more than {lock_wait_s:.0f} s: wait for it")
        await asyncio.sleep(LOCK_POLL_S)
    return step


async def try_next(
    connection: asyncpg.Connection, packages: Sequence[MigrationSet], report: Report
) -> AppliedMigration | Literal["locked"] | None:
    """As `apply_next`, but wait for no other run. The lock is transactional: a pooler does not keep session locks."""
    async with connection.transaction():
        # Try, do not wait: a wait inside the server would outlive our own timeout.
        if not await connection.fetchval(TRY_LOCK):
            return "locked"
        await connection.execute(CREATE_TABLE)
        await connection.execute(CREATE_UNFINISHED)
        state = await read_state(connection)
        pending = find_pending(packages, state)
        await note_skipped(connection, packages, state)
        if not pending:
            return None
        migration = pending[0]
        if migration.directives.in_transaction:
            await apply(connection, migration)
        else:
            await begin_without_transaction(connection, migration, state.engine)
    if not migration.directives.in_transaction:
        async with session_unlocked(connection):
            await apply_without_transaction(connection, migration, report)
    is_resumed = (migration.recorded_as, migration.number) in state.broken_off
    return AppliedMigration(migration.package, migration.number, migration.title, is_resumed)
