"""The ledger on real tables: a hole is seen, and restarts, replays, late clicks, letters and erasure are none."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import asyncpg
import msgspec
import pytest
from prometheus_client import CollectorRegistry

from identity.ulid import make_ulid
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from runtime.secret import Secret
from schemas import EnrichedClick
from sink.metrics import SinkMetrics
from sink.pipeline import build_row
from storage.erased import add_erased
from storage.ledger.job import LedgerJob
from storage.ledger.merge import TableCheck, merge, tidy
from storage.read.ledger import GRACE, HoleReport, LedgerMinute, read_holes, read_minutes
from storage.tables import StorableRow
from storage.writer import TableWriter
from tests.sink.builders import NOW, Source, click, clicked, dead_lettered, rejected

pytestmark = pytest.mark.servers

FIRST = NOW - timedelta(minutes=10)
STARTED = NOW - timedelta(minutes=20)


def process_of(place: int, started: object = STARTED) -> str:
    return make_ulid(int(started.timestamp() * 1000) + place, bytes(16))  # type: ignore[attr-defined]


ONE, TWO = process_of(1), process_of(2)


def numbered(number: int, process: str = ONE, minute: int = 0, **changes: object) -> EnrichedClick:
    at = FIRST + timedelta(minutes=minute, seconds=number % 50)
    one = click(number + 1000 * (process == TWO), at, **changes)
    handled = msgspec.structs.replace(one.handled, process=process, sequence=number)
    return msgspec.structs.replace(one, handled=handled)


class Tables:
    """The sink's writer, and a connection beside it."""

    def __init__(self, writer: TableWriter, connection: asyncpg.Connection) -> None:
        self.writer = writer
        self.connection = connection

    async def store(self, sources: Sequence[Source]) -> None:
        outcomes = [build_row(one, "", NOW) for one in sources]
        await self.writer.write([one for one in outcomes if isinstance(one, StorableRow)])

    async def store_clicks(self, *clicks: EnrichedClick) -> None:
        await self.store(clicked(*clicks))

    async def missing(self) -> int:
        before = await self.holes()
        await merge(self.connection)
        after = await self.holes()
        assert before == after
        return after.missing

    async def holes(self) -> HoleReport:
        return await read_holes(self.connection, NOW, NOW - GRACE)


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[Tables]:
    connection = await asyncpg.connect(database_url)
    await migrate(connection, [find_migrations("storage")])
    await connection.execute("UPDATE ledger_state SET counted_from = $1", STARTED - timedelta(days=1))
    writer = TableWriter(Secret(database_url), SinkMetrics(CollectorRegistry()))
    yield Tables(writer, connection)
    await writer.close()
    await connection.close()


async def test_a_click_that_never_arrives_is_missing_until_it_comes(tables: Tables) -> None:
    await tables.store_clicks(numbered(1), numbered(2), numbered(4, minute=1), numbered(5, minute=2))
    found = await tables.holes()
    assert [(one.minute, one.since, one.first, one.last) for one in found.holes] == [
        (FIRST + timedelta(minutes=1), FIRST, 3, 3)
    ]
    assert await tables.missing() == 1
    await tables.store_clicks(numbered(3))
    assert await tables.missing() == 0


async def test_the_first_clicks_of_a_process_are_expected_too(tables: Tables) -> None:
    await tables.store_clicks(numbered(3))
    assert await tables.missing() == 2


async def test_what_is_younger_than_the_grace_is_in_flight(tables: Tables) -> None:
    await tables.store_clicks(numbered(1), numbered(3, minute=9))
    assert await tables.missing() == 0
    assert [one.absent for one in await read_minutes(tables.connection, FIRST, NOW)] == [1, 0]


async def test_replays_and_restarts_change_nothing(tables: Tables) -> None:
    await tables.store_clicks(numbered(1), numbered(2))
    await tables.missing()
    await tables.store_clicks(numbered(2), numbered(1), numbered(1, TWO, 1), numbered(2, TWO, 2))
    assert await tables.missing() == 0


async def test_tests_prefetches_and_rejections_leave_no_hole(tables: Tables) -> None:
    await tables.store(
        [*clicked(numbered(1, is_test=True), numbered(2, prefetch=True), numbered(3, minute=1)), rejected()]
    )
    assert await tables.missing() == 0


async def test_a_dead_letter_accounts_for_its_click(tables: Tables) -> None:
    letter = dead_lettered(topic="clicks.raw", key=numbered(2).click_id.encode(), value=b"\xff", failed_at=NOW)
    await tables.store_clicks(numbered(1), numbered(3, minute=1))
    assert await tables.missing() == 1
    await tables.store([letter])
    assert await tables.missing() == 0
    minutes = await read_minutes(tables.connection, FIRST, NOW)
    assert sum(one.accepted for one in minutes) == 3


async def test_a_click_that_was_erased_before_it_came_is_not_missing(tables: Tables) -> None:
    async with tables.connection.transaction():
        await add_erased(tables.connection, [numbered(2).click_id])
    await tables.store_clicks(numbered(1), numbered(2), numbered(3))
    assert await tables.missing() == 0


async def test_an_erased_row_stays_accounted_for(tables: Tables) -> None:
    await tables.store_clicks(numbered(1), numbered(2), numbered(3))
    await tables.connection.execute("UPDATE clicks SET handled_process = '', handled_sequence = NULL")
    await tables.connection.execute("DELETE FROM clicks")
    assert await tables.missing() == 0


async def test_a_process_of_before_the_ledger_is_counted_from_its_first_arrival(tables: Tables) -> None:
    await tables.connection.execute("UPDATE ledger_state SET counted_from = $1", NOW)
    await tables.store_clicks(numbered(40), numbered(42, minute=1))
    assert await tables.missing() == 1


async def test_clicks_that_no_batch_noted_are_found_in_the_table(tables: Tables) -> None:
    await tables.store_clicks(numbered(2), numbered(1), numbered(3))
    await tables.connection.execute("UPDATE ledger_arrivals SET numbers = '{[1,2),[3,4)}'")
    assert await tables.missing() == 1
    assert await TableCheck().look(tables.connection, NOW, GRACE) == 1
    assert await tables.missing() == 0


async def test_minutes_say_what_became_of_the_clicks(tables: Tables) -> None:
    await tables.store_clicks(numbered(1), numbered(2), numbered(5, minute=1), numbered(1, TWO, 1))
    assert await read_minutes(tables.connection, FIRST, NOW) == [
        LedgerMinute(minute=FIRST + timedelta(minutes=1), accepted=4, stored=2, dead=0),
        LedgerMinute(minute=FIRST, accepted=2, stored=2, dead=0),
    ]


async def test_old_minutes_are_removed_and_the_job_merges(tables: Tables, database_url: str) -> None:
    await tables.store_clicks(numbered(1))
    job = LedgerJob(Secret(database_url), lambda: NOW)
    assert [await job.step(tables.connection), await job.step(tables.connection)] == [1, 0]
    await tidy(tables.connection, NOW + timedelta(days=40))
    assert await tables.connection.fetchval("SELECT count(*) FROM ledger_minutes") == 0
