"""The newest migrations on a table of many clicks, while more arrive: the longest wait of a write is measured."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import msgspec
import pytest

from runtime.migration_files import MigrationSet, find_migrations
from runtime.migrations import migrate
from storage.columns import CLICK_COLUMNS
from storage.partitions import CLICKS, NAME
from storage.rows import click_row
from tests.console.builders import enriched_click, insert
from tests.faults.drill import Drill
from tests.sink.test_migrations import added_after_first

pytestmark = [pytest.mark.servers, pytest.mark.processes]

MANY: Final = 10_000_000
FEW: Final = 20_000
DAYS: Final = 10
EACH_S: Final = 0.02
PATIENT_S: Final = 3000.0
BEFORE_ROLLUPS: Final = 13
BEFORE_THE_LAST: Final = 17
"""Storage's migrations after this one promise that nobody waits long; 0014 builds an index in its transaction."""
PROMISED_S: Final = 2.0
"""A wait for a lock is 1.5 s at most, and what follows it takes a moment."""
TODAY: Final = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def first(storage: MigrationSet, count: int) -> MigrationSet:
    return msgspec.structs.replace(storage, migrations=storage.migrations[:count])


def old_row(number: int) -> dict[str, object]:
    """Give a click as the tables had it before any migration."""
    columns: dict[str, object] = dict(zip(CLICK_COLUMNS, click_row(enriched_click(TODAY, number), TODAY), strict=True))
    return {name: value for name, value in columns.items() if name not in added_after_first(find_migrations("storage"))}


async def fill(connection: asyncpg.Connection, rows: int) -> None:
    """Fill the days up to today with copies of one click."""
    for back in range(DAYS):
        day = TODAY - timedelta(days=back)
        await connection.execute(
            f"CREATE TABLE {NAME.format(CLICKS, day)} PARTITION OF clicks "
            f"FOR VALUES FROM ('{day.isoformat()}') TO ('{(day + timedelta(days=1)).isoformat()}')"
        )
    row = old_row(0)
    await insert(connection, "clicks", tuple(row), [tuple(row.values())])
    others = ", ".join(f'"{name}"' for name in row if name not in ("click_id", "clicked_at"))
    await connection.execute(
        f"INSERT INTO clicks (click_id, clicked_at, {others}) SELECT lpad(number::text, 26, '0'), "
        f"clicked_at - number % {DAYS} * interval '1 day' + number * interval '1 ms', {others} "
        f"FROM clicks, generate_series(1, {rows}) AS number",
        timeout=PATIENT_S,
    )
    await connection.execute("ANALYZE clicks", timeout=PATIENT_S)


@asynccontextmanager
async def clicks_flowing(url: str) -> AsyncIterator[list[float]]:
    """Store a click every few milliseconds during the block; give how long each took."""
    connection = await asyncpg.connect(url, command_timeout=PATIENT_S)
    ended, waits, row = asyncio.Event(), list[float](), old_row(0)

    async def store_on() -> None:
        while not ended.is_set():
            began = time.monotonic()
            row["click_id"] = f"{time.time_ns():026}"
            await insert(connection, "clicks", tuple(row), [tuple(row.values())])
            waits.append(time.monotonic() - began)
            await asyncio.sleep(EACH_S)

    async with asyncio.TaskGroup() as group:
        group.create_task(store_on())
        try:
            yield waits
        finally:
            ended.set()
    await connection.close()


async def measure_longest_wait(url: str, connection: asyncpg.Connection, packages: Sequence[MigrationSet]) -> float:
    async with clicks_flowing(url) as waits:
        await asyncio.sleep(10 * EACH_S)
        await migrate(connection, packages)
        await asyncio.sleep(10 * EACH_S)
    return max(waits)


@pytest.mark.timeout(3600)
async def test_no_write_waits_long_for_the_newest_migrations(empty_url: str, drill: Drill) -> None:
    storage, rows = find_migrations("storage"), MANY if drill.long else FEW
    connection = await asyncpg.connect(empty_url, command_timeout=PATIENT_S)
    await migrate(connection, [find_migrations("referrals"), first(storage, BEFORE_ROLLUPS)])
    await fill(connection, rows)

    older_s = await measure_longest_wait(empty_url, connection, [first(storage, BEFORE_THE_LAST)])
    longest_s = await measure_longest_wait(empty_url, connection, [storage, find_migrations("console")])

    flowed = await connection.fetchval("SELECT count(*) FROM clicks") - rows - 1
    await connection.close()
    what = f"storage's migrations {{}} on {rows:,} clicks while {flowed} more are stored"
    drill.note("25", what.format("0014-0017"), f"longest write {older_s:.2f} s", "none", met=None)
    drill.note("25", what.format("0018-"), f"longest write {longest_s:.2f} s", "<= 2 s", longest_s <= PROMISED_S)
    assert flowed > 0
    assert longest_s <= 3 * PROMISED_S
