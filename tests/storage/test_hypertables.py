"""TimescaleDB: the tables of clicks are hypertables, and everything that is done with days works on them."""

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from msgspec import structs

from cli.tables import bring_up_to_date
from runtime.migration_files import MigrationSet, find_migrations
from runtime.migrations import migrate
from runtime.secret import Secret
from runtime.timescaledb import create_timescaledb
from schemas import Fraud, Uniqueness
from storage.columnstore import apply_policy
from storage.days import drop_day, list_days, prepare_days, prepare_upcoming_days
from storage.engine import CLICKS, SCORES, read_engine
from storage.jobs import PartitionJob
from storage.load import LoadResult, TableLoader
from storage.positions import StoredPositions
from storage.scored_clicks import ScoredClick
from storage.scores import ScoreWriter
from storage.status import read_status
from storage.tables import CLICKS as CLICKS_TABLE
from storage.tables import StorableRow, Table
from storage.writer import accept_any, load
from tests import servers
from tests.sink.builders import NOW, Source, click, clicked
from tests.storage.test_partitions import TODAY, TOMORROW, columns_and_indexes, connected
from tests.storage.test_writer import prepare, rows_of
from tests.storage.timescaledb import own_schema

LONG_AGO = datetime(2020, 5, 4, 12, tzinfo=UTC)

pytestmark = [pytest.mark.servers, pytest.mark.slow]


class InsertingLoader(TableLoader):
    """Inserts into the temporary table: a COPY ends the server of these tests."""

    async def _copy(self, table: Table, rows: Sequence[tuple[int, StorableRow]]) -> None:
        columns = ("number", *table.columns)
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        await self._connection.executemany(
            f"INSERT INTO incoming_{table.name} ({names}) VALUES ({values})",
            [(number, *loaded.row) for number, loaded in rows],
        )


@pytest.fixture
async def timescaledb_url(timescaledb_server: str) -> AsyncIterator[str]:
    server, schema = timescaledb_server, f"test_{uuid.uuid4().hex[:12]}"
    is_given = server == servers.GIVEN_DATABASE
    async with servers.empty_schema(server) if is_given else own_schema(server, schema) as url:
        yield url


