"""Months: the sums of their days, made once a month is over. Later changes of a day change its month, too."""

from datetime import datetime
from typing import Final

import asyncpg

from storage.rollups.batches import NAMES
from storage.rollups.counted_rows import ZONE
from storage.rollups.measures import MEASURES

NEXT_MONTH: Final = f"((month AT TIME ZONE {ZONE}) + interval '1 month') AT TIME ZONE {ZONE}"
FIND_OVER: Final = f"""
    SELECT month FROM (
        SELECT DISTINCT date_trunc('month', period, {ZONE}) AS month FROM click_rollups
        WHERE kind = 'p' AND entity = '' AND dim = 0 AND grain = 'd'
    ) AS counted
    WHERE {NEXT_MONTH} < now() - interval '2 days' AND NOT EXISTS (
        SELECT FROM rollup_months WHERE rollup_months.month = counted.month
    ) ORDER BY month
"""  # noqa: S608 - fixed texts
CLEAR: Final = "DELETE FROM click_rollups WHERE grain = 'm' AND period = $1"
ADD_UP_DAYS: Final = f"""
    INSERT INTO click_rollups (grain, period, program_id, kind, entity, dim, value, dim2, value2, {NAMES})
    SELECT 'm', month, program_id, kind, entity, dim, value, 0, '', {", ".join(f"sum({name})" for name in MEASURES)}
    FROM (SELECT $1::timestamptz AS month) AS asked JOIN click_rollups ON period >= month AND period < {NEXT_MONTH}
    WHERE grain = 'd' AND dim2 = 0 AND (dim = 0 OR kind = 'p')
    GROUP BY month, program_id, kind, entity, dim, value
"""  # noqa: S608 - fixed texts
NOTE: Final = "INSERT INTO rollup_months (month) VALUES ($1) ON CONFLICT (month) DO NOTHING"
REMAKE: Final = f"SELECT month FROM rollup_months WHERE month = date_trunc('month', $1::timestamptz, {ZONE})"  # noqa: S608 - fixed texts


async def make_month(connection: asyncpg.Connection, month: datetime) -> None:
    """Add up the days of a month, in the transaction that holds the lock."""
    await connection.execute(CLEAR, month)
    await connection.execute(ADD_UP_DAYS, month)
    await connection.execute(NOTE, month)


async def remake_month(connection: asyncpg.Connection, day: datetime) -> None:
    """Add up the month of a day again, if it is made."""
    month = await connection.fetchval(REMAKE, day)
    if month is not None:
        await make_month(connection, month)


async def make_past_months(connection: asyncpg.Connection) -> int:
    """Make the months that are over, in the transaction that holds the lock; return how many."""
    months = [row[0] for row in await connection.fetch(FIND_OVER)]
    for month in months:
        await make_month(connection, month)
    return len(months)
