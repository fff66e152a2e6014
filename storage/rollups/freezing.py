"""Closes days before their clicks go: none is added, and what was counted stays and is not counted again."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import asyncpg

from runtime.errors import Stuck
from runtime.postgres import transaction
from storage.days import record_drop
from storage.rollups.counted_rows import ZONE
from storage.rollups.limits import LIMITS, Limits
from storage.rollups.local_days import write_after, write_first_at
from storage.rollups.lock import lock
from storage.rollups.roller import MOST_CLICKS, roll_pending

IS_COUNTED: Final = "SELECT is_complete OR counted_from <= $1 FROM rollup_state"
IS_PENDING: Final = """
    SELECT EXISTS (SELECT FROM rollup_batches WHERE rolled_at IS NULL AND first_at < $2 AND last_at >= $1)
"""
FREEZE: Final = f"""
    INSERT INTO rollup_days AS old (day, clicks, first_at, until)
    SELECT day, coalesce(clicks, 0), {write_first_at("day")}, {write_after("day")}
    FROM (
        SELECT generate_series(
            ($1::timestamptz AT TIME ZONE {ZONE})::date,
            (($2::timestamptz - interval '1 microsecond') AT TIME ZONE {ZONE})::date, interval '1 day'
        )::date AS day
    ) AS days
    LEFT JOIN (
        SELECT period, sum(people + bots + app_fetches + prefetches + tests)::bigint AS clicks FROM click_rollups
        WHERE kind = 'p' AND entity = '' AND dim = 0 AND grain = 'd' GROUP BY period
    ) AS counted ON period = day::timestamp AT TIME ZONE {ZONE}
    ON CONFLICT (day) DO UPDATE SET clicks = old.clicks + excluded.clicks,
        first_at = least(old.first_at, excluded.first_at), until = greatest(old.until, excluded.until)
    WHERE excluded.first_at < old.first_at OR excluded.until > old.until
"""  # noqa: S608 - fixed texts
"""A day that was frozen in another zone has other hours: then both are frozen under its name."""


class NotCounted(Stuck):
    """The clicks of a day are not in the rollups yet, so they must stay. The roller counts them, day by day."""


async def close_day(connection: asyncpg.Connection, day: date) -> None:
    """Refuse clicks of a day that is to be dropped, and make its counts final. Not inside a transaction.

    A click that was stored in between would be in no count. Safe to repeat. Raises NotCounted, before any click is
    refused.
    """
    await check_counted(connection, day)
    await record_drop(connection, day)
    await freeze_day(connection, day)


async def freeze_day(connection: asyncpg.Connection, day: date, limits: Limits = LIMITS) -> None:
    """Make the counts of a day (UTC) final, before its clicks are removed. Not inside a transaction.

    Freezes each day of the reporting zone that has a part of it. Safe to repeat. Raises NotCounted while the rollups
    do not go back to this day.
    """
    first = datetime.combine(day, time(), UTC)
    span = first, first + timedelta(days=1)
    while True:
        async with transaction(connection):
            await lock(connection)
            await check_counted(connection, day)
            if not await connection.fetchval(IS_PENDING, *span):
                await connection.execute(FREEZE, *span)
                return
            await roll_pending(connection, MOST_CLICKS, limits)


async def check_counted(connection: asyncpg.Connection, day: date) -> None:
    """Raise NotCounted unless the rollups go back to this day."""
    if not await connection.fetchval(IS_COUNTED, datetime.combine(day, time(), UTC)):
        raise NotCounted(f"the clicks of {day} are not counted yet: see `clickrail rollups status`")
