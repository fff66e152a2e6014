"""Clicks that are stored late: each is settled, however many they are."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from quality.rules import DEFAULT_RULES
from tests.console.builders import NOW, open_tables
from tests.settler.builders import click, rounds_over, scores, store_at

pytestmark = pytest.mark.servers

FAR_APART = [click(-200_000 + 25_000 * n, n) for n in range(7)]


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


async def test_however_many_clicks_are_stored_late_each_is_settled(tables: asyncpg.Connection) -> None:
    rounds = rounds_over(tables, late_page=2)
    await rounds.run(DEFAULT_RULES, NOW)

    await store_at(tables, FAR_APART, NOW + timedelta(minutes=1))
    await rounds.run(DEFAULT_RULES, NOW + timedelta(minutes=20))

    assert [click_id for click_id, _, _ in await scores(tables)] == [one.click_id for one in FAR_APART]


async def test_late_clicks_that_a_stopped_settler_left_are_settled_by_the_next(tables: asyncpg.Connection) -> None:
    await rounds_over(tables).run(DEFAULT_RULES, NOW)
    await store_at(tables, FAR_APART, NOW + timedelta(minutes=1))

    settled = [0]
    for calls in range(2, 60, 3):
        left = iter(range(calls))
        minutes = timedelta(minutes=20 + 20 * calls)
        stopped = rounds_over(tables, page=2, late_page=2)
        await stopped.run(DEFAULT_RULES, NOW + minutes, lambda left=left: next(left, None) is None)
        settled.append(len(await scores(tables)))

    assert settled[-1] == len(FAR_APART)
    assert settled == sorted(settled)
    assert len(set(settled)) > 2
