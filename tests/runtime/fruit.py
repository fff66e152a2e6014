"""A package of migrations that tests apply."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from runtime.migration_files import Migration, MigrationSet
from tests.waiting import PATIENCE_S


def migration(number: int, sql: str, package: str = "fruit") -> Migration:
    return Migration(package, number, f"step_{number}", sql, package)


def fruit(*statements: str) -> MigrationSet:
    return MigrationSet(
        "fruit", "fruit", tuple(migration(number, sql) for number, sql in enumerate(statements, start=1))
    )


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, timeout=PATIENCE_S, command_timeout=PATIENCE_S)
    try:
        yield connection
    finally:
        await connection.close(timeout=PATIENCE_S)
