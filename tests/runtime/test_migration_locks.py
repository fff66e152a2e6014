"""What the plan says of locks, compared with the locks that PostgreSQL takes."""

from collections.abc import AsyncIterator, Iterable
from typing import Final

import asyncpg
import pytest

from cli.tables import PACKAGES
from runtime.migration_files import find_migrations, split_statements
from runtime.migration_locks import WEAKEST_FIRST, TableLock, one_line, read_locks

TABLES: Final = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
"""
INDEXES: Final = """
    SELECT indexrelid::regclass::text, indrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE relnamespace = current_schema()::regnamespace
"""
# SHARE ROW EXCLUSIVE is ShareRowExclusiveLock there.
TAKEN: Final = """
    SELECT relation::regclass::text AS name, mode FROM pg_locks
    WHERE pid = pg_backend_pid() AND relation::regclass::text = ANY ($1)
        AND mode NOT IN ('AccessShareLock', 'RowShareLock')
"""
SPELLED: Final = {mode.title().replace(" ", "") + "Lock": mode for mode in WEAKEST_FIRST}

A_CHANGE_OF_EACH_KIND: Final = (
    "CREATE INDEX b_n ON b (n)",
    "CREATE UNIQUE INDEX IF NOT EXISTS b_u ON ONLY b (n) WHERE n > 0",
    "DROP INDEX b_text",
    "DROP INDEX IF EXISTS never_there",
    "ALTER TABLE b ADD COLUMN m integer NOT NULL DEFAULT 3, ADD COLUMN k numeric(3, 1)",
    "ALTER TABLE b ADD COLUMN m uuid NOT NULL DEFAULT gen_random_uuid()",
    "ALTER TABLE b ADD CONSTRAINT is_small CHECK (n < 7) NOT VALID",
    "ALTER TABLE b ADD CONSTRAINT is_small CHECK (n < 7)",
    "ALTER TABLE b VALIDATE CONSTRAINT is_large",
    "ALTER TABLE b ALTER COLUMN n SET NOT NULL",
    "ALTER TABLE b ALTER COLUMN n TYPE bigint",
    "ALTER TABLE b SET (fillfactor = 80)",
    "ALTER TABLE b ADD FOREIGN KEY (n) REFERENCES a (n)",
    "ALTER TABLE b RENAME COLUMN n TO m",
    "CREATE TABLE c (n integer REFERENCES a (n))",
    "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2)",
    "CREATE TRIGGER first BEFORE UPDATE ON b FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "ALTER TABLE b DISABLE TRIGGER twice",
    "INSERT INTO b (n) VALUES (1)",
    "INSERT INTO b SELECT n FROM a",
    "UPDATE b SET n = 2 WHERE n = 1",
    "DELETE FROM b",
    "LOCK TABLE a, b IN SHARE ROW EXCLUSIVE MODE",
    "LOCK ONLY a IN SHARE MODE",
    "COMMENT ON TABLE b IS 'some'",
    "COMMENT ON COLUMN b.n IS 'some'",
    "CREATE VIEW v AS SELECT * FROM b",
)
SETTING: Final = """
    CREATE TABLE a (n integer PRIMARY KEY);
    CREATE TABLE b (n integer, t text);
    ALTER TABLE b ADD CONSTRAINT is_large CHECK (n > -7) NOT VALID;
    CREATE INDEX b_text ON b (t);
    CREATE TABLE p (n integer) PARTITION BY RANGE (n);
    CREATE TRIGGER twice BEFORE UPDATE ON b FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
