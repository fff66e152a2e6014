"""Lets the clicks of a dropped day be stored again, and takes what was counted of it out of the rollups.

Storing the day again counts all of its clicks, so what was kept would be counted twice. A day of the reporting zone is
counted as a whole: none of its clicks may be of another dropped day.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

import asyncpg
import msgspec

from runtime.errors import Stuck
from runtime.postgres import transaction
from storage.retention.policy import start_of
from storage.rollups.counted_rows import ZONE
from storage.rollups.limits import LIMITS, Limits
from storage.rollups.lock import lock
from storage.rollups.rebuild import count_day
from storage.unfinished_drops import finish_drops

READ_SPAN: Final = """
    SELECT min(first_at) AS first_at, max(until) AS until, coalesce(sum(clicks), 0)::bigint AS clicks FROM rollup_days
    WHERE first_at < $1::timestamptz + interval '24 hours' AND until > $1
"""
FIND_OTHERS: Final = """
    SELECT day FROM dropped_click_days
    WHERE day <> ALL($1::date[]) AND day::timestamp AT TIME ZONE 'UTC' < $3
        AND (day + 1)::timestamp AT TIME ZONE 'UTC' > $2
    ORDER BY day
"""
LIST_LOCAL_DAYS: Final = f"""
    SELECT generate_series(
        ($1::timestamptz AT TIME ZONE {ZONE})::date,
        (($2::timestamptz - interval '1 microsecond') AT TIME ZONE {ZONE})::date, interval '1 day'
    )::date
"""
ALLOW: Final = "DELETE FROM dropped_click_days WHERE day = $1"
UNFREEZE: Final = "DELETE FROM rollup_days WHERE first_at < $2 AND until > $1"
FIND_DROPPED: Final = "SELECT day FROM dropped_click_days WHERE day = ANY($1::date[])"


class NotRestorable(Stuck):
    """These days cannot be restored; the message says why, and what to do."""


class KeptCounts(msgspec.Struct, frozen=True):
    """What is kept of a dropped day (UTC): its frozen days of the reporting zone, and their clicks; null: nothing."""

    day: date
    first_at: datetime | None
    until: datetime | None
    clicks: int


async def read_kept(connection: asyncpg.Connection, days: Collection[date]) -> list[KeptCounts]:
    """Say what is kept of these days. Raises NotRestorable."""
    dropped = {row["day"] for row in await connection.fetch(FIND_DROPPED, list(days))}
    for day in days:
        if day not in dropped:
            raise NotRestorable(f"{day} was not dropped: `clickrail storage status` names the newest day that was")
    kept = []
    for day in sorted(days):
        span = await connection.fetchrow(READ_SPAN, start_of(day))
        others = await connection.fetch(FIND_OTHERS, list(days), span["first_at"], span["until"])
        if others:
            raise NotRestorable(
                f"{day} shares a day of the reporting zone with {others[0]['day']}, which was dropped too:"
                " restore both, and store both again"
            )
        kept.append(KeptCounts(day, *span))
    return kept


async def restore_days(connection: asyncpg.Connection, days: Collection[date], limits: Limits = LIMITS) -> None:
    """Allow these days again, and count them by the clicks that are there, in one transaction. Raises NotRestorable.

    What an interrupted drop left of them goes first: a detached table would stand where the day's partition is made.
    Must not run inside a transaction.
    """
    await finish_drops(connection, days)
    async with transaction(connection):
        await lock(connection)
        kept = await read_kept(connection, days)
        for one in kept:
            await connection.execute(ALLOW, one.day)
            if one.first_at is not None:
                await connection.execute(UNFREEZE, one.first_at, one.until)
        spans = {(one.first_at, one.until) for one in kept if one.first_at is not None}
        local = {row[0] for span in spans for row in await connection.fetch(LIST_LOCAL_DAYS, *span)}
        for day in sorted(local):
            await count_day(connection, day, limits)
