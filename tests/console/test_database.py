"""Questions to the tables, and what happens when nobody answers."""

import asyncio

import asyncpg
import pytest

from console.database import READERS, DatabaseAway, InvalidValue, open_database
from runtime.secret import Secret
from tests.console.builders import enriched_click, store
from tests.console.running import Console

servers = pytest.mark.servers


async def test_a_database_that_is_not_there_is_told_and_not_waited_for() -> None:
    async with open_database(Secret("postgresql://nobody@127.0.0.1:1/nothing")) as database:
        with pytest.raises(DatabaseAway, match="does not answer"):
            await database.read(lambda reader: reader.fetchval("SELECT 1"))

        assert database.problem == "PostgreSQL does not answer"


@servers
async def test_nothing_can_be_written(console: Console, tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click()])
    with pytest.raises(DatabaseAway):
        await console.environment.database.read(lambda reader: reader.fetch("DELETE FROM clicks"))

    assert await tables.fetchval("SELECT count(*) FROM clicks") == 1


@servers
@pytest.mark.parametrize("value", ["a\0b", "\ud800", 2**40])
async def test_a_value_that_postgresql_cannot_hold_is_no_outage(value: object, console: Console) -> None:
    database = console.environment.database
    column = "unique_window_s" if isinstance(value, int) else "code"
    await database.read(lambda reader: reader.fetchval("SELECT 1"))

    with pytest.raises(InvalidValue, match="cannot hold the value"):
        await database.read(lambda reader: reader.fetch(f"SELECT 1 FROM clicks WHERE {column} = $1", value))

    assert database.problem is None


@servers
@pytest.mark.parametrize(("path", "status"), [("/dead-letters/a%00b/1/1", 404), ("/clicks?code=%00", 200)])
async def test_a_page_that_asks_for_one_says_so_and_stays_ready(path: str, status: int, console: Console) -> None:
    async with console.client.get(path) as response:
        text = await response.text()

    assert response.status == status
    assert "does not answer" not in text
    assert console.environment.database.problem is None


@servers
async def test_a_question_that_takes_too_long_is_given_up(console: Console) -> None:
    with pytest.raises(DatabaseAway, match="too long"):
        await console.environment.database.read(lambda reader: reader.fetch("SELECT pg_sleep(60)"))
    assert await console.environment.database.try_to_read(lambda reader: reader.fetch("SELECT pg_sleep(60)")) is None
    # The pool is as good as before, and nothing is said to be wrong with the database.
    assert console.environment.database.problem is None
    assert await console.environment.database.read(lambda reader: reader.fetchval("SELECT 1")) == 1


@servers
async def test_what_we_give_up_ourselves_a_server_has_that_does_not_answer(console: Console) -> None:
    with pytest.raises(DatabaseAway, match="does not answer"):
        await console.environment.database.read(lambda reader: reader.fetch("SELECT pg_sleep(60)", timeout=0.2))


@servers
async def test_too_much_at_a_time_is_no_fault_of_the_server(console: Console) -> None:
    database = console.environment.database
    asked = [database.try_to_read(lambda reader: reader.fetch("SELECT pg_sleep(60)")) for _ in range(3 * READERS)]

    assert await asyncio.gather(*asked) == [None] * len(asked)
    assert database.problem is None


@servers
async def test_a_connection_that_comes_back_in_a_transaction_is_out_of_it_for_the_next(console: Console) -> None:
    database = console.environment.database

    async def leave_it_open(reader: asyncpg.Connection) -> int:
        await reader.execute("BEGIN; SET LOCAL statement_timeout = 17")
        return int(await reader.fetchval("SELECT pg_backend_pid()"))

    async def read_settings(reader: asyncpg.Connection) -> tuple[int, bool, str]:
        pid, timeout = await reader.fetchrow("SELECT pg_backend_pid(), current_setting('statement_timeout')")
        return pid, reader.is_in_transaction(), timeout

    used = await database.read(leave_it_open)
    found = {pid: (open_, timeout) for pid, open_, timeout in [await database.read(read_settings) for _ in range(20)]}

    assert found[used] == (False, "3s")
