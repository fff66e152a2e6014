"""A part of a round that fails keeps no other from being done, and is tried again later."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from quality.rules import DEFAULT_RULES
from settler.parts import AGAIN_AFTER, Part
from tests.console.builders import NOW, open_tables
from tests.settler.builders import CLICKED, another_connection, click, rounds_over, scores, store_at, sweep_at

pytestmark = pytest.mark.servers

YESTERDAY = CLICKED - timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


async def test_a_day_that_cannot_be_counted_keeps_no_click_from_being_settled(tables: asyncpg.Connection) -> None:
    rounds = rounds_over(tables)
    await tables.execute("ALTER TABLE affiliate_quality RENAME TO affiliate_quality_away")
    await store_at(tables, sweep_at(0), CLICKED + timedelta(minutes=1))

    await rounds.run(DEFAULT_RULES, NOW)
    problem, settled = rounds.problem, len(await scores(tables))
    # A late click, of a day that is counted already.
    await store_at(tables, [click(-3600, 5)], NOW + timedelta(minutes=1))
    await tables.execute("UPDATE settling_progress SET quality_until = $1", NOW.date() + timedelta(days=1))
    await rounds.run(DEFAULT_RULES, NOW + timedelta(minutes=20))

    assert (problem or "").startswith("days are not counted for affiliates: ")
    assert (rounds.problem or "").startswith("late clicks are not settled: ")
    assert (settled, len(await scores(tables))) == (3, 4)


async def test_what_failed_is_done_later_and_then_nothing_is_wrong(tables: asyncpg.Connection) -> None:
    rounds = rounds_over(tables)
    await tables.execute("ALTER TABLE affiliate_quality RENAME TO affiliate_quality_away")
    await store_at(tables, [click(-86_400, 1)], YESTERDAY)
    problems = []
    for now in (NOW, NOW + SECOND, NOW + AGAIN_AFTER):
        await rounds.run(DEFAULT_RULES, now)
        problems.append(rounds.problem is None)
        if now == NOW:
            await tables.execute("ALTER TABLE affiliate_quality_away RENAME TO affiliate_quality")

    assert problems == [False, False, True]
    assert await tables.fetchval("SELECT sum(clicks) FROM affiliate_quality") == 1


async def test_a_part_whose_connection_is_lost_raises(database_url: str) -> None:
    async with another_connection(database_url) as connection:
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await Part("it").run(
                connection, NOW, lambda: connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            )
