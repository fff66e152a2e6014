"""Files that are applied without a transaction."""

import asyncio

import asyncpg
import pytest

from runtime.migration_files import MigrationError
from runtime.migration_state import read_state
from runtime.migrations import AppliedMigration, migrate
from tests.runtime.fruit import connected, fruit

CONCURRENTLY = """-- migrate: no transaction
CREATE TABLE IF NOT EXISTS apples (n int);
DROP INDEX CONCURRENTLY IF EXISTS apples_n;
CREATE INDEX CONCURRENTLY IF NOT EXISTS apples_n ON apples (n);
"""


@pytest.mark.servers
async def test_a_file_without_a_transaction_may_build_an_index_concurrently(database_url: str) -> None:
    async with connected(database_url) as connection:
        applied = await migrate(connection, [fruit(CONCURRENTLY, "INSERT INTO apples VALUES (1)")])
        again = await migrate(connection, [fruit(CONCURRENTLY, "INSERT INTO apples VALUES (1)")])
        is_valid = await connection.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = 'apples_n'::regclass")
        held = await connection.fetchval(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = $1", pid(connection)
        )
    assert [one.number for one in applied] == [1, 2]
    assert (again, is_valid, held) == ([], True, 0)


def pid(connection: asyncpg.Connection) -> int:
    return int(connection.get_server_pid())


@pytest.mark.servers
async def test_a_file_that_broke_off_is_named_and_run_again(database_url: str) -> None:
    broken = CONCURRENTLY + "INSERT INTO pears VALUES (1);"
    async with connected(database_url) as connection:
        with pytest.raises(MigrationError, match=r"0001_step_1\.sql: statement 4 of 4: .*The 3 before it stay applied"):
            await migrate(connection, [fruit(broken)])
        state = await read_state(connection)
        assert (state.broken_off, state.recorded) == (frozenset({("fruit", 1)}), {})
        await connection.execute("CREATE TABLE pears (n int)")
        assert await migrate(connection, [fruit(broken)]) == [AppliedMigration("fruit", 1, "step_1", is_resumed=True)]
        assert (await read_state(connection)).broken_off == frozenset()


@pytest.mark.servers
async def test_two_runs_at_once_apply_a_file_without_a_transaction_once(database_url: str) -> None:
    slow = (
        "-- migrate: no transaction\nCREATE TABLE apples (n int); SELECT pg_sleep(0.2); INSERT INTO apples VALUES (1)"
    )

    async def run() -> list[AppliedMigration]:
        async with connected(database_url) as connection:
            return await migrate(connection, [fruit(slow)])

    runs = await asyncio.gather(*(run() for _ in range(4)))
    assert [one.number for run in runs for one in run] == [1]
