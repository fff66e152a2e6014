"""Outages and losses, as the tables know them."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from storage.read.outages import (
    LostClicks,
    Refusals,
    Silence,
    join_minutes,
    read_losses,
    read_refusals,
    read_silences,
)
from tests.console.builders import rejected_click, store

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = (NOON - timedelta(hours=12), NOON + timedelta(hours=12))
PROCESS = "01KAT2Z0QG4N5J8T6M7R9V1W3X"


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    await migrate(connection, [find_migrations("storage")])
    yield connection
    await connection.close()


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


async def add_minutes(tables: asyncpg.Connection, numbers: Iterable[int]) -> None:
    rows = [(minute(number), PROCESS, place) for place, number in enumerate(numbers, 1)]
    await tables.executemany("INSERT INTO ledger_minutes (minute, process, highest) VALUES ($1, $2, $3)", rows)


def test_minutes_with_refusals_are_one_outage_until_ten_are_without() -> None:
    found = join_minutes([(minute(0), 3), (minute(1), 4), (minute(12), 5), (minute(24), 1)])

    assert found == [Refusals(minute(0), minute(13), 12), Refusals(minute(24), minute(25), 1)]


@pytest.mark.servers
async def test_visits_that_were_refused_because_no_store_answered_are_an_outage_and_other_refusals_are_none(
    tables: asyncpg.Connection,
) -> None:
    reasons = ("R501", "R501", "R102")
    await store(tables, [rejected_click(minute(3), place, reason=reason) for place, reason in enumerate(reasons)])

    assert await read_refusals(tables, *DAY) == [Refusals(minute(3), minute(4), 2)]
    assert await read_refusals(tables, minute(4), DAY[1]) == []


@pytest.mark.servers
async def test_a_silence_follows_an_hour_with_clicks_in_nearly_every_minute(tables: asyncpg.Connection) -> None:
    # 12 minutes without a click follow a busy hour, and later ones after a quiet hour are no surprise.
    await add_minutes(tables, [*range(60), *range(72, 180, 20)])

    assert await read_silences(tables, *DAY) == [Silence(minute(60), minute(72))]
    assert await read_silences(tables, minute(65), DAY[1]) == [Silence(minute(60), minute(72))]
    assert await read_silences(tables, minute(72), DAY[1]) == []


@pytest.mark.servers
async def test_ten_minutes_are_no_silence_nor_is_one_that_is_not_over(tables: asyncpg.Connection) -> None:
    await add_minutes(tables, [*range(60), *range(69, 129)])

    assert await read_silences(tables, *DAY) == []


@pytest.mark.servers
async def test_what_was_acknowledged_together_is_one_loss_without_what_came_after_all(
    tables: asyncpg.Connection,
) -> None:
    rows = [(minute(5), 1, 4, "a disk died"), (minute(2), 8, 9, "a disk died"), (minute(9), 20, 21, "a test")]
    await tables.executemany(
        "INSERT INTO ledger_acknowledged (process, minute, numbers, acknowledged_at, acknowledged_by, reason)"
        f" VALUES ('{PROCESS}', $1, int8range($2, $3, '[]'), '2026-11-25', 'Ann', $4)",
        rows,
    )
    await tables.execute(
        f"INSERT INTO ledger_processes (process, stored, last_at) VALUES ('{PROCESS}', '{{[1,2),[20,22)}}', now())"
    )

    assert await read_losses(tables, *DAY) == [LostClicks(minute(2), 5, "a disk died")]