@pytest.fixture
async def tables(timescaledb_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(timescaledb_url)
    await create_timescaledb(connection)
    await migrate(connection, [find_migrations("storage")])
    yield connection
    await connection.close()


async def store(tables: asyncpg.Connection, *records: Source) -> LoadResult:
    loader = InsertingLoader(tables, StoredPositions())
    await loader.prepare()
    result = await load(loader, rows_of(records), accept_any, ())
    # The temporary tables of one loader would be in the way of the next.
    await tables.execute("DISCARD TEMP")
    return result


def without_hypertables() -> MigrationSet:
    """Give the migrations as a database without TimescaleDB applies them."""
    files = find_migrations("storage")
    return structs.replace(files, migrations=[one for one in files.migrations if one.directives.only is None])


async def describe_views(connection: asyncpg.Connection) -> list[tuple[str, str]]:
    rows = await connection.fetch(
        "SELECT relname, pg_get_viewdef(oid) FROM pg_class"
        " WHERE relkind = 'v' AND relnamespace = current_schema()::regnamespace ORDER BY relname"
    )
    return [(name, definition) for name, definition in rows]


async def count(connection: asyncpg.Connection, table: str = "clicks") -> int:
    number = await connection.fetchval(f"SELECT count(*) FROM {table}")
    assert isinstance(number, int)
    return number


async def test_empty_tables_become_hypertables_that_are_otherwise_the_same(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await prepare(database_url)
    native = await asyncpg.connect(database_url)

    assert (await read_engine(tables)).hypertables == {CLICKS, SCORES}
    for table in (CLICKS, SCORES):
        assert await columns_and_indexes(tables, table) == await columns_and_indexes(native, table)
    assert await describe_views(tables) == await describe_views(native)
    await native.close()


async def test_the_command_makes_everything_once(timescaledb_url: str) -> None:
    async with connected(timescaledb_url) as connection:
        applied, notes = await bring_up_to_date(connection)

        newest = find_migrations("console").migrations[-1]
        assert (applied[-1], notes) == (f"applied console {newest.number:04} {newest.title}", [])
        assert await bring_up_to_date(connection) == ([], [])
        assert (await read_engine(connection)).hypertables == {CLICKS, SCORES}


async def test_a_database_that_gets_timescaledb_later_has_hypertables_if_it_has_no_clicks(
    timescaledb_url: str,
) -> None:
    async with connected(timescaledb_url) as connection:
        await create_timescaledb(connection)
        await migrate(connection, [without_hypertables()])
        await prepare_upcoming_days(connection)
        await connection.execute(
            "COMMENT ON TABLE clicks IS 'the clicks'; COMMENT ON COLUMN clicks.code IS 'the code';"
            "CREATE VIEW codes WITH (security_barrier = true) AS SELECT code, count(*) FROM clicks GROUP BY code;"
            "GRANT SELECT ON clicks TO PUBLIC; GRANT SELECT ON codes TO PUBLIC"
        )
        names = "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'clicks'::regclass ORDER BY 1"
        before = await connection.fetch(names)

        await migrate(connection, [find_migrations("storage")])

        assert (await read_engine(connection)).hypertables == {CLICKS, SCORES}
        assert await connection.fetch(names) == before
        assert await connection.fetchrow(
            "SELECT obj_description('clicks'::regclass), col_description('clicks'::regclass, attnum)"
            " FROM pg_attribute WHERE attrelid = 'clicks'::regclass AND attname = 'code'"
        ) == ("the clicks", "the code")
        assert await connection.fetch(
            "SELECT relname, reloptions, relacl::text[] @> ARRAY['=r/' || current_user] FROM pg_class"
            " WHERE oid IN ('clicks'::regclass, 'codes'::regclass) ORDER BY relname"
        ) == [("clicks", None, True), ("codes", ["security_barrier=true"], True)]
        await store(connection, *clicked(click(1)))
        assert await connection.fetchval("SELECT count FROM codes") == 1


async def test_tables_with_clicks_stay_in_native_partitions_and_work(timescaledb_url: str) -> None:
    async with connected(timescaledb_url) as connection:
        await create_timescaledb(connection)
        await migrate(connection, [without_hypertables()])
        await store(connection, *clicked(click(1)))

        await migrate(connection, [find_migrations("storage")])

        engine = await read_engine(connection)
        assert (engine.timescaledb is not None, engine.hypertables) == (True, frozenset())
        await store(connection, *clicked(click(1), click(2), click(3, TOMORROW)))
        await drop_day(connection, TODAY)
        assert [day.name for day in await list_days(connection)] == ["clicks_20261125"]
        assert (await store(connection, *clicked(click(4)))).too_old != []
        assert await count(connection) == 1


async def test_what_is_stored_twice_is_there_once_and_no_day_has_to_be_made(tables: asyncpg.Connection) -> None:
    clicks = clicked(click(1), click(2), click(3, TOMORROW))

    first, second = await store(tables, *clicks), await store(tables, *clicks)

    assert ([*first.new.values()], [*second.new.values()]) == ([3], [0])
    assert [(day.day, day.is_compressed) for day in await list_days(tables)] == [
        (TODAY, False),
        (TOMORROW.date(), False),
    ]
    assert await tables.fetchval("SELECT count(*) FROM pg_inherits WHERE inhparent = 'clicks'::regclass") == 2


async def test_the_job_has_nothing_to_make_and_says_that_all_days_are_there(
    tables: asyncpg.Connection, timescaledb_url: str
) -> None:
    ahead: list[int] = []

    await PartitionJob(Secret(timescaledb_url), 3, ahead.append).make()

    assert (ahead, await list_days(tables)) == ([3], [])


async def test_a_dropped_day_stays_away_and_the_days_beside_it_stay(tables: asyncpg.Connection) -> None:
    yesterday = NOW - timedelta(days=1)
    await store(tables, *clicked(click(1, yesterday), click(2), click(3, TOMORROW)))

    await drop_day(tables, TODAY)
    await drop_day(tables, TODAY)
    late = await store(tables, *clicked(click(4), click(5, TOMORROW)))

    assert [row.day for row in late.too_old] == [TODAY]
    assert [day.day for day in await list_days(tables)] == [yesterday.date(), TOMORROW.date()]
    assert await count(tables) == 3
    assert await prepare_days(tables, await read_engine(tables), [TODAY]) == {TODAY: "dropped"}


async def test_a_day_that_is_dropped_after_a_batch_has_begun_is_seen_before_it_commits(
    tables: asyncpg.Connection,
) -> None:
    loader = InsertingLoader(tables, StoredPositions())
    await loader.prepare()
    await load(loader, rows_of(clicked(click(1), click(2, TOMORROW))), accept_any, ())
    # The loader remembers that the day can be stored.
    await drop_day(tables, TODAY)

    late = await load(loader, rows_of(clicked(click(3), click(4, TOMORROW))), accept_any, ())

    assert ([row.day for row in late.too_old], late.new) == ([TODAY], {CLICKS_TABLE: 1})
    assert [day.day for day in await list_days(tables)] == [TOMORROW.date()]


async def test_scores_of_a_dropped_day_are_not_written(tables: asyncpg.Connection) -> None:
    writer = ScoreWriter(tables)
    scored = [
        ScoredClick(f"{number:026}", at, Fraud(score=70, band="suspect", rules="r", stage="settled"), Uniqueness())
        for number, at in enumerate([NOW, TOMORROW])
    ]
    await writer.prepare(scored)
    assert await writer.write(scored) == 2

    await drop_day(tables, TODAY)
    await writer.write(scored)

    assert [day.day for day in await list_days(tables, SCORES)] == [TOMORROW.date()]


async def test_a_day_goes_from_chunks_that_are_longer_than_a_day(tables: asyncpg.Connection) -> None:
    await tables.execute("SELECT public.set_chunk_time_interval('clicks', INTERVAL '7 days')")
    await store(tables, *clicked(click(1), click(2, TOMORROW)))

    await drop_day(tables, TODAY)

    assert await tables.fetchval("SELECT array_agg(clicked_at) FROM clicks") == [TOMORROW]


async def read_policies(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT config->>'compress_after' FROM timescaledb_information.jobs"
        " WHERE hypertable_schema = current_schema() AND hypertable_name = 'clicks'"
    )
    return [row[0] for row in rows]


async def test_the_job_sets_the_columnstore_policy_once_and_changes_it_with_the_setting(
    tables: asyncpg.Connection, timescaledb_url: str
) -> None:
    found = []
    for days in (5, 5, 3, 0, 0):
        job = PartitionJob(Secret(timescaledb_url), 1, list[int]().append, compress_after_days=days)
        await job.make()
        await job.make()
        found.append(await read_policies(tables))

    assert found == [["5 days"], ["5 days"], ["3 days"], [], []]


async def compress(connection: asyncpg.Connection) -> None:
    """Do what TimescaleDB's background worker does: run the policy."""
    await apply_policy(connection, await read_engine(connection), 8)
    job = await connection.fetchval(
        "SELECT job_id FROM timescaledb_information.jobs"
        " WHERE hypertable_schema = current_schema() AND hypertable_name = 'clicks'"
    )
    await connection.execute(f"CALL public.run_job({job})")


async def test_days_that_are_compressed_take_late_clicks_and_are_dropped_like_others(
    tables: asyncpg.Connection,
) -> None:
    old = [clicked(click(number, LONG_AGO + timedelta(days=number % 2))) for number in range(100)]
    records = [record for records in old for record in records]
    await store(tables, *records)
    await compress(tables)

    again = await store(tables, *records, *clicked(click(100, LONG_AGO)))

    assert [*again.new.values()] == [1]
    days = await list_days(tables)
    assert [(day.day, day.is_compressed, day.clicks) for day in days] == [
        (LONG_AGO.date(), True, 50),
        (LONG_AGO.date() + timedelta(days=1), True, 50),
    ]
    clicks = (await read_status(tables)).tables[0]
    assert (clicks.layout, clicks.rows, clicks.compressed_days, clicks.days_ahead) == ("hypertable", 100, 2, None)
    assert 0 < clicks.compressed_bytes == clicks.bytes
    await drop_day(tables, LONG_AGO.date())
    assert await count(tables) == 50
