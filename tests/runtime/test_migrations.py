"""Migrations applied to a real database: in order, once, by one run at a time."""

import asyncio
import uuid

import pytest

from runtime.migration_files import MigrationError, MigrationSet
from runtime.migration_state import find_pending, find_skipped, read_state
from runtime.migrations import AppliedMigration, migrate
from tests.runtime.fruit import connected, fruit, migration
from tests.waiting import PATIENCE_S


@pytest.mark.servers
async def test_packages_are_applied_in_the_order_given_and_only_once(database_url: str) -> None:
    first = fruit("CREATE TABLE apples (n int)", "INSERT INTO apples VALUES (1)")
    second = MigrationSet("bowl", "bowl", (migration(1, "INSERT INTO apples VALUES (2); SELECT 1;", "bowl"),))
    async with connected(database_url) as connection:
        applied = await migrate(connection, [first, second])
        again = await migrate(connection, [first, second])
        rows = await connection.fetch("SELECT n FROM apples ORDER BY n")
    expected = [
        AppliedMigration("fruit", 1, "step_1"),
        AppliedMigration("fruit", 2, "step_2"),
        AppliedMigration("bowl", 1, "step_1"),
    ]
    assert (expected, [], [1, 2]) == (applied, again, [row["n"] for row in rows])


@pytest.mark.servers
async def test_a_new_migration_is_applied_to_a_database_that_has_the_older_ones(database_url: str) -> None:
    async with connected(database_url) as connection:
        await migrate(connection, [fruit("CREATE TABLE apples ()")])
        applied = await migrate(connection, [fruit("CREATE TABLE apples ()", "CREATE TABLE pears ()")])
    assert [AppliedMigration("fruit", 2, "step_2")] == applied


@pytest.mark.servers
async def test_two_runs_at_once_apply_each_migration_once(database_url: str) -> None:
    slow = fruit("CREATE TABLE apples (n int); SELECT pg_sleep(0.2)", "INSERT INTO apples VALUES (1)")

    async def run() -> list[AppliedMigration]:
        async with connected(database_url) as connection:
            return await migrate(connection, [slow])

    runs = await asyncio.gather(*(run() for _ in range(4)))
    async with connected(database_url) as connection:
        assert await connection.fetchval("SELECT count(*) FROM apples") == 1
    assert sorted(applied.number for run in runs for applied in run) == [1, 2]


@pytest.mark.servers
async def test_schemas_do_not_wait_for_one_another(database_url: str) -> None:
    async with connected(database_url) as busy, connected(database_url) as other:
        schema = await busy.fetchval("SELECT current_schema()")
        await busy.execute(
            "SELECT pg_advisory_lock(hashtextextended('clickrail migrations in ' || $1::text, 0))", schema
        )
        await other.execute(f"CREATE SCHEMA {schema}_b; SET search_path TO {schema}_b")
        try:
            async with asyncio.timeout(PATIENCE_S):
                applied = await migrate(other, [fruit("CREATE TABLE apples ()")])
        finally:
            await other.execute(f"DROP SCHEMA {schema}_b CASCADE")
    assert [AppliedMigration("fruit", 1, "step_1")] == applied


@pytest.mark.servers
async def test_a_file_that_fails_is_named_and_leaves_nothing_behind(database_url: str) -> None:
    async with connected(database_url) as connection:
        with pytest.raises(MigrationError, match=r'0002_step_2\.sql: relation "grapes" does not exist'):
            await migrate(connection, [fruit("CREATE TABLE apples ()", "CREATE TABLE pears (); SELECT * FROM grapes")])
        tables = await connection.fetch("SELECT relname FROM pg_class WHERE oid::regclass::text IN ('apples', 'pears')")
        applied = await migrate(connection, [fruit("CREATE TABLE apples ()", "CREATE TABLE pears ()")])
    assert (["apples"], [AppliedMigration("fruit", 2, "step_2")]) == ([row["relname"] for row in tables], applied)


@pytest.mark.servers
async def test_a_changed_file_stops_everything_before_anything_is_applied(database_url: str) -> None:
    async with connected(database_url) as connection:
        await migrate(connection, [fruit("CREATE TABLE apples ()")])
        with pytest.raises(MigrationError, match="has changed since it was applied"):
            await migrate(connection, [fruit("CREATE TABLE apples (n int)", "CREATE TABLE pears ()")])
        assert None is await connection.fetchval("SELECT to_regclass('pears')")


@pytest.mark.servers
async def test_a_search_path_without_a_schema_is_refused(database_url: str) -> None:
    async with connected(database_url) as connection:
        await connection.execute("SET search_path TO nowhere")
        with pytest.raises(MigrationError, match="No schema of the connection's search_path exists"):
            await migrate(connection, [fruit("CREATE TABLE apples ()")])


@pytest.mark.servers
async def test_a_database_that_cannot_hold_every_text_is_refused(postgres: str) -> None:
    name = f"latin_{uuid.uuid4().hex[:12]}"
    async with connected(postgres) as connection:
        await connection.execute(
            f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'"
        )
        try:
            async with connected(f"{postgres.rpartition('/')[0]}/{name}") as other:
                with pytest.raises(MigrationError, match=r"encoded in LATIN1.* ENCODING 'UTF8'"):
                    await migrate(other, [fruit("CREATE TABLE apples ()")])
                assert await other.fetchval("SELECT to_regclass('schema_migrations')") is None
        finally:
            await connection.execute(f"DROP DATABASE {name}")


@pytest.mark.servers
async def test_a_file_for_another_engine_is_skipped_and_applied_when_the_engine_appears(database_url: str) -> None:
    files = [
        fruit(
            "-- migrate: only timescaledb\nCREATE TABLE hyper ()", "-- migrate: only postgresql\nCREATE TABLE plain ()"
        )
    ]
    async with connected(database_url) as connection:
        assert [one.number for one in await migrate(connection, files)] == [2]
        noted = await connection.fetch("SELECT package, number, state, engine FROM schema_migrations_unfinished")
        assert [tuple(row) for row in noted] == [("fruit", 1, "skipped", "postgresql")]

        # Rows of pg_extension belong to the whole database: an own one is seen by this connection alone.
        await connection.execute(
            "CREATE TEMPORARY TABLE pg_extension AS SELECT 'timescaledb'::name AS extname;"
            "SELECT set_config('search_path', 'pg_temp, ' || current_schema() || ', pg_catalog', false)"
        )
        state = await read_state(connection)
        assert (state.engine, find_skipped(files, state)) == ("timescaledb", [])
        assert [one.number for one in find_pending(files, state)] == [1]
