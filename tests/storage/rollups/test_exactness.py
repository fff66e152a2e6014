"""Whatever happens, in whatever order: every count is the one of the clicks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schemas import EnrichedClick, Fraud, Uniqueness
from storage.rollups.limits import Limits
from storage.rollups.lock import lock
from storage.rollups.months import make_month
from storage.rollups.rebuild import begin_again, count_earlier_day, list_days, rebuild_day
from storage.rollups.roller import roll
from storage.rollups.verify import verify_day, verify_months
from storage.scored_clicks import ScoredClick
from storage.scores import ScoreWriter, add_verdict
from tests.examples import few
from tests.storage.rollups.builders import (
    BANDS,
    CLASSES,
    TODAY,
    UNIQUE,
    differing_minutes,
    make_click,
    make_rows,
    make_writer,
    open_tables,
)
from tests.storage.rollups.reference_count import differing_cells

pytestmark = pytest.mark.servers

SMALL = Limits(detailed_from=12, most_values=3, most_paired=2)
TABLES = (
    "clicks, click_scores, click_verdicts, click_minutes, click_rollups, rollup_batches, rollup_verdicts, rollup_days,"
    " rollup_months"
)
COUNT = 60


class Crash(Exception):  # noqa: N818 - named after the event
    """The connection is cut before a statement."""


class Cut:
    """Cuts a connection before its n-th statement."""

    def __init__(self, connection: asyncpg.Connection, before: int) -> None:
        self._left = before
        self._connection = connection
        connection.add_query_logger(self.note)

    def note(self, _: object) -> None:
        self._left -= 1
        if self._left == 0:
            self._connection.terminate()


def click_of(number: int, base: datetime) -> EnrichedClick:
    # Some on each side of midnight, some late.
    return make_click(number, base - timedelta(minutes=(number * 53) % 780))


class World:
    """The tables, two writers, and what may happen to them."""

    def __init__(self, url: str, tables: asyncpg.Connection, base: datetime = TODAY) -> None:
        self.url, self.tables, self.base = url, tables, base
        self.writers = [make_writer(url), make_writer(url)]

    async def close(self) -> None:
        for writer in self.writers:
            await writer.close()

    async def run(self, step: tuple[Any, ...]) -> None:
        name, *values = step
        await getattr(self, f"do_{name}")(*values)

    async def do_load(self, first: int, size: int) -> None:
        await self.writers[first % 2].write(make_rows(click_of(n, self.base) for n in range(first, first + size)))

    async def do_load_twice(self, first: int, size: int) -> None:
        rows = make_rows(click_of(n, self.base) for n in range(first, first + size))
        await asyncio.gather(*(writer.write(rows) for writer in self.writers))

    async def do_roll(self, most: int) -> None:
        await self._with_connection(lambda connection: roll(connection, most, SMALL, wait=True))

    async def do_roll_twice(self, most: int) -> None:
        await asyncio.gather(self.do_roll(most), self.do_roll(most))

    async def do_settle(self, first: int, size: int, kind: int) -> None:
        await self._with_connection(lambda connection: self.settle(connection, first, size, kind))

    async def settle(self, connection: asyncpg.Connection, first: int, size: int, kind: int) -> None:
        scored = [make_score(click_of(n, self.base), kind + n) for n in range(first, first + size)]
        writer = ScoreWriter(connection, SMALL)
        await writer.prepare(scored)
        await writer.write(scored)

    async def do_judge(self, number: int, verdict: Any) -> None:
        click = click_of(number, self.base)
        at = click.clicked_at
        await add_verdict(self.tables, (click.click_id, at), verdict, why="a test", who="ana", limits=SMALL)

    async def do_rebuild(self) -> None:
        for day in await list_days(self.tables, None, None):
            await rebuild_day(self.tables, day, SMALL)

    async def do_zone(self, zone: str) -> None:
        await begin_again(self.tables, zone)

    async def do_count_earlier(self) -> None:
        await count_earlier_day(self.tables, SMALL)

    async def do_count_all_earlier(self) -> None:
        """Count day by day until all are counted: the clicks are of two days."""
        for _ in range(5):
            if await count_earlier_day(self.tables, SMALL) is None:
                return
        raise AssertionError("the same days are counted again and again")

    async def do_rebuild_day(self, place: int) -> None:
        days = await list_days(self.tables, None, None)
        await rebuild_day(self.tables, days[place % len(days)], SMALL)

    async def do_month(self) -> None:
        async with self.tables.transaction():
            await lock(self.tables)
            await make_month(
                self.tables,
                await self.tables.fetchval(
                    "SELECT date_trunc('month', $1::timestamptz, zone) FROM rollup_state", self.base
                ),
            )

    async def do_crash(self, before: int, step: tuple[Any, ...]) -> None:
        """Run a step of which the connection is cut before its n-th statement."""
        connection = await asyncpg.connect(self.url)
        Cut(connection, before)
        try:
            match step:
                case ("settle", first, size, kind):
                    await self.settle(connection, first, size, kind)
                case _:
                    await roll(connection, 40, SMALL, wait=True)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            pass
        finally:
            connection.terminate()

    async def _with_connection(self, work: Callable[[asyncpg.Connection], Awaitable[object]]) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await work(connection)
        finally:
            await connection.close()

    async def check(self) -> None:
        if self.base >= TODAY:
            # Minutes of older clicks are not kept.
            assert await differing_minutes(self.tables) == []
        assert await differing_cells(self.tables) == {}
        for day in await list_days(self.tables, None, None):
            assert await verify_day(self.tables, day, SMALL) == []
        assert await verify_months(self.tables) == []


def make_score(click: EnrichedClick, kind: int) -> ScoredClick:
    fraud = Fraud(score=1, band=BANDS[1 + kind % 4], ivt_class=CLASSES[kind % 4], rules=f"r{kind % 2}", stage="settled")
    unique = Uniqueness(is_unique=UNIQUE[kind % 3], basis="address", status="judged")
    return ScoredClick(
        click.click_id,
        click.clicked_at,
        fraud,
        unique,
        None,
        unique.is_unique is not click.unique.is_unique,
        (fraud.band, fraud.ivt_class) != (click.fraud.band, click.fraud.ivt_class),
    )


numbers = st.integers(0, COUNT - 1)
sizes = st.integers(1, 25)
loads = st.tuples(st.just("load"), numbers, sizes)
settles = st.tuples(st.just("settle"), numbers, sizes, st.integers(0, 11))
rolls = st.tuples(st.just("roll"), st.integers(1, 60))
steps = st.one_of(
    loads,
    loads,
    st.tuples(st.just("load_twice"), numbers, sizes),
    rolls,
    rolls,
    st.tuples(st.just("roll_twice"), st.integers(1, 60)),
    settles,
    settles,
    st.tuples(st.just("judge"), numbers, st.sampled_from(["valid", "invalid", "withdrawn"])),
    st.tuples(st.just("rebuild")),
    st.tuples(st.just("zone"), st.sampled_from(["UTC", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"])),
    st.tuples(st.just("count_earlier")),
    st.tuples(st.just("month")),
    st.tuples(st.just("crash"), st.integers(1, 14), st.one_of(settles, rolls)),
)


async def run_world(database_url: str, chosen: Sequence[tuple[Any, ...]], base: datetime = TODAY) -> None:
    connection = await asyncpg.connect(database_url)
    world = World(database_url, connection, base)
    try:
        await connection.execute(f"TRUNCATE {TABLES}")
        await connection.execute("UPDATE rollup_state SET zone = 'UTC', is_complete = true, counted_from = '-infinity'")
        for step in chosen:
            await world.run(step)
            await world.check()
    finally:
        await world.close()
        await connection.close()


@pytest.fixture
async def migrated(database_url: str) -> str:
    async with open_tables(database_url):
        return database_url


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        # Midnight comes twice, and not at all.
        ("Atlantic/Azores", datetime(2026, 10, 25, 1, tzinfo=UTC)),
        ("America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC)),
        ("America/Havana", datetime(2026, 3, 8, 5, tzinfo=UTC)),
        ("Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)),
        ("Asia/Beirut", datetime(2026, 10, 24, 21, tzinfo=UTC)),
    ],
)
async def test_counts_are_those_of_the_clicks_where_clocks_change(migrated: str, zone: str, change: datetime) -> None:
    # The clicks are of the 13 hours before this time, so some are on each side.
    half = COUNT // 2
    steps = [
        *(("zone", zone), ("load", 0, half), ("roll", COUNT), ("count_all_earlier",), ("load", half, half)),
        *(("roll", COUNT), ("settle", half, half, 1), ("judge", half + 3, "invalid"), ("rebuild",)),
        *(("rebuild_day", place) for place in range(3)),
        *(("zone", zone), ("count_all_earlier",), ("month",)),
    ]
    await run_world(migrated, steps, change + timedelta(hours=6))


@pytest.mark.usefixtures("only_in_drill")
async def test_a_roller_and_a_settler_that_die_two_hundred_times_leave_every_count_right(migrated: str) -> None:
    deaths = [("crash", 1 + n % 14, ("settle", n % COUNT, 25, n % 12) if n % 2 else ("roll", 40)) for n in range(200)]
    loads = [("load", n % COUNT, 10) for n in range(200)]
    await run_world(migrated, [step for pair in zip(loads, deaths, strict=True) for step in pair])


@settings(
    max_examples=few(25),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)
@given(chosen=st.lists(steps, min_size=3, max_size=8))
async def test_counts_are_those_of_the_clicks_after_each_step(migrated: str, chosen: Sequence[tuple[Any, ...]]) -> None:
    await run_world(migrated, chosen)
