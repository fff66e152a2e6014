"""Acknowledging: all that the page counted, once."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from storage.read.ledger import GRACE, MOST_HOLES, HoleReport, read_holes
from tests.console.pipeline.builders import make_process
from tests.console.running import Console

pytestmark = pytest.mark.servers

HOLES = MOST_HOLES + 100


async def lose_every_second_click(tables: asyncpg.Connection, now: datetime) -> HoleReport:
    process, minute = make_process(now), now.replace(second=0, microsecond=0) - timedelta(minutes=5)
    arrived = ",".join(f"[{number},{number + 1})" for number in range(2, 2 * HOLES + 1, 2))
    await tables.execute(
        "INSERT INTO ledger_processes (process, stored, dead, last_at) VALUES ($1, $2::text::int8multirange, '{}', $3)",
        *(process, f"{{{arrived}}}", now),
    )
    await tables.execute(
        "INSERT INTO ledger_minutes (minute, process, highest) VALUES ($1, $2, $3)", minute, process, 2 * HOLES
    )
    return await read_holes(tables, now, now - GRACE)


async def acknowledge(console: Console, clicks: int) -> int:
    form = {"csrf": await console.read_csrf(), "clicks": str(clicks), "reason": "a disk is gone"}
    async with console.client.post("/pipeline/losses", data=form, allow_redirects=False) as response:
        return response.status


async def test_two_people_acknowledge_more_holes_than_a_page_shows_and_one_of_them_does(
    tables_console: Console, tables: asyncpg.Connection
) -> None:
    now = datetime.now(UTC)
    found = await lose_every_second_click(tables, now)
    tables_console.environment.pipeline.ledger.report = found
    statuses = await asyncio.gather(*(acknowledge(tables_console, HOLES) for _ in range(2)))

    assert (found.missing, len(found.holes)) == (HOLES, MOST_HOLES)
    assert sorted(statuses) == [303, 409]
    assert (await read_holes(tables, now, now - GRACE)).missing == 0
    assert await tables.fetchval("SELECT count(*) FROM ledger_acknowledged") == HOLES
