"""Partitions of clicks: made ahead and in need, while somebody reads, and gone for good when they are dropped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from console.database import open_database
from runtime.errors import DependencyAway
from runtime.secret import Secret
from sink.metrics import SinkMetrics
from storage.days import drop_day, prepare_upcoming_days
from storage.jobs import PartitionJob
from storage.partitions import list_partitions, make_partition, make_partitions
from storage.read.click_filters import ClickFilters
from storage.read.queries import recent_clicks
from tests.servers import has_timescaledb
from tests.sink.builders import NOW, click, clicked
from tests.storage.test_writer import change, count, make_writer, prepare, rows_of

pytestmark = pytest.mark.servers

TODAY = NOW.date()
TOMORROW = NOW + timedelta(hours=20)


@pytest.fixture(autouse=True)
async def _has_native_partitions(postgres: str) -> None:
    if await has_timescaledb(postgres):
        pytest.skip("this server has TimescaleDB: tests/storage/test_hypertables.py tests that")


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    await prepare(database_url)
    async with connected(database_url) as connection:
        yield connection


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def reading_all(database_url: str) -> AsyncIterator[None]:
    """Hold a SELECT open: its locks last until its transaction ends, as those of a report of hours do."""
    async with connected(database_url) as connection, connection.transaction():
        await connection.fetch("SELECT count(*) FROM clicks")
        yield


async def columns_and_indexes(connection: asyncpg.Connection, table: str) -> list[tuple[str, ...]]:
    columns = await connection.fetch(
        "SELECT attname, atttypid::regtype::text, attnotnull::text, attcollation::text FROM pg_attribute"
        " WHERE attrelid = to_regclass($1) AND attnum > 0 ORDER BY attnum",
        table,
    )
    indexes = await connection.fetch(
        "SELECT pg_get_indexdef(indexrelid), indisprimary::text FROM pg_index WHERE indrelid = to_regclass($1)", table
    )
    # Compare the definition after USING: the names of the table and the index differ for a partition.
    return [*map(tuple, columns), *sorted((index[0].partition(" USING ")[2], index[1]) for index in indexes)]


async def test_a_partition_has_all_that_the_table_has(tables: asyncpg.Connection) -> None:
    assert await make_partition(tables, TODAY) == "made"
    assert await make_partition(tables, TODAY) == "there"

    assert await columns_and_indexes(tables, "clicks_20261124") == await columns_and_indexes(tables, "clicks")
    unattached = await tables.fetch(
        "SELECT indexrelid FROM pg_index WHERE indrelid = 'clicks'::regclass AND NOT indisvalid"
    )
    assert unattached == []


async def test_there_is_no_default_partition_that_attach_would_look_through(tables: asyncpg.Connection) -> None:
    assert await tables.fetchval("SELECT partdefid FROM pg_partitioned_table WHERE partrelid = 'clicks'::regclass") == 0


async def test_clicks_and_pages_go_on_while_a_reader_holds_a_select_open_over_midnight(database_url: str) -> None:
    await prepare(database_url)
    writer, ahead = make_writer(database_url), list[int]()
    await writer.write(rows_of(clicked(click(1))))

    async with reading_all(database_url), open_database(Secret(database_url)) as pages, asyncio.timeout(30):
        # Nobody foresaw the day: the batch makes it, beside the reader.
        await writer.write(rows_of(clicked(click(2), click(3, TOMORROW))))
        # The job makes more of them.
        await PartitionJob(Secret(database_url), 3, ahead.append, TOMORROW.date).make()
        shown = await pages.read(lambda reader: recent_clicks(reader, ClickFilters(), 10))
    await writer.close()

    assert ahead == [3]
    assert [stored.click.clicked_at for stored in shown] == [TOMORROW, NOW, NOW]
    assert await count(database_url) == 3


async def test_the_batch_makes_no_partition_that_was_foreseen(tables: asyncpg.Connection, database_url: str) -> None:
    ahead: list[int] = []
    await PartitionJob(Secret(database_url), 1, ahead.append, lambda: TODAY).make()
    writer = make_writer(database_url)

    # With this lock nobody can make one.
    async with tables.transaction():
        await tables.execute("LOCK TABLE clicks IN SHARE UPDATE EXCLUSIVE MODE")
        await writer.write(rows_of(clicked(click(1), click(2, TOMORROW))))
        with pytest.raises(DependencyAway, match="lock timeout"):
            await writer.write(rows_of(clicked(click(3, NOW - timedelta(days=3)))))
    await writer.write(rows_of(clicked(click(3, NOW - timedelta(days=3)))))
    await writer.close()

    assert ahead == [1]
    assert await count(database_url) == 3


async def test_a_job_that_finds_its_way_blocked_says_so_and_tries_again_later(
    tables: asyncpg.Connection, database_url: str
) -> None:
    metrics = SinkMetrics(CollectorRegistry())
    job = PartitionJob(Secret(database_url), 1, metrics.days_ahead.set, lambda: TODAY)
    async with tables.transaction():
        await tables.execute("LOCK TABLE clicks IN SHARE UPDATE EXCLUSIVE MODE")
        with pytest.raises(DependencyAway, match="lock timeout"):
            await job.make()
    await job.make()

    assert [partition.day for partition in await list_partitions(tables)] == [TODAY, TOMORROW.date()]


async def test_several_that_make_the_same_at_once_all_succeed(database_url: str) -> None:
    await prepare(database_url)
    days = [TODAY + timedelta(days=number) for number in range(3)]

    async def make() -> list[str]:
        async with connected(database_url) as connection:
            return list((await make_partitions(connection, days)).values())

    made = await asyncio.gather(make(), make(), make())

    assert sorted(presence for presences in made for presence in presences) == ["made"] * 3 + ["there"] * 6


async def test_the_first_ones_are_today_and_seven_days_more(tables: asyncpg.Connection) -> None:
    await prepare_upcoming_days(tables)

    listed = [partition.day for partition in await list_partitions(tables)]
    assert [(day - listed[0]).days for day in listed] == list(range(8))


async def test_a_day_is_dropped_for_good_and_its_record_taken_back_brings_it_back(tables: asyncpg.Connection) -> None:
    await make_partition(tables, TODAY)

    await drop_day(tables, TODAY)
    await drop_day(tables, TODAY)

    assert await make_partition(tables, TODAY) == "dropped"
    assert await list_partitions(tables) == []
    await tables.execute("DELETE FROM dropped_click_days WHERE day = $1", TODAY)
    assert await make_partition(tables, TODAY) == "made"


async def test_a_day_is_dropped_while_readers_of_it_are_waited_for_and_nobody_else_waits(
    tables: asyncpg.Connection, database_url: str
) -> None:
    writer = make_writer(database_url)
    await writer.write(rows_of(clicked(click(1), click(2, TOMORROW))))
    async with asyncio.timeout(60):
        async with reading_all(database_url):
            dropping = asyncio.create_task(drop_day(tables, TODAY))
            async with connected(database_url) as other:
                while not await other.fetchval("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)"):
                    await asyncio.sleep(0.05)
                assert await other.fetchval("SELECT count(*) FROM clicks") == 1
            await writer.write(rows_of(clicked(click(3, TOMORROW))))
            assert not dropping.done()
        await dropping
    await writer.close()

    assert await count(database_url) == 2


async def test_a_drop_that_was_interrupted_is_ended_by_the_next(tables: asyncpg.Connection, database_url: str) -> None:
    await make_partition(tables, TODAY)
    async with reading_all(database_url), connected(database_url) as interrupted:
        await interrupted.execute("SET statement_timeout = 500")
        with pytest.raises(asyncpg.QueryCanceledError):
            await drop_day(interrupted, TODAY)
    await drop_day(tables, TODAY)

    assert await list_partitions(tables) == []


async def test_a_partition_that_somebody_detached_stays_as_it_is(tables: asyncpg.Connection, database_url: str) -> None:
    writer = make_writer(database_url)
    await writer.write(rows_of(clicked(click(1))))
    await change(database_url, "ALTER TABLE clicks DETACH PARTITION clicks_20261124")

    assert await writer.write(rows_of(clicked(click(2)))) == []
    await writer.close()

    assert await make_partition(tables, TODAY) == "dropped"
    assert (await count(database_url), await count(database_url, "clicks_20261124")) == (0, 1)


def test_a_day_is_the_one_of_utc() -> None:
    row = rows_of(clicked(click(1, datetime.fromisoformat("2026-11-24T23:59:59.999+00:00"))))[0]

    assert row.day == date(2026, 11, 24)
