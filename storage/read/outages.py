"""Outages as the tables know them: visits refused because no store answered, times without a click, lost clicks."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from schemas.reasons import STORES_AWAY
from storage.read.queries import QUERY_S, Reader

MOST: Final = 200
MOST_MINUTES: Final = 3000
APART: Final = timedelta(minutes=10)
"""Refusals that are further apart are of two outages."""
SILENT: Final = timedelta(minutes=10)
BUSY_MINUTES: Final = 55
"""With clicks in so many of the last 60 minutes there are about 2.5 a minute: ten minutes without one are no chance."""

REFUSED: Final = f"""
    SELECT date_trunc('minute', rejected_at, 'UTC') AS minute, count(*) AS visits FROM rejected_clicks
    WHERE reason = '{STORES_AWAY.number}' AND rejected_at >= $1 AND rejected_at < $2
    GROUP BY 1 ORDER BY 1 DESC LIMIT {MOST_MINUTES}
"""  # noqa: S608 - a number of our own
SILENCES: Final = f"""
    WITH minutes AS (
        SELECT DISTINCT minute FROM ledger_minutes WHERE minute >= $1::timestamptz - interval '1 day' AND minute < $2
    ), busy AS (
        SELECT minute, lead(minute) OVER (ORDER BY minute) AS next_minute,
            count(*) OVER (ORDER BY minute RANGE BETWEEN interval '59 minutes' PRECEDING AND CURRENT ROW) AS busy
        FROM minutes
    )
    SELECT minute + interval '1 minute', next_minute FROM busy
    WHERE next_minute - minute > $3 AND busy >= {BUSY_MINUTES} AND next_minute > $1
    ORDER BY minute DESC LIMIT {MOST}
"""  # noqa: S608 - parts of our own
LOSSES: Final = f"""
    SELECT min(a.minute), sum(upper(a.numbers) - lower(a.numbers) - (
        SELECT coalesce(sum(upper(part) - lower(part)), 0)
        FROM unnest(int8multirange(a.numbers) * coalesce(n.arrived, '{{}}')) AS part
    ))::bigint, a.reason
    FROM ledger_acknowledged a LEFT JOIN ledger_numbers n USING (process)
    WHERE a.minute >= $1 AND a.minute < $2
    GROUP BY a.acknowledged_at, a.reason ORDER BY 1 DESC LIMIT {MOST}
"""  # noqa: S608 - parts of our own


class Refusals(msgspec.Struct, frozen=True):
    """An outage of Redis and PostgreSQL in which visits were refused, from the first minute to the end of the last."""

    begin: datetime
    end: datetime
    visits: int


class Silence(msgspec.Struct, frozen=True):
    """A time without any click, after an hour with clicks in nearly every minute."""

    begin: datetime
    end: datetime


class LostClicks(msgspec.Struct, frozen=True):
    """Clicks that somebody has acknowledged as lost, and that have not come after all. `at`: their first minute."""

    at: datetime
    clicks: int
    reason: str


async def read_refusals(reader: Reader, begin: datetime, end: datetime) -> list[Refusals]:
    """Find the outages with refused visits, the oldest first. Raises asyncpg's errors."""
    rows = await reader.fetch(REFUSED, begin, end, timeout=QUERY_S)
    return join_minutes((row["minute"], row["visits"]) for row in reversed(rows))


def join_minutes(minutes: Iterable[tuple[datetime, int]]) -> list[Refusals]:
    """Join minutes, the oldest first, that are no more than APART. Pure."""
    found: list[Refusals] = []
    for minute, visits in minutes:
        end = minute + timedelta(minutes=1)
        if found and minute - found[-1].end <= APART:
            last = found.pop()
            found.append(Refusals(last.begin, end, last.visits + visits))
        else:
            found.append(Refusals(minute, end, visits))
    return found


async def read_silences(reader: Reader, begin: datetime, end: datetime) -> list[Silence]:
    """Find the times without a click that are over, as far back as the ledger is kept. Raises asyncpg's errors.

    The minutes are those in which clicks were made, so clicks that were stored late leave no silence.
    """
    rows = await reader.fetch(SILENCES, begin, end, SILENT, timeout=QUERY_S)
    return [Silence(*row) for row in rows]


async def read_losses(reader: Reader, begin: datetime, end: datetime) -> list[LostClicks]:
    """Find the acknowledged losses. Raises asyncpg's errors."""
    rows = await reader.fetch(LOSSES, begin, end, timeout=QUERY_S)
    return [LostClicks(*row) for row in rows if row[1] > 0]
