"""What a database has of the migrations, and what is pending, skipped, or contradicts the files."""

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg
import msgspec

from runtime.migration_files import Engine, Migration, MigrationError, MigrationSet
from runtime.migration_run import NOTE

CREATE_TABLE: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    package text NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (package, number)
)
"""
CREATE_UNFINISHED: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations_unfinished (
    package text NOT NULL,
    number integer NOT NULL,
    state text NOT NULL CHECK (state IN ('begun', 'skipped')),
    engine text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (package, number)
)
"""
READ_ENGINE: Final = (
    "SELECT CASE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN 'timescaledb'"
    " ELSE 'postgresql' END"
)
Number = tuple[str, int]
"""A migration's package, as it is recorded, and its number."""


class MigrationState(msgspec.Struct, frozen=True):
    """What a database has: the checksums of applied files, those that broke off half-way, and its engine."""

    recorded: Mapping[Number, str]
    broken_off: frozenset[Number] = frozenset()
    engine: Engine = "postgresql"


async def read_state(connection: asyncpg.Connection) -> MigrationState:
    """Read what the database has, and change nothing.

    Raises asyncpg's UndefinedTableError when nothing was ever applied.
    """
    rows = await connection.fetch("SELECT package, number, sha256 FROM schema_migrations")
    broken_off: list[asyncpg.Record] = []
    # Databases of older versions do not have this table.
    if await connection.fetchval("SELECT to_regclass('schema_migrations_unfinished') IS NOT NULL"):
        broken_off = await connection.fetch(
            "SELECT package, number FROM schema_migrations_unfinished WHERE state = 'begun'"
        )
    return MigrationState(
        {(row["package"], row["number"]): row["sha256"] for row in rows},
        frozenset((row["package"], row["number"]) for row in broken_off),
        await read_engine(connection),
    )


async def read_engine(connection: asyncpg.Connection) -> Engine:
    engine: Engine = await connection.fetchval(READ_ENGINE)
    return engine


def find_pending(packages: Sequence[MigrationSet], state: MigrationState) -> list[Migration]:
    """Return what is left to apply, in order. Raises MigrationError when the records contradict the files."""
    for package in packages:
        check_records(package, state.recorded)
    return [one for one in find_missing(packages, state) if one.directives.only in (None, state.engine)]


def find_skipped(packages: Sequence[MigrationSet], state: MigrationState) -> list[Migration]:
    """Return the files that are not applied because they are for another engine, in order."""
    return [one for one in find_missing(packages, state) if one.directives.only not in (None, state.engine)]


def find_missing(packages: Sequence[MigrationSet], state: MigrationState) -> list[Migration]:
    return [
        migration
        for package in packages
        for migration in package.migrations
        if (package.recorded_as, migration.number) not in state.recorded
    ]


def check_records(package: MigrationSet, recorded: Mapping[Number, str]) -> None:
    for migration in package.migrations:
        sha256 = recorded.get((package.recorded_as, migration.number), migration.sha256)
        if sha256 != migration.sha256:
            raise MigrationError(
                f"{migration.name} has changed since it was applied to this database: restore it, "
                f"and put the change into a new migration"
            )
    newest = max((migration.number for migration in package.migrations), default=0)
    ahead = [number for name, number in recorded if name == package.recorded_as and number > newest]
    if ahead:
        raise MigrationError(
            f"The database has {package.package} migration {max(ahead):04}, which this version does not know: "
            f"it was migrated by a newer Clickrail, so run that one"
        )


async def note_skipped(connection: asyncpg.Connection, packages: Sequence[MigrationSet], state: MigrationState) -> None:
    for migration in find_skipped(packages, state):
        await connection.execute(NOTE, migration.recorded_as, migration.number, "skipped", state.engine)
