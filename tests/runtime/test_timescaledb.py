"""TimescaleDB's extension: nothing on plain PostgreSQL, and a sentence where it cannot be created."""

import asyncpg
import pytest

from runtime.migration_files import MigrationError
from runtime.timescaledb import create_timescaledb

pytestmark = pytest.mark.servers


async def test_on_plain_postgresql_nothing_is_created(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    has = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')"
    before = await connection.fetchval(has)

    assert not await create_timescaledb(connection)

    assert await connection.fetchval(has) == before
    await connection.close()


async def test_a_server_that_preloads_it_and_cannot_create_it_is_told_what_to_do(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    if await connection.fetchval("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')"):
        pytest.skip("this server has TimescaleDB")
    # What a server that preloads it defines.
    await connection.execute("SET timescaledb.max_background_workers = 8")

    with pytest.raises(MigrationError, match=r"CREATE EXTENSION timescaledb failed: .*shared_preload_libraries"):
        await create_timescaledb(connection)
    await connection.close()
