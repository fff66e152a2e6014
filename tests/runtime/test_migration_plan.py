"""What a run of migrations would do is told before it, and who would wait."""

from typing import Final

import pytest

from runtime.migration_files import MigrationError, find_migrations, split_statements
from runtime.migration_locks import CREATE_TABLE, one_line
from runtime.migration_plan import TableSize, Wait, plan_files, plan_migrations
from runtime.migrations import migrate
from tests.runtime.fruit import connected, fruit, migration

LARGE: Final = {"apples": TableSize(10_000_000, 2**32)}
RELATIONS: Final = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
GROWING: Final = {
    *("clicks", "click_scores", "rejected_clicks", "dead_letters", "erased_clicks"),
    *("rollup_batches", "rollup_verdicts", "click_minutes", "click_rollups"),
    *("ledger_arrivals", "ledger_processes", "ledger_minutes"),
}
"""Tables that the sink writes, and that grow with the clicks."""
LAST_BEFORE_THE_RULE: Final = 22
"""Of storage. Files up to this one may have been applied somewhere, so they stay as they are (docs/upgrading.md)."""
SHORT_ENOUGH: Final = {"storage/migrations/0024_busy_entities.sql": {"click_rollups"}}
"""The roller waits meanwhile, 2 to 5 s where there are 10 million rows; readers count what it has not rolled."""


def waits_of(*statements: str, first: str = "") -> tuple[Wait, ...]:
    (file,) = plan_files([migration(2, f"{first}{'; '.join(statements)}")], LARGE, {"apples_n": "apples"})
    return file.waits


def test_a_change_that_reads_no_row_keeps_writes_waiting_for_a_moment() -> None:
    assert waits_of("ALTER TABLE apples ADD COLUMN m int") == (Wait("apples", reads_too=True, is_long=False),)


def test_what_a_transaction_locks_stays_locked_while_it_builds_an_index() -> None:
    change, build = "ALTER TABLE apples ADD COLUMN m int", "CREATE INDEX apples_m ON apples (m)"

    assert waits_of(change, build) == (Wait("apples", reads_too=True, is_long=True),)
    assert waits_of(build) == (Wait("apples", reads_too=False, is_long=True),)


def test_a_lock_at_the_end_of_a_long_transaction_is_short() -> None:
    assert waits_of("UPDATE apples SET n = 1", "ALTER TABLE apples ADD COLUMN m int") == (
        Wait("apples", reads_too=True, is_long=False),
    )


def test_an_index_that_is_built_concurrently_keeps_nobody_waiting() -> None:
    build = "CREATE INDEX CONCURRENTLY apples_m ON apples (m)"
    no_transaction = "-- migrate: no transaction\n"

    assert waits_of(build, first=no_transaction) == ()
    assert waits_of("ALTER TABLE apples ADD COLUMN m int", build, first=no_transaction) == (
        Wait("apples", reads_too=True, is_long=False),
    )


def test_of_code_in_a_block_it_is_said_that_it_cannot_be_told() -> None:
    assert waits_of("LOCK TABLE apples IN SHARE MODE", "DO $$ BEGIN NULL; END $$") == (
        Wait("apples", reads_too=False, is_long=None),
    )


def test_tables_that_the_run_makes_itself_keep_nobody_waiting() -> None:
    assert waits_of("CREATE TABLE pears (n int)", "CREATE INDEX pears_n ON pears (n)") == ()


def test_an_index_that_an_earlier_file_makes_is_known_to_a_later_one() -> None:
    files = plan_files([migration(2, "CREATE INDEX new_n ON apples (n)"), migration(3, "DROP INDEX new_n")], LARGE, {})
    assert [[wait.reads_too for wait in file.waits] for file in files] == [[False], [True]]


def test_no_new_migration_keeps_the_writers_of_a_growing_table_waiting_while_it_reads_its_rows() -> None:
    migrations = find_migrations("storage").migrations
    made = {
        match[1]
        for one in migrations
        for sql in split_statements(one.sql)
        if (match := CREATE_TABLE.match(one_line(sql)))
    }
    assert made >= GROWING
    files = plan_files(migrations, dict.fromkeys(GROWING, TableSize(0, 0)), {})

    long = {file.name: {wait.table for wait in file.waits if wait.is_long is not False} for file in files}
    untold = {file.name for file in files if any(statement.locks is None for statement in file.statements)}
    new = [file.name for file in files[LAST_BEFORE_THE_RULE:]]
    assert long["storage/migrations/0014_rollups.sql"] >= {"clicks"}
    assert {name: long[name] for name in new if long[name] or name in untold} == SHORT_ENOUGH


@pytest.mark.servers
async def test_a_plan_names_the_missing_files_and_the_rows_of_what_they_lock_and_changes_nothing(
    database_url: str,
) -> None:
    packages = [fruit("CREATE TABLE apples (n int)", "ALTER TABLE apples ADD COLUMN m int; CREATE TABLE pears ()")]
    async with connected(database_url) as connection:
        first = await plan_migrations(connection, packages)
        assert await connection.fetchval(RELATIONS) == 0
        await migrate(connection, [fruit("CREATE TABLE apples (n int)")])
        await connection.execute("INSERT INTO apples SELECT generate_series(1, 1000); ANALYZE apples")
        second = await plan_migrations(connection, packages)
        await migrate(connection, packages)
        third = await plan_migrations(connection, packages)

    assert ([file.name[-10:] for file in first.files], first.tables) == (["step_1.sql", "step_2.sql"], {})
    assert ([file.name[-10:] for file in second.files], second.tables["apples"].rows) == (["step_2.sql"], 1000)
    assert second.files[0].waits == (Wait("apples", reads_too=True, is_long=False),)
    assert (second.is_pending, third.is_pending, third.files) == (True, False, ())


@pytest.mark.servers
async def test_rows_of_a_partitioned_table_are_those_of_its_partitions(database_url: str) -> None:
    first = "CREATE TABLE apples (n int) PARTITION BY RANGE (n);"
    packages = [fruit(first, "ALTER TABLE apples ADD COLUMN m int")]
    async with connected(database_url) as connection:
        await migrate(connection, [fruit(first)])
        await connection.execute(
            "CREATE TABLE a1 PARTITION OF apples FOR VALUES FROM (0) TO (100);"
            "CREATE TABLE a2 PARTITION OF apples FOR VALUES FROM (100) TO (200);"
            "INSERT INTO apples SELECT generate_series(1, 150); ANALYZE apples"
        )
        planned = await plan_migrations(connection, packages)
    assert planned.tables == {"apples": TableSize(150, 2 * 8192)}


@pytest.mark.servers
async def test_a_plan_waits_for_no_lock(database_url: str) -> None:
    packages = [fruit("CREATE TABLE apples (n int)", "ALTER TABLE apples ADD COLUMN m int")]
    async with connected(database_url) as connection, connected(database_url) as busy:
        await migrate(connection, [fruit("CREATE TABLE apples (n int)")])
        async with busy.transaction():
            await busy.execute("LOCK TABLE apples IN ACCESS EXCLUSIVE MODE")
            planned = await plan_migrations(connection, packages)
    assert planned.is_pending


@pytest.mark.servers
async def test_a_file_that_was_changed_since_it_was_applied_has_no_plan(database_url: str) -> None:
    async with connected(database_url) as connection:
        await migrate(connection, [fruit("CREATE TABLE apples (n int)")])
        with pytest.raises(MigrationError, match="has changed since it was applied"):
            await plan_migrations(connection, [fruit("CREATE TABLE apples (m int)")])