"""


@pytest.fixture
async def connection(empty_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(empty_url)
    yield opened
    await opened.close()


async def read_taken(connection: asyncpg.Connection, tables: set[str]) -> dict[str, str]:
    rows = await connection.fetch(TAKEN, list(tables))
    return strongest(TableLock(row["name"], SPELLED[row["mode"]]) for row in rows)


def strongest(locks: Iterable[TableLock]) -> dict[str, str]:
    return {lock.table: lock.mode for lock in sorted(locks, key=lambda one: WEAKEST_FIRST.index(one.mode))}


async def read_names(connection: asyncpg.Connection) -> tuple[set[str], dict[str, str]]:
    """Give the tables there are, and the table of each index."""
    tables = {row[0] for row in await connection.fetch(TABLES)}
    return tables, {row[0]: row[1] for row in await connection.fetch(INDEXES)}


@pytest.mark.servers
async def test_each_kind_of_change_is_told_with_the_locks_that_postgresql_takes(
    connection: asyncpg.Connection,
) -> None:
    await connection.execute(SETTING)
    tables, indexes = await read_names(connection)
    told, taken = dict[str, object](), dict[str, object]()
    for statement in A_CHANGE_OF_EACH_KIND:
        change = connection.transaction()
        await change.start()
        await connection.execute(statement)
        taken[statement] = await read_taken(connection, tables)
        await change.rollback()
        locks = read_locks(statement, indexes)
        told[statement] = None if locks is None else strongest(locks)
    assert taken == told


@pytest.mark.servers
async def test_of_each_statement_of_our_migrations_the_locks_are_told_or_said_to_be_unknown(
    connection: asyncpg.Connection,
) -> None:
    unknown = set()
    for migration in (one for package in PACKAGES for one in find_migrations(package).migrations):
        if migration.directives.only == "timescaledb":
            continue
        for statement in split_statements(migration.sql):
            tables, indexes = await read_names(connection)
            if not migration.directives.in_transaction:
                # Its locks are gone when it has ended. Those of CREATE INDEX CONCURRENTLY stop no writer.
                await connection.execute(statement)
                assert "CONCURRENTLY" in statement
                continue
            async with connection.transaction():
                await connection.execute(statement)
                taken = await read_taken(connection, tables)
            locks = read_locks(statement, indexes)
            if locks is None:
                unknown.add(one_line(statement)[:5])
            else:
                assert taken == strongest(locks), f"{migration.name}: {statement}"
    assert unknown == {"DO $$"}


@pytest.mark.parametrize(
    ("statement", "reads_rows"),
    [
        ("ALTER TABLE clicks ADD COLUMN is_test boolean NOT NULL DEFAULT false", False),
        ("ALTER TABLE clicks ADD COLUMN lists text[] NOT NULL DEFAULT '{}', ADD COLUMN a text COLLATE \"C\"", False),
        ("ALTER TABLE clicks ADD COLUMN one uuid NOT NULL DEFAULT gen_random_uuid()", True),
        ("ALTER TABLE clicks ADD COLUMN n integer CHECK (n > 3)", True),
        ("ALTER TABLE clicks ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY", True),
        ("ALTER TABLE clicks ALTER COLUMN n DROP DEFAULT, DROP COLUMN m", False),
        ("ALTER TABLE clicks ALTER COLUMN n SET NOT NULL", True),
        ("CREATE INDEX clicks_n ON clicks (n)", True),
        ("DROP INDEX clicks_n", False),
        ("INSERT INTO clicks VALUES ('a, b')", False),
    ],
)
def test_a_statement_that_reads_the_rows_is_told_from_one_that_does_not(statement: str, *, reads_rows: bool) -> None:
    locks = read_locks(statement, {"clicks_n": "clicks"})
    assert locks is not None
    assert [(lock.table, lock.reads_rows) for lock in locks] == [("clicks", reads_rows)]


@pytest.mark.servers
async def test_a_column_that_is_said_to_read_no_rows_rewrites_no_table(connection: asyncpg.Connection) -> None:
    await connection.execute("CREATE TABLE b (n integer); INSERT INTO b VALUES (1)")
    await connection.execute("CREATE DOMAIN positive AS integer CHECK (VALUE > 0)")
    for column in (
        "m text[] NOT NULL DEFAULT '{}'",
        "k timestamptz DEFAULT now()",
        "f double precision DEFAULT 0.5",
        "v varchar(3) DEFAULT 'abc'",
        "o uuid DEFAULT gen_random_uuid()",
        "s bigserial",
        "p positive DEFAULT 1",
    ):
        before = await connection.fetchval("SELECT pg_relation_filenode('b')")
        await connection.execute(statement := f"ALTER TABLE b ADD COLUMN {column}")
        is_rewritten = before != await connection.fetchval("SELECT pg_relation_filenode('b')")
        assert [lock.reads_rows for lock in read_locks(statement, {}) or ()] == [is_rewritten], statement


def test_writes_wait_for_the_locks_that_conflict_with_theirs() -> None:
    assert [mode for mode in WEAKEST_FIRST if TableLock("b", mode).stops_writes] == [
        "SHARE",
        "SHARE ROW EXCLUSIVE",
        "EXCLUSIVE",
        "ACCESS EXCLUSIVE",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "VACUUM clicks",
        "DO $$ BEGIN NULL; END $$",
        "SELECT create_hypertable('a')",
        "ALTER TABLE clicks ATTACH PARTITION today DEFAULT",
        "ALTER TABLE clicks DETACH PARTITION today CONCURRENTLY",
        "ALTER TABLE today INHERIT clicks",
        "ALTER TABLE clicks DROP CONSTRAINT clicks_code_fkey",
        "",
    ],
)
def test_of_a_statement_that_is_not_understood_nothing_is_told(statement: str) -> None:
    assert read_locks(statement, {}) is None
