"""The tables: each row once, the bad one alone, an outage is no bad row."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import asyncpg
import msgspec
import pytest
from prometheus_client import CollectorRegistry

from deploy.local.postgres import plan_postgres
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from runtime.errors import DependencyAway, Stuck
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from runtime.secret import Secret
from sink.metrics import SinkMetrics
from sink.pipeline import build_row
from storage.days import drop_day
from storage.load import BadRow
from storage.tables import CLICKS, DEAD_LETTERS, REJECTED_CLICKS, StorableRow
from storage.writer import TableWriter
from tests.sink.builders import NOW, Source, click, clicked, dead_lettered, rejected

pytestmark = pytest.mark.servers


def rows_of(records: Sequence[Source]) -> list[StorableRow]:
    outcomes = [build_row(record, "", NOW) for record in records]
    return [outcome for outcome in outcomes if isinstance(outcome, StorableRow)]


async def prepare(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await migrate(connection, [find_migrations("storage")])
    await connection.close()


def make_writer(database_url: str) -> TableWriter:
    return TableWriter(Secret(database_url), SinkMetrics(CollectorRegistry()))


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator[TableWriter]:
    await prepare(database_url)
    writer = make_writer(database_url)
    yield writer
    await writer.close()


async def count(database_url: str, table: str = "clicks") -> int:
    connection = await asyncpg.connect(database_url)
    try:
        number = await connection.fetchval(f"SELECT count(*) FROM {table}")
        assert isinstance(number, int)
        return number
    finally:
        await connection.close()


async def change(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(statement)
    await connection.close()


async def exists(database_url: str, table: str) -> bool:
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.fetchval("SELECT to_regclass($1)", table) is not None
    finally:
        await connection.close()


class TooManyError(Exception):
    """What a limit raises."""


async def test_what_is_stored_twice_is_there_once(writer: TableWriter, database_url: str) -> None:
    rows = rows_of([*clicked(*map(click, range(1000))), rejected(), dead_lettered()])

    assert await writer.write(rows) == []
    assert await writer.write(rows) == []

    assert await count(database_url) == 1000
    assert await count(database_url, "rejected_clicks") == 1
    assert await count(database_url, "dead_letters") == 1


async def test_another_record_at_the_place_of_an_old_one_is_another_letter(
    writer: TableWriter, database_url: str
) -> None:
    await writer.write(rows_of([dead_lettered(value=b"before the topic was made again", digest=None, size=None)]))
    for _ in range(2):
        await writer.write(rows_of([dead_lettered(value=b"and after it", digest=None, size=None)]))

    connection = await asyncpg.connect(database_url)
    values = await connection.fetch("SELECT value, size FROM dead_letters ORDER BY size")
    await connection.close()
    assert [tuple(row) for row in values] == [(b"and after it", 12), (b"before the topic was made again", 31)]


async def test_the_same_click_twice_in_a_batch_is_there_once(writer: TableWriter, database_url: str) -> None:
    await writer.write(rows_of(clicked(click(1), click(1), click(2))))

    assert await count(database_url) == 2


async def test_partitions_are_made_for_the_days_of_a_batch_that_nobody_foresaw(
    writer: TableWriter, database_url: str
) -> None:
    days = [NOW - timedelta(days=number) for number in range(3)]
    await writer.write(rows_of(clicked(*(click(number, day) for number, day in enumerate(days)))))
    await writer.write(rows_of(clicked(click(9, NOW + timedelta(hours=20)))))

    assert [await count(database_url, f"clicks_{day:%Y%m%d}") for day in days] == [1, 1, 1]
    assert await count(database_url, "clicks_20261125") == 1


async def test_two_sinks_that_need_the_same_new_partition_both_succeed(writer: TableWriter, database_url: str) -> None:
    other = make_writer(database_url)
    rows = rows_of(clicked(*map(click, range(200))))

    await asyncio.gather(writer.write(rows), other.write(rows))
    await other.close()

    assert await count(database_url) == 200


async def test_bad_rows_among_many_come_back_alone(writer: TableWriter, database_url: str) -> None:
    good = [click(number) for number in range(5000)]
    good[1234] = click(1234, sub1="a\0b")
    good[4000] = click(4000, unique_window_s=2**40)

    bad = await writer.write(rows_of(clicked(*good)))

    assert [one.row.source.offset for one in bad] == [1234, 4000]
    assert await count(database_url) == 4998


async def test_a_text_that_cannot_be_encoded_is_a_bad_row(writer: TableWriter, database_url: str) -> None:
    good, other = rows_of(clicked(click(1), click(2)))
    bad = msgspec.structs.replace(other, row=tuple("\ud800" if cell == "newsletter" else cell for cell in other.row))

    assert [one.row for one in await writer.write([good, bad])] == [bad]
    assert await count(database_url) == 1


async def test_a_row_that_a_check_refuses_is_bad_and_no_outage(writer: TableWriter, database_url: str) -> None:
    await change(database_url, "ALTER TABLE clicks ADD CONSTRAINT short_window CHECK (unique_window_s < 100000)")
    good = [click(number) for number in range(300)]
    good[77] = click(77, unique_window_s=200_000)

    bad = await writer.write(rows_of(clicked(*good)))

    assert [(one.row.source.offset, one.detail.partition(":")[0]) for one in bad] == [(77, "CheckViolationError")]
    assert await count(database_url) == 299


async def test_with_too_many_bad_rows_nothing_is_stored_and_the_search_ends(
    writer: TableWriter, database_url: str
) -> None:
    seen: list[int] = []

    def check(bad: Sequence[BadRow]) -> None:
        seen.append(len(bad))
        if len(bad) > 3:
            raise TooManyError

    rows = rows_of(clicked(*(click(number, sub1="\0" if number % 2 else "x") for number in range(1000))))
    with pytest.raises(TooManyError):
        await writer.write(rows, check)

    assert seen == [1, 2, 3, 4]
    assert await count(database_url) == 0
    # And the next batch finds the writer as good as before.
    assert await writer.write(rows[:1]) == []


async def test_bad_rows_of_all_tables_come_back_together(writer: TableWriter, database_url: str) -> None:
    rows = rows_of([*clicked(click(1), click(2, sub1="\0")), rejected(), dead_lettered(), dead_lettered(offset=43)])
    rows[-1] = msgspec.structs.replace(rows[-1], row=("\0", *rows[-1].row[1:]))

    bad = await writer.write(rows)

    assert [one.row.table for one in bad] == [CLICKS, DEAD_LETTERS]
    assert [await count(database_url, table.name) for table in (CLICKS, REJECTED_CLICKS, DEAD_LETTERS)] == [1, 1, 1]


async def test_a_database_that_is_away_is_no_bad_row(own_settings: LocalSettings) -> None:
    async with running(await plan_postgres(own_settings)) as postgres:
        await prepare(postgres.address)
        writer = make_writer(postgres.address)
        await writer.write(rows_of(clicked(click(1))))

        await postgres.kill()
        with pytest.raises(DependencyAway):
            await writer.write(rows_of(clicked(click(2))))
        await postgres.start()

        assert await writer.write(rows_of(clicked(click(2)))) == []
        assert await count(postgres.address) == 2
        await writer.close()


async def test_a_connection_ended_by_an_operator_is_made_anew(writer: TableWriter, database_url: str) -> None:
    await writer.write(rows_of(clicked(click(1))))
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'clickrail sink'"
    )
    await connection.close()

    with pytest.raises(DependencyAway):
        await writer.write(rows_of(clicked(click(2))))
    await writer.write(rows_of(clicked(click(2))))

    assert await count(database_url) == 2


async def test_a_partition_that_somebody_dropped_by_hand_is_made_again(writer: TableWriter, database_url: str) -> None:
    await writer.write(rows_of(clicked(click(1))))
    await change(database_url, "DROP TABLE clicks_20261124")

    assert await writer.write(rows_of(clicked(click(2)))) == []

    assert await count(database_url) == 1


async def test_a_click_of_a_day_that_was_dropped_is_counted_and_not_stored(
    writer: TableWriter, database_url: str
) -> None:
    metrics = CollectorRegistry()
    writer = TableWriter(Secret(database_url), SinkMetrics(metrics))
    yesterday = NOW - timedelta(days=1)
    await writer.write(rows_of(clicked(click(1), click(2, yesterday))))
    connection = await asyncpg.connect(database_url)
    await drop_day(connection, yesterday.date())
    await connection.close()

    assert await writer.write(rows_of(clicked(click(3), click(4, yesterday), click(5, yesterday)))) == []
    assert await writer.write(rows_of(clicked(click(6, yesterday)))) == []
    await writer.close()

    assert metrics.get_sample_value("clickrail_clicks_lost_total", {"reason": "retention"}) == 3
    assert await count(database_url) == 2
    assert await exists(database_url, "clicks_20261123") is False


async def test_a_schema_that_is_not_ours_stops_the_sink(empty_url: str) -> None:
    with pytest.raises(Stuck, match="clicks"):
        await make_writer(empty_url).write(rows_of(clicked(click(1))))
