"""Migrations: each package's numbered SQL files, applied once, in order, and recorded with their checksums.

Names in the files are unqualified: the connection's `search_path` selects the schema, and each schema has its own
`schema_migrations`. Two runs on one schema wait for each other; runs on different schemas do not.
"""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, Literal

import asyncpg
import msgspec

FILE_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
RECORDED_AS: Final = "recorded_as"

LOCK_WAIT_S: Final = 60.0
LOCK_POLL_S: Final = 0.05
STATEMENT_TIMEOUT_S: Final = 600.0

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
TRY_LOCK: Final = (
    "SELECT pg_try_advisory_xact_lock(hashtextextended('clickrail migrations in ' || current_schema(), 0))"
)


class MigrationError(Exception):
    """The files and the database do not match, or a file failed. The message names the file."""


class Migration(msgspec.Struct, frozen=True):
    """One file of a package. `recorded_as` is the package's name in the database."""

    package: str
    number: int
    title: str
    sql: str
    recorded_as: str

    @property
    def name(self) -> str:
        return f"{self.package}/migrations/{self.number:04}_{self.title}.sql"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationSet(msgspec.Struct, frozen=True):
    """The migrations of one package, numbered 1, 2, 3 ..."""

    package: str
    recorded_as: str
    migrations: tuple[Migration, ...]


class AppliedMigration(msgspec.Struct, frozen=True):
    """One migration this run applied."""

    package: str
    number: int
    title: str


def find_migrations(package: str) -> MigrationSet:
    """Read the migrations in a package's folder `migrations`."""
    return read_migrations(package, files(package) / "migrations")


def read_migrations(package: str, folder: Traversable) -> MigrationSet:
    """Read `folder`. Raises MigrationError for a file not named `NNNN_title.sql`, and a repeated or missing number.

    A renamed package has a file `recorded_as`, which holds its first name: databases keep that one.
    """
    renamed = folder / RECORDED_AS
    recorded_as = renamed.read_text("utf-8").strip() if renamed.is_file() else package
    found: list[Migration] = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        match = FILE_NAME.fullmatch(file.name)
        if match:
            found.append(Migration(package, int(match[1]), match[2], file.read_text("utf-8"), recorded_as))
        elif file.name.endswith(".sql"):
            raise MigrationError(f"{package}/migrations/{file.name}: a migration is named NNNN_title.sql")
    for number, migration in enumerate(found, start=1):
        if migration.number != number:
            raise MigrationError(f"{migration.name}: number {number:04} is expected here")
    return MigrationSet(package, recorded_as, tuple(found))


async def migrate(connection: asyncpg.Connection, packages: Sequence[MigrationSet]) -> list[AppliedMigration]:
    """Apply what the database does not have yet, package by package, each file in its own transaction.

    Raises MigrationError when the database is not in UTF-8, an applied file has changed, the database is newer than the
    files, a file's SQL fails (earlier files stay applied), or another run holds the lock for more than a minute.
    asyncpg's errors pass through; do not use the connection after one.
    """
    schema = await check_database(connection)
    deadline = asyncio.get_running_loop().time() + LOCK_WAIT_S
    applied: list[AppliedMigration] = []
    while True:
        step = await apply_next(connection, packages)
        match step:
            case AppliedMigration():
                applied.append(step)
                deadline = asyncio.get_running_loop().time() + LOCK_WAIT_S
            case "done":
                return applied
            case "locked" if asyncio.get_running_loop().time() > deadline:
                raise MigrationError(
                    f"Another migration of schema {schema} is running for more than {LOCK_WAIT_S:.0f} s: wait for it"
                )
            case "locked":
                await asyncio.sleep(LOCK_POLL_S)


async def check_database(connection: asyncpg.Connection) -> str:
    """Return the schema to migrate. Raises MigrationError when there is none, or the encoding is not UTF-8."""
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise MigrationError(
            f"The database is encoded in {encoding}, which cannot hold every link and user agent: create another with "
            "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0, and set it in CLICKRAIL_DATABASE_URL"
        )
    schema = await connection.fetchval("SELECT current_schema()")
    if schema is None:
        raise MigrationError("No schema of the connection's search_path exists")
    return str(schema)


async def apply_next(
    connection: asyncpg.Connection, packages: Sequence[MigrationSet]
) -> AppliedMigration | Literal["done", "locked"]:
    """Apply the first file that is not recorded. The lock is transactional: a pooler does not keep session locks."""
    async with connection.transaction():
        # Try, do not wait: a wait inside the server would outlive our own timeout.
        if not await connection.fetchval(TRY_LOCK):
            return "locked"
        await connection.execute(CREATE_TABLE)
        pending = await read_pending(connection, packages)
        if not pending:
            return "done"
        await apply(connection, pending[0])
    return AppliedMigration(pending[0].package, pending[0].number, pending[0].title)


async def read_pending(connection: asyncpg.Connection, packages: Sequence[MigrationSet]) -> list[Migration]:
    """Read what is left to apply, in order, and change nothing.

    Raises MigrationError as `migrate` does, and asyncpg's UndefinedTableError when nothing was ever applied.
    """
    recorded = {
        (row["package"], row["number"]): row["sha256"]
        for row in await connection.fetch("SELECT package, number, sha256 FROM schema_migrations")
    }
    return find_pending(packages, recorded)


def find_pending(packages: Sequence[MigrationSet], recorded: dict[tuple[str, int], str]) -> list[Migration]:
    """Return what is left to apply, in order. Raises MigrationError when the records contradict the files."""
    for package in packages:
        for migration in package.migrations:
            sha256 = recorded.get((package.recorded_as, migration.number), migration.sha256)
            if sha256 != migration.sha256:
                raise MigrationError(
                    f"{migration.name} has changed since it was applied to this database: restore it, "
                    f"and put the change into a new migration"
                )
        ahead = [
            number for name, number in recorded if name == package.recorded_as and number > len(package.migrations)
        ]
        if ahead:
            raise MigrationError(
                f"The database has {package.package} migration {max(ahead):04}, which this version does not know: "
                f"it was migrated by a newer Clickrail, so run that one"
            )
    return [
        migration
        for package in packages
        for migration in package.migrations
        if (package.recorded_as, migration.number) not in recorded
    ]


async def apply(connection: asyncpg.Connection, migration: Migration) -> None:
    try:
        await connection.execute(migration.sql, timeout=STATEMENT_TIMEOUT_S)
        await connection.execute(
            "INSERT INTO schema_migrations (package, number, title, sha256) VALUES ($1, $2, $3, $4)",
            migration.recorded_as,
            migration.number,
            migration.title,
            migration.sha256,
        )
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.name}: {error}") from error
