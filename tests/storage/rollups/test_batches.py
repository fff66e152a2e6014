"""The sink's own counts: what is stored is counted, once, in the same transaction."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from storage.rollups.measures import MEASURES
from storage.tables import StorableRow
from storage.writer import TableWriter
from tests.pooler import needs_pgbouncer, own_database, pooled
from tests.storage.rollups.builders import TODAY, differing_minutes, make_click, make_rows, make_writer, open_tables

pytestmark = pytest.mark.servers

MINUTE = timedelta(minutes=1)


def rows_of(first: int, last: int) -> list[StorableRow]:
    return make_rows(make_click(number, TODAY - number % 7 * MINUTE) for number in range(first, last))


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


@pytest.fixture
async def writer(tables: asyncpg.Connection, database_url: str) -> AsyncIterator[TableWriter]:  # noqa: ARG001 - makes the tables
    writer = make_writer(database_url)
    yield writer
    await writer.close()


async def read_batches(tables: asyncpg.Connection) -> list[tuple[int, int]]:
    """Give the clicks that each batch says it has, and those that carry its number."""
    return [
        tuple(row)
        for row in await tables.fetch(
            "SELECT b.clicks, count(*) FROM rollup_batches b JOIN clicks c USING (batch_id)"
            " WHERE clicked_at BETWEEN first_at AND last_at GROUP BY b.batch_id ORDER BY b.batch_id"
        )
    ]


async def test_minutes_are_those_of_the_clicks(tables: asyncpg.Connection, writer: TableWriter) -> None:
    await writer.write(rows_of(0, 300))
    await writer.write(rows_of(200, 500))

    assert await differing_minutes(tables) == []
    assert await read_batches(tables) == [(300, 300), (200, 200)]
    totals = await tables.fetchrow(
        f"SELECT {', '.join(f'sum({name}) AS {name}' for name in MEASURES)} FROM click_minutes"
    )
    assert min(totals.values()) > 0


async def test_what_is_stored_already_makes_no_batch(tables: asyncpg.Connection, writer: TableWriter) -> None:
    for _ in range(2):
        await writer.write(rows_of(0, 50))

    assert await differing_minutes(tables) == []
    assert await read_batches(tables) == [(50, 50)]
    assert await tables.fetchval("SELECT count(*) FROM rollup_batches") == 1


async def test_bad_rows_are_not_counted_and_the_others_are(tables: asyncpg.Connection, writer: TableWriter) -> None:
    clicks = [make_click(number, sub1="\0" if number in (7, 31) else "x") for number in range(60)]

    assert len(await writer.write(make_rows(clicks))) == 2

    assert await differing_minutes(tables) == []
    assert await read_batches(tables) == [(58, 58)]


async def test_sinks_that_load_the_same_clicks_at_once_count_each_once(
    tables: asyncpg.Connection, writer: TableWriter, database_url: str
) -> None:
    other = make_writer(database_url)
    for first in range(0, 900, 300):
        await asyncio.gather(writer.write(rows_of(first, first + 300)), other.write(rows_of(first + 100, first + 400)))
    await other.close()

    assert await differing_minutes(tables) == []
    assert await tables.fetchval("SELECT sum(clicks) FROM rollup_batches") == 1000


async def test_minutes_that_nobody_asks_for_any_more_are_not_counted(
    tables: asyncpg.Connection, writer: TableWriter
) -> None:
    await writer.write(make_rows([make_click(1, TODAY - timedelta(days=9)), make_click(2, TODAY)]))

    assert [row[0] for row in await tables.fetch("SELECT minute FROM click_minutes")] == [TODAY]
    assert await tables.fetchval("SELECT clicks FROM rollup_batches") == 2


@needs_pgbouncer
async def test_through_a_pooler_it_is_the_same(postgres: str, tmp_path: Path) -> None:
    async with own_database(postgres) as database, open_tables(database) as tables:
        async with pooled(database, tmp_path, "transaction") as url:
            writer = make_writer(url)
            await writer.write(rows_of(0, 100))
            await writer.write(rows_of(0, 200))
            await writer.close()

        assert await differing_minutes(tables) == []
        assert await read_batches(tables) == [(100, 100), (100, 100)]
