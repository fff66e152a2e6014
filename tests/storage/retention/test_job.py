"""What is old is removed, a day at a time, and recorded; whatever interrupts it, nothing is done twice."""

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest
from prometheus_client import CollectorRegistry

from runtime.errors import DependencyAway
from runtime.secret import Secret
from schemas import CLICKS_REJECTED, RejectedClick, decode, encode
from sink.environment import read_policy
from sink.metrics import SinkMetrics
from sink.settings import Settings
from storage.engine import SCORES
from storage.load import TableLoader
from storage.partitions import list_partitions, make_partition
from storage.positions import StoredPositions
from storage.retention.job import SESSION, RetentionJob, only_one
from storage.retention.old_rows import delete_old_rows
from storage.retention.plan import RetentionPlan, plan_retention
from storage.retention.policy import RetentionPolicy, first_kept, start_of
from storage.retention.removals import add_removal, list_removals, sum_removals
from storage.rollups.freezing import NotCounted
from storage.writer import TableWriter, accept_any
from tests.pooler import needs_pgbouncer, own_database, pooled
from tests.sink.builders import NOW, Source, click, clicked, dead_lettered, rejected
from tests.storage.test_partitions import connected, tables
from tests.storage.test_writer import prepare, rows_of
from tests.waiting import eventually

__all__ = ["tables"]
pytestmark = pytest.mark.servers

TODAY = NOW.date()
DAYS = 5


def days_ago(number: int) -> datetime:
    return NOW - timedelta(days=number)


def rejection(number: int, at: datetime) -> Source:
    example = decode(RejectedClick, rejected().value)
    assert isinstance(example, RejectedClick)
    ulid = click(number, at).click_id
    return Source(CLICKS_REJECTED.name, encode(msgspec.structs.replace(example, rejection_id=ulid, rejected_at=at)))


class Retention:
    """A sink's writer and retention, with their metrics, on days of two clicks each."""

    def __init__(self, database_url: str, **policy: int) -> None:
        self.metrics = SinkMetrics(CollectorRegistry())
        self.writer = TableWriter(Secret(database_url), self.metrics)
        self.job = RetentionJob(Secret(database_url), RetentionPolicy(**policy), self.metrics, lambda: TODAY)

    async def fill(self) -> None:
        clicks = [click(number + 100 * day, days_ago(day)) for day in range(DAYS) for number in range(2)]
        rejections = [rejection(day, days_ago(day)) for day in range(DAYS)]
        letters = [
            dead_lettered(failed_at=days_ago(day), value=f"{day}".encode(), digest=None, size=None)
            for day in range(DAYS)
        ]
        await self.writer.write(rows_of([*clicked(*clicks), *rejections, *letters]))

    def removed(self, what: str) -> float:
        return self.metrics.removed.labels(what)._value.get()

    async def close(self) -> None:
        await self.writer.close()


async def days_of(connection: asyncpg.Connection, table: str, column: str) -> list[date]:
    rows = await connection.fetch(f"SELECT DISTINCT ({column} AT TIME ZONE 'UTC')::date AS day FROM {table} ORDER BY 1")
    return [row["day"] for row in rows]


def kept(days: int) -> list[date]:
    return [TODAY - timedelta(days=number) for number in range(days, -1, -1)]


async def test_what_is_older_than_the_policy_goes_and_the_rest_stays(
    tables: asyncpg.Connection, database_url: str
) -> None:
    retention = Retention(database_url, clicks=3, rejections=2, letters=1)
    await retention.fill()

    assert await retention.job.apply()
    await retention.close()

    assert await days_of(tables, "clicks", "clicked_at") == kept(3)
    assert await days_of(tables, "rejected_clicks", "rejected_at") == kept(2)
    assert await days_of(tables, "dead_letters", "failed_at") == kept(1)
    assert [retention.removed(what) for what in ("clicks", "personal", "rejections", "letters")] == [2, 0, 2, 3]


async def test_with_no_policy_everything_is_kept_for_ever(tables: asyncpg.Connection, database_url: str) -> None:
    retention = Retention(database_url)
    await retention.fill()

    await retention.job.run()
    await retention.job.apply()
    await retention.close()

    assert await days_of(tables, "clicks", "clicked_at") == kept(DAYS - 1)
    assert await list_removals(tables, 10) == []


async def test_what_was_removed_is_reported_by_day_and_once(tables: asyncpg.Connection, database_url: str) -> None:
    retention = Retention(database_url, clicks=3, personal=1, rejections=2)
    await retention.fill()
    size = {one.day: one.size for one in await list_partitions(tables)}

    await retention.job.apply()
    await retention.job.apply()
    await retention.close()

    removals = {(one.what, one.day): (one.rows, one.bytes) for one in await list_removals(tables, 100)}
    oldest = TODAY - timedelta(days=4)
    assert removals["clicks", oldest] == (2, size[oldest])
    assert sorted(removals) == [
        ("clicks", oldest),
        *(("personal", TODAY - timedelta(days=day)) for day in (3, 2)),
        *(("rejections", TODAY - timedelta(days=day)) for day in (4, 3)),
    ]
    assert {one.what: (one.days, one.rows) for one in await sum_removals(tables)} == {
        "clicks": (1, 2),
        "personal": (2, 4),
        "rejections": (2, 2),
    }


