"""What was erased is not stored again, however it comes back; everything else of its batch is."""

import asyncio
from collections.abc import Sequence

import asyncpg
import msgspec
import pytest
from prometheus_client import CollectorRegistry

from runtime.secret import Secret
from schemas import Uniqueness
from sink.metrics import SinkMetrics
from storage.erased import LOCK, add_erased, find_erased
from storage.writer import TableWriter
from tests.sink.builders import Source, click, clicked, dead_lettered, rejected
from tests.storage.test_partitions import tables
from tests.storage.test_writer import rows_of

__all__ = ["tables"]
pytestmark = pytest.mark.servers


async def write(database_url: str, records: Sequence[Source]) -> SinkMetrics:
    metrics = SinkMetrics(CollectorRegistry())
    writer = TableWriter(Secret(database_url), metrics)
    assert await writer.write(rows_of(records)) == []
    await writer.close()
    return metrics


async def test_an_erased_click_rejection_or_letter_is_refused_and_counted(
    tables: asyncpg.Connection, database_url: str
) -> None:
    records = [*clicked(click(1), click(2)), rejected(), dead_lettered()]
    _, erased, rejection, letter = rows_of(records)
    await add_erased(tables, [erased.row[1], rejection.row[1]], [letter.row[11]])

    metrics = await write(database_url, records)

    assert [row[0] for row in await tables.fetch("SELECT click_id FROM clicks")] == [click(1).click_id]
    for table in ("clicks", "rejected_clicks", "dead_letters"):
        assert metrics.refused_as_erased.labels(table)._value.get() == 1
        assert await tables.fetchval(f"SELECT count(*) FROM {table}") == (1 if table == "clicks" else 0)


async def test_a_click_forgets_the_erased_clicks_that_it_names(tables: asyncpg.Connection, database_url: str) -> None:
    gone, kept = click(1).click_id, click(2).click_id
    await add_erased(tables, [gone])
    named = click(
        3,
        previous_click_id=gone,
        lease_click_id=kept,
        unique=Uniqueness(is_unique=False, basis="cookie", first_click_id=gone, status="judged"),
    )

    other = msgspec.structs.replace(named, click_id=click(4).click_id, lease_click_id=gone)

    await write(database_url, clicked(named, other))

    columns = "previous_click_id, lease_click_id, first_click_id, is_unique"
    rows = await tables.fetch(f"SELECT {columns} FROM clicks ORDER BY click_id")
    assert [tuple(row) for row in rows] == [(None, kept, None, False), (None, None, None, False)]


async def test_ids_are_looked_for_by_their_digest(tables: asyncpg.Connection) -> None:
    assert await find_erased(tables, ["A", None]) == frozenset()

    await add_erased(tables, ["B", "C"])

    assert await find_erased(tables, ["A", "B", None]) == {"B"}


async def test_a_batch_waits_for_an_erasure_that_has_begun(tables: asyncpg.Connection, database_url: str) -> None:
    async with tables.transaction():
        await tables.execute(LOCK)
        await add_erased(tables, [click(1).click_id])
        waiting = asyncio.create_task(write(database_url, clicked(click(1), click(2))))
        await asyncio.wait({waiting}, timeout=1)
        assert not waiting.done()
    await waiting

    assert [row[0] for row in await tables.fetch("SELECT click_id FROM clicks")] == [click(2).click_id]
