"""Whatever happens to stored clicks, one after the other: no click is lost or doubled, and every count is right."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from runtime.errors import DependencyAway
from runtime.secret import Secret
from schemas import EnrichedClick
from sink.metrics import SinkMetrics
from storage.erasure.erasing import erase
from storage.erasure.request import ErasureRequest
from storage.load import BadRow
from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.question import Question, Range
from storage.retention.plan import apply_retention
from storage.retention.policy import RetentionPolicy
from storage.rollups.rebuild import list_days, rebuild_day
from storage.rollups.roller import roll
from storage.rollups.verify import verify_day, verify_months
from storage.scores import ScoreWriter, add_verdict
from storage.tables import StorableRow
from storage.writer import TableWriter
from tests.storage.rollups.builders import TODAY, make_click, make_rows, open_tables
from tests.storage.rollups.test_exactness import make_score

pytestmark = [pytest.mark.servers, pytest.mark.slow]

OLD: Final = [make_click(n, TODAY - timedelta(days=40, minutes=7 * n)) for n in range(80)]
NEW: Final = [make_click(n, TODAY - timedelta(minutes=5 * n)) for n in range(80, 280)]
LATE: Final = [make_click(n, TODAY - timedelta(days=2, minutes=n)) for n in range(280, 300)]
POISON: Final = [make_click(n, TODAY, sub1="a\0b") for n in (300, 301)]
ERASED: Final = NEW[10:13]
KEPT_DAYS: Final = RetentionPolicy(clicks=30)
KILL: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'clickrail sink'"


class Storage:
    """Two sinks on the tables, and what they refused."""

    def __init__(self, url: str, tables: asyncpg.Connection) -> None:
        self.registry = CollectorRegistry()
        metrics = SinkMetrics(self.registry)
        self.tables = tables
        self.writers = [TableWriter(Secret(url), metrics) for _ in range(2)]
        self.bad: list[BadRow] = []

    async def close(self) -> None:
        for writer in self.writers:
            await writer.close()

    async def store(self, clicks: list[EnrichedClick]) -> None:
        """Store clicks in batches, every other batch by the other sink, and each batch by both."""
        rows = make_rows(clicks)
        for first in range(0, len(rows), 40):
            batch = rows[first : first + 40]
            one, other = await asyncio.gather(*(self._write(writer, batch) for writer in self.writers))
            self.bad = [*one, *other] or self.bad

    async def _write(self, writer: TableWriter, batch: list[StorableRow]) -> list[BadRow]:
        while True:
            try:
                return await writer.write(batch)
            except DependencyAway:
                await asyncio.sleep(0.01)

    async def kill_sinks(self, times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(0.02)
            await self.tables.execute(KILL)

    def counted(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.mark.usefixtures("only_in_drill")
async def test_two_sinks_that_die_two_hundred_times_store_and_count_each_click_once(database_url: str) -> None:
    clicks = [make_click(n, TODAY - timedelta(minutes=n)) for n in range(2000)]
    async with open_tables(database_url) as tables:
        storage = Storage(database_url, tables)
        killing = asyncio.create_task(storage.kill_sinks(200))
        while not killing.done():
            await storage.store(clicks)
        await killing
        await storage.store(clicks)

        assert await tables.fetchval("SELECT count(*) FROM clicks") == len(clicks)
        while (rolled := await roll(tables, wait=True)) is not None and rolled.batches:
            pass
        for day in await list_days(tables, None, None):
            assert await verify_day(tables, day) == []
        await storage.close()


async def test_whatever_is_done_to_stored_clicks_each_is_accounted_for_and_every_count_is_right(
    database_url: str,
) -> None:
    async with open_tables(database_url) as tables:
        storage = Storage(database_url, tables)
        await asyncio.gather(storage.store([*OLD, *NEW, *POISON]), storage.kill_sinks(10))
        await roll(tables, wait=True)
        await judge(tables)
        await erase_some(tables)
        await apply_retention(tables, KEPT_DAYS, datetime.now(UTC).date(), lambda *_: None)
        # The whole topic again, with clicks that come late.
        await storage.store([*OLD, *NEW, *POISON, *LATE])
        await check_ledger(storage)
        await check_counts(tables)
        await roll(tables, wait=True)
        await check_counts(tables)
        for day in await list_days(tables, None, None):
            await rebuild_day(tables, day)
        await check_counts(tables)
        await storage.close()


async def judge(tables: asyncpg.Connection) -> None:
    """Settle half of the new clicks, and have people judge some."""
    scored = [make_score(one, number) for number, one in enumerate(NEW[::2])]
    writer = ScoreWriter(tables)
    await writer.prepare(scored)
    async with tables.transaction():
        await writer.write(scored)
    for one in NEW[5:25]:
        await add_verdict(tables, (one.click_id, one.clicked_at), "invalid", why="a test", who="ana")


async def erase_some(tables: asyncpg.Connection) -> None:
    for one in ERASED:
        report = await erase(tables, ErasureRequest("click", one.click_id))
        assert report.clicks == 1


async def check_ledger(storage: Storage) -> None:
    stored = [row["click_id"] for row in await storage.tables.fetch("SELECT click_id FROM clicks")]
    anonymous = await storage.tables.fetchval("SELECT count(*) FROM clicks WHERE erased_at IS NOT NULL")
    expected = {one.click_id for one in [*NEW, *LATE]} - {one.click_id for one in ERASED}
    assert len(stored) == len(set(stored)) == len(NEW) + len(LATE)
    assert expected < set(stored)
    assert anonymous == len(ERASED)
    assert {one.row.row[1] for one in storage.bad} == {one.click_id for one in POISON}
    # Each was refused to both sinks, once.
    refused = storage.counted("clickrail_sink_erased_records_refused_total", table="clicks")
    assert (storage.counted("clickrail_clicks_lost_total", reason="retention"), refused) == (
        2 * len(OLD),
        2 * len(ERASED),
    )


async def check_counts(tables: asyncpg.Connection) -> None:
    """Check that every count is that of the clicks, and that of the dropped days what it was."""
    frozen = 0
    for day in await list_days(tables, None, None):
        differences = await verify_day(tables, day)
        frozen += differences is None
        assert not differences
    assert await verify_months(tables) == []
    assert frozen == len({one.clicked_at.date() for one in OLD})
    today = datetime.now(UTC).date()
    everything = Range(today - timedelta(days=60), today + timedelta(days=1))
    answer = await ask(tables, Question(range=everything, measures=("gross", "tests")), datetime.now(UTC))
    assert isinstance(answer, Answer)
    assert sum(answer.totals) == len(OLD) + len(NEW) + len(LATE)