async def test_the_plan_says_what_would_go_and_removes_nothing(tables: asyncpg.Connection, database_url: str) -> None:
    retention = Retention(database_url)
    await retention.fill()
    await retention.close()

    policy = RetentionPolicy(clicks=3, personal=1, rejections=2, letters=1)
    plan = await plan_retention(tables, policy, TODAY)

    assert [one.day for one in plan.drop] == [TODAY - timedelta(days=4)]
    assert [one.day for one in plan.empty] == [TODAY - timedelta(days=day) for day in (3, 2)]
    assert (plan.rejections, plan.letters) == (2, 3)
    assert await days_of(tables, "clicks", "clicked_at") == kept(DAYS - 1)
    nothing = RetentionPlan(drop=[], empty=[], begun={}, unfinished=[], rejections=0, letters=0)
    assert await plan_retention(tables, RetentionPolicy(), TODAY) == nothing


async def test_a_late_click_of_a_day_that_the_job_dropped_is_counted_and_not_stored(
    tables: asyncpg.Connection, database_url: str
) -> None:
    retention = Retention(database_url, clicks=3)
    await retention.fill()
    await retention.job.apply()

    # The writer remembers from before that the day has a partition.
    assert await retention.writer.write(rows_of(clicked(click(900, days_ago(4)), click(901, days_ago(1))))) == []
    await retention.close()

    assert retention.metrics.lost_by_retention._value.get() == 1
    assert await days_of(tables, "clicks", "clicked_at") == kept(3)


async def test_a_late_click_is_counted_as_lost_from_the_beginning_of_a_drop_on(
    tables: asyncpg.Connection, database_url: str
) -> None:
    retention = Retention(database_url, clicks=3)
    await retention.fill()
    await make_partition(tables, days_ago(4).date(), SCORES)

    async with asyncio.timeout(60):
        async with connected(database_url) as reader, reader.transaction():
            # The drop waits for this reader of scores, while the day's clicks are still there.
            await reader.fetch("SELECT FROM click_scores")
            job = asyncio.create_task(retention.job.apply())
            await eventually(lambda: is_detaching(tables))
            await retention.writer.write(rows_of(clicked(click(900, days_ago(4)))))
        await job
    await retention.close()

    assert retention.metrics.lost_by_retention._value.get() == 1
    assert await days_of(tables, "clicks", "clicked_at") == kept(3)


async def test_a_batch_that_began_before_a_drop_is_waited_for_and_counted(
    tables: asyncpg.Connection, database_url: str
) -> None:
    retention = Retention(database_url, clicks=3)
    await retention.fill()
    await retention.close()

    async with asyncio.timeout(60):
        async with connected(database_url) as batch, batch.transaction():
            loader = TableLoader(batch, StoredPositions())
            await loader.prepare()
            await loader.load(rows_of(clicked(click(900, days_ago(4)))), accept_any)
            job = asyncio.create_task(retention.job.apply())
            await asyncio.wait({job}, timeout=1)
            assert not job.done()
        await job

    assert [(one.what, one.rows) for one in await list_removals(tables, 10)] == [("clicks", 3)]
    assert await tables.fetchval("SELECT clicks FROM rollup_days") == 3


async def test_one_of_two_jobs_removes_and_the_other_leaves_it_to_that_one(
    tables: asyncpg.Connection, database_url: str
) -> None:
    retention = Retention(database_url, clicks=3)
    await retention.fill()

    async with only_one(database_url, SESSION) as is_mine:
        assert is_mine
        assert not await retention.job.apply()
    assert await retention.job.apply()
    await retention.close()

    assert await days_of(tables, "clicks", "clicked_at") == kept(3)


@needs_pgbouncer
async def test_through_a_pooler_the_same_is_removed(postgres: str, tmp_path: Path) -> None:
    async with own_database(postgres) as direct, pooled(direct, tmp_path, "transaction") as through:
        await prepare(direct)
        retention = Retention(through, clicks=3, personal=1, rejections=2, letters=1)
        await retention.fill()
        async with only_one(through, SESSION) as is_mine:
            assert is_mine
            assert not await retention.job.apply()

        assert await retention.job.apply()
        await retention.close()

        async with connected(direct) as connection:
            assert await days_of(connection, "clicks", "clicked_at") == kept(3)
            assert await days_of(connection, "rejected_clicks", "rejected_at") == kept(2)
            assert await connection.fetchval("SELECT count(user_agent) FROM clicks") == 4


