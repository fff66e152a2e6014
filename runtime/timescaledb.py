"""TimescaleDB's extension: created in a database whose server preloads it."""

from typing import Final

import asyncpg

from runtime.migration_files import MigrationError
from runtime.postgres import transaction
from runtime.postgres_errors import explain_error

# A server that does not preload TimescaleDB may list it in pg_available_extensions, and ends the connection on CREATE
# EXTENSION. The library defines this setting when it is preloaded; every account may read it.
IS_WANTED: Final = """
    SELECT current_setting('timescaledb.max_background_workers', true) IS NOT NULL
        AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
"""
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('clickrail timescaledb', 0))"
# Not in the schema of our tables: whoever drops that schema would drop the extension, for other schemas, too.
CREATE: Final = "CREATE EXTENSION IF NOT EXISTS timescaledb{}"
NO_RIGHT: Final = (
    "This server preloads TimescaleDB, but the account in CLICKRAIL_DATABASE_URL may not create the extension ({}): "
    "let the owner of the database run CREATE EXTENSION timescaledb, then run `clickrail migrate` again"
)
FAILED: Final = (
    "This server preloads TimescaleDB, but CREATE EXTENSION timescaledb failed: {}. Correct this, or remove "
    "timescaledb from shared_preload_libraries of the server, then run `clickrail migrate` again"
)


async def is_timescaledb_wanted(connection: asyncpg.Connection) -> bool:
    """Return whether the server preloads TimescaleDB and the database does not have its extension yet."""
    return bool(await connection.fetchval(IS_WANTED))


async def create_timescaledb(connection: asyncpg.Connection) -> bool:
    """Create the extension if the server preloads it and the database does not have it; return whether it was created.

    Raises MigrationError.
    """
    if not await is_timescaledb_wanted(connection):
        return False
    has_public = await connection.fetchval("SELECT to_regnamespace('public') IS NOT NULL")
    try:
        async with transaction(connection):
            await connection.execute(LOCK)
            await connection.execute(CREATE.format(" SCHEMA public" if has_public else ""))
    except asyncpg.InsufficientPrivilegeError as error:
        raise MigrationError(NO_RIGHT.format(explain_error(error))) from error
    except asyncpg.PostgresError as error:
        raise MigrationError(FAILED.format(explain_error(error))) from error
    return True
