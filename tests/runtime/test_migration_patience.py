"""A migration that waits for a lock keeps nobody waiting behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import pytest

from runtime.migration_files import MigrationError
from runtime.migration_patience import until_unlocked
from runtime.migration_run import LOCK_SESSION, UNLOCK_SESSION
from runtime.migrations import AppliedMigration, migrate
from tests.runtime.fruit import connected, fruit
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.servers

PEOPLE = ("reading", "writing", "migrating")
FIRST = "CREATE TABLE apples (n int); CREATE TABLE pears (n int)"
ADD = "ALTER TABLE apples ADD COLUMN colour text"


@pytest.fixture
async def people(database_url: str) -> AsyncIterator[list[asyncpg.Connection]]:
    """Connections of a reader, a writer and whoever migrates, to a database with apples."""
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(connected(database_url)) for _ in PEOPLE]
        await migrate(opened[0], [fruit(FIRST)])
        yield opened


class Reports(asyncio.Queue[str]):
    """Sentences of a migration that waits."""

    async def next(self) -> str:
        return await asyncio.wait_for(self.get(), PATIENCE_S)


@pytest.mark.parametrize(
    "change", [ADD, f"-- migrate: no transaction\n{ADD.replace('COLUMN', 'COLUMN IF NOT EXISTS')}"]
)
async def test_writes_go_on_while_a_migration_waits_for_a_long_reader(
    people: list[asyncpg.Connection], change: str
) -> None:
    reading, writing, migrating = people
    reports = Reports()
    long_read = reading.transaction()
    await long_read.start()
    await reading.execute("SELECT FROM apples")
    run = asyncio.create_task(migrate(migrating, [fruit(FIRST, change)], reports.put_nowait))

    first = await reports.next()
    await writing.execute("INSERT INTO apples VALUES (1)")
    assert not run.done()
    await long_read.rollback()

    assert await run == [AppliedMigration("fruit", 2, "step_2")]
    assert f"tables are in use by process {reading.get_server_pid()}, for " in first
    assert await migrating.fetchval("SHOW lock_timeout") == "0"
    assert await migrating.fetchval("SELECT count(*) FROM apples WHERE colour IS NULL") == 1


async def test_a_file_that_could_not_have_all_its_locks_leaves_nothing_of_it_until_it_has(
    people: list[asyncpg.Connection],
) -> None:
    reading, writing, migrating = people
    reports = Reports()
    async with reading.transaction():
        await reading.execute("SELECT FROM apples")
        run = asyncio.create_task(
            migrate(migrating, [fruit(FIRST, f"ALTER TABLE pears ADD COLUMN m int; {ADD}")], reports.put_nowait)
        )
        await reports.next()
        columns = await writing.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'pears'::regclass AND attnum > 0"
        )
    await run

    assert [row[0] for row in columns] == ["n"]
    assert await writing.fetchval("SELECT count(m) + 1 FROM pears") == 1


async def test_of_two_runs_that_wait_for_the_same_reader_neither_takes_the_other_for_one_that_hangs(
    people: list[asyncpg.Connection],
) -> None:
    reading, other, migrating = people
    reports = Reports()
    long_read = reading.transaction()
    await long_read.start()
    await reading.execute("SELECT FROM apples")
    # One wait for the reader takes longer than this.
    run = asyncio.create_task(migrate(migrating, [fruit(FIRST, ADD)], reports.put_nowait, lock_wait_s=1))
    await reports.next()

    async def tries_again() -> bool:
        # Its last statement is another than that which asks who holds the locks.
        sql = "SELECT query NOT LIKE '%pg_locks%' FROM pg_stat_activity WHERE pid = $1"
        return bool(await other.fetchval(sql, migrating.get_server_pid()))

    await other.execute(LOCK_SESSION)
    await eventually(tries_again)
    await other.execute(UNLOCK_SESSION)
    await long_read.rollback()

    assert await run == [AppliedMigration("fruit", 2, "step_2")]


async def test_whoever_holds_a_lock_for_too_long_is_named(people: list[asyncpg.Connection]) -> None:
    reading, _, migrating = people
    async with reading.transaction():
        await reading.execute("LOCK TABLE apples IN ACCESS EXCLUSIVE MODE")
        await migrating.execute("SET lock_timeout = 100")
        with pytest.raises(
            MigrationError,
            match=rf"No lock could be had for 0 s; tables are in use by process {reading.get_server_pid()}",
        ):
            await until_unlocked(migrating, lambda: migrating.execute(ADD), Reports().put_nowait, give_up_s=0)


async def test_whoever_holds_a_lock_is_named_to_an_account_that_may_not_see_since_when(
    people: list[asyncpg.Connection],
) -> None:
    reading, _, migrating = people
    # An account that every server has, and that may not read others' statistics.
    await migrating.execute("GRANT ALL ON apples TO pg_signal_backend")
    await migrating.execute(f"GRANT USAGE ON SCHEMA {await schema_of(migrating)} TO pg_signal_backend")
    async with reading.transaction():
        await reading.execute("LOCK TABLE apples IN ACCESS EXCLUSIVE MODE")
        await migrating.execute("SET lock_timeout = 100; SET ROLE pg_signal_backend")
        with pytest.raises(
            MigrationError, match=rf"tables are in use by process {reading.get_server_pid()}\. End that"
        ):
            await until_unlocked(
                migrating, lambda: migrating.execute("DELETE FROM apples"), Reports().put_nowait, give_up_s=0
            )


async def schema_of(connection: asyncpg.Connection) -> str:
    schema: str = await connection.fetchval("SELECT quote_ident(current_schema())")
    return schema
