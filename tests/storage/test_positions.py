"""What is stored of each partition: a batch that leaves a gap is refused once, and whatever lacks is asked for."""

from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from runtime.errors import ReadAgain
from storage.positions import StoredPositions, move_positions
from storage.writer import TableWriter
from tests.sink.builders import Source, click, clicked
from tests.storage.test_writer import change, count, make_writer, prepare, rows_of

pytestmark = pytest.mark.servers


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator[TableWriter]:
    await prepare(database_url)
    writer = make_writer(database_url)
    yield writer
    await writer.close()


def records_at(*offsets: int) -> list[Source]:
    return [Source(value=clicked(click(n))[0].value, topic="clicks.enriched", offset=n) for n in offsets]


async def store(writer: TableWriter, records: list[Source]) -> None:
    await writer.write(rows_of(records), records=records)


async def test_batches_that_follow_each_other_are_stored(writer: TableWriter, database_url: str) -> None:
    await store(writer, records_at(5, 6))
    await store(writer, records_at(7))
    await store(writer, records_at(6, 7, 8))

    assert await count(database_url) == 4
    assert await read_positions(database_url) == {("clicks.enriched", 0): 9}


async def test_what_a_database_lost_is_asked_for_and_nothing_of_the_batch_is_stored(
    writer: TableWriter, database_url: str
) -> None:
    await store(writer, records_at(0, 1))
    await change(database_url, "UPDATE stored_positions SET next_offset = 1")
    await change(database_url, "DELETE FROM clicks")

    with pytest.raises(ReadAgain, match=r"clicks\.enriched/0 from 1 again") as asked:
        await store(writer, records_at(2, 3))
    assert asked.value.positions == {("clicks.enriched", 0): 1}
    assert await count(database_url) == 0

    await store(writer, records_at(1, 2, 3))
    assert await count(database_url) == 3


async def test_what_a_database_lost_of_other_partitions_is_asked_for_too(
    writer: TableWriter, database_url: str
) -> None:
    await store(writer, [msgspec.structs.replace(one, partition=2) for one in records_at(0, 1)])
    await store(writer, records_at(2))
    await change(database_url, 'UPDATE stored_positions SET next_offset = 0 WHERE "partition" = 2')

    with pytest.raises(ReadAgain) as asked:
        await store(writer, records_at(3))
    assert asked.value.positions == {("clicks.enriched", 2): 0}


async def test_a_partition_that_another_sink_reads_again_holds_nobody_up(
    writer: TableWriter, database_url: str
) -> None:
    await store(writer, [msgspec.structs.replace(one, partition=2) for one in records_at(0, 1)])
    for position in (0, 1):
        await change(database_url, f'UPDATE stored_positions SET next_offset = {position} WHERE "partition" = 2')
        if not position:
            with pytest.raises(ReadAgain):
                await store(writer, records_at(2))
        await store(writer, records_at(2))


async def test_offsets_that_the_topic_does_not_have_are_asked_for_once(writer: TableWriter, database_url: str) -> None:
    await store(writer, records_at(0))

    with pytest.raises(ReadAgain):
        await store(writer, records_at(5))
    await store(writer, records_at(5))

    with pytest.raises(ReadAgain):
        await store(writer, records_at(9))
    assert await count(database_url) == 2


async def test_a_batch_of_records_without_rows_leaves_no_gap(writer: TableWriter, database_url: str) -> None:
    await store(writer, records_at(0))
    await writer.write([], records=[Source(value=b"poison", topic="clicks.enriched", offset=1)])
    await store(writer, records_at(2))

    assert await read_positions(database_url) == {("clicks.enriched", 0): 3}


async def test_a_topic_that_was_made_again_is_no_gap(writer: TableWriter, database_url: str) -> None:
    await store(writer, records_at(1000))
    await store(writer, records_at(0))
    await store(writer, records_at(1))

    assert await read_positions(database_url) == {("clicks.enriched", 0): 2}


async def test_what_an_operator_skips_is_not_asked_for(writer: TableWriter, database_url: str) -> None:
    await store(writer, records_at(0))
    connection = await asyncpg.connect(database_url)
    await move_positions(connection, {("clicks.enriched", 0): 5, ("clicks.enriched", 1): 7})
    await StoredPositions().note(connection, records_at(5))
    await connection.close()


async def read_positions(database_url: str) -> dict[tuple[str, int], int]:
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch('SELECT topic, "partition", next_offset FROM stored_positions')
    await connection.close()
    return {(topic, partition): offset for topic, partition, offset in rows}