def test_the_policy_is_that_of_the_settings() -> None:
    settings = Settings(
        kafka_bootstrap_servers=("k:1",),
        database_url=Secret("postgresql://p/c"),
        retention_days=400,
        personal_days=30,
        rejected_days=90,
        letters_days=60,
    )

    assert read_policy(settings) == RetentionPolicy(clicks=400, personal=30, rejections=90, letters=60)
    assert not RetentionPolicy().removes_anything


async def test_a_job_without_its_database_says_that_it_is_away() -> None:
    retention = Retention("postgresql://ana@127.0.0.1:1/none", clicks=3)

    with pytest.raises(DependencyAway):
        await retention.job.apply()


async def test_a_drop_that_was_interrupted_is_completed_and_counted_once(
    tables: asyncpg.Connection, database_url: str
) -> None:
    retention = Retention(database_url, clicks=3)
    await retention.fill()
    async with connected(database_url) as reader, reader.transaction():
        await reader.fetch("SELECT count(*) FROM clicks")
        job = asyncio.create_task(retention.job.apply())
        await ended_while_detaching(tables)
        with pytest.raises(DependencyAway):
            await job

    async with asyncio.timeout(60):
        await retention.job.apply()
    await retention.close()

    removals = await list_removals(tables, 10)
    assert [(one.what, one.rows) for one in removals] == [("clicks", 2)]
    assert await days_of(tables, "clicks", "clicked_at") == kept(3)


async def test_a_day_that_was_detached_and_not_dropped_is_dropped_by_the_next_round(
    tables: asyncpg.Connection, database_url: str
) -> None:
    retention = Retention(database_url, clicks=3)
    await retention.fill()
    await retention.job.apply()
    # As an interrupted drop leaves a day: recorded and detached. The operator's day is detached alone.
    left, of_operator = (f"clicks_{days_ago(number):%Y%m%d}" for number in (3, 2))
    await tables.execute("INSERT INTO dropped_click_days (day) VALUES ($1)", days_ago(3).date())
    await add_removal(tables, "clicks", days_ago(3).date(), 2, 100)
    for name in (left, of_operator):
        await tables.execute(f"ALTER TABLE clicks DETACH PARTITION {name}")

    plan = await plan_retention(tables, RetentionPolicy(clicks=3), TODAY)
    await retention.job.apply()
    await retention.job.apply()
    await retention.close()

    assert plan.unfinished == [days_ago(3).date()]
    assert (await exists(tables, left), await exists(tables, of_operator)) == (False, True)
    assert retention.removed("clicks") == 4


async def exists(connection: asyncpg.Connection, table: str) -> bool:
    return bool(await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table))


async def ended_while_detaching(connection: asyncpg.Connection) -> None:
    """End the job's connections while it waits for readers of the day."""
    await eventually(lambda: is_detaching(connection))
    await connection.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND query LIKE $2",
        SESSION.application,
        "%DETACH%",
    )


async def test_a_day_that_must_stay_keeps_nothing_else_from_being_removed(
    tables: asyncpg.Connection, database_url: str
) -> None:
    retention = Retention(database_url, clicks=2, personal=1, rejections=2, letters=1)
    await retention.fill()
    # The rollups go back to three days ago: the oldest day is not counted yet.
    counted_from = start_of(TODAY - timedelta(days=3))
    await tables.execute("UPDATE rollup_state SET is_complete = false, counted_from = $1", counted_from)

    with pytest.raises(NotCounted, match=str(TODAY - timedelta(days=4))):
        await retention.job.apply()
    await retention.close()

    assert await days_of(tables, "clicks", "clicked_at") == [TODAY - timedelta(days=4), *kept(2)]
    assert [retention.removed(what) for what in ("clicks", "personal", "rejections", "letters")] == [2, 2, 2, 3]


async def test_while_somebody_reads_a_day_that_is_to_be_dropped_personal_columns_are_emptied(
    tables: asyncpg.Connection, database_url: str
) -> None:
    retention = Retention(database_url, clicks=3, personal=1, rejections=2)
    await retention.fill()
    async with connected(database_url) as reader, reader.transaction():
        await reader.fetch("SELECT count(*) FROM clicks")
        job = asyncio.create_task(retention.job.apply())
        await ended_while_detaching(tables)
        with pytest.raises(DependencyAway):
            await job
    await retention.close()

    assert [retention.removed(what) for what in ("clicks", "personal", "rejections")] == [0, 4, 2]


async def is_detaching(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)"))


async def test_old_rows_are_deleted_in_more_than_one_transaction(tables: asyncpg.Connection, database_url: str) -> None:
    retention = Retention(database_url)
    await retention.fill()
    await retention.close()

    assert await delete_old_rows(tables, "rejections", start_of(TODAY), at_once=3) == 4
    assert await days_of(tables, "rejected_clicks", "rejected_at") == [TODAY]


@pytest.mark.parametrize(
    ("days", "first"),
    [(0, date.min), (1, date(2026, 11, 23)), (30, date(2026, 10, 25)), (999_999, date.min)],
)
def test_the_first_day_that_is_kept(days: int, first: date) -> None:
    assert first_kept(date(2026, 11, 24), days) == first
