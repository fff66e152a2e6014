"""Counts days again from their clicks: each day in one transaction, in which nobody else counts.

What is rolled is counted; what is pending is left to the roller. Frozen days are left as they are.
"""

from datetime import date
from typing import Final

import asyncpg

from runtime.postgres import transaction
from storage.rollups.batches import ADD_UP, MINUTES_KEPT, MOVES, NAMES
from storage.rollups.cells import ADD_MONTHS, UPSERT, write_cells
from storage.rollups.counted_rows import COUNT_CLICKED, IS_COUNTED, KEEP_VERDICTS, SIGNED_CHANGES, ZONE, write_clicked
from storage.rollups.details import AS_THEY_ARE, FIND_BUSY, mark_busy
from storage.rollups.grouping_sets import DETAILED_SETS, PLAIN_SETS
from storage.rollups.limits import LIMITS, Limits, fill
from storage.rollups.local_days import write_after, write_first_at
from storage.rollups.lock import lock
from storage.rollups.measures import MEASURES, count_measures
from storage.rollups.months import remake_month
from storage.rollups.planning import counting

FIRST_AT: Final = write_first_at("$1::date")
AFTER: Final = write_after("$1::date")
LIST_DAYS: Final = f"""
    SELECT day FROM (
        SELECT DISTINCT (period AT TIME ZONE {ZONE})::date AS day FROM click_rollups
        WHERE kind = 'p' AND entity = '' AND dim = 0 AND grain = 'd'
        UNION
        SELECT generate_series(
            (SELECT min(clicked_at) FROM clicks) AT TIME ZONE {ZONE},
            (SELECT max(clicked_at) FROM clicks) AT TIME ZONE {ZONE} + interval '1 day', interval '1 day'
        )::date
    ) AS days
    WHERE ($1::date IS NULL OR day >= $1) AND ($2::date IS NULL OR day <= $2) ORDER BY day DESC
"""  # noqa: S608 - fixed texts
IS_FROZEN: Final = f"SELECT EXISTS (SELECT FROM rollup_days WHERE first_at < {AFTER} AND until > {FIRST_AT})"  # noqa: S608 - fixed texts
OF_FROZEN: Final = "EXISTS (SELECT FROM rollup_days WHERE first_at <= {0} AND until > {0})"
CLEAR: Final = f"""
    DELETE FROM click_rollups
    WHERE grain IN ('h', 'd') AND period >= {FIRST_AT} AND period < {AFTER} AND NOT {OF_FROZEN.format("period")}
"""  # noqa: S608 - fixed texts
CLEAR_VERDICTS: Final = f"""
    DELETE FROM rollup_verdicts WHERE clicked_at >= {FIRST_AT} AND clicked_at < {AFTER} AND NOT EXISTS (
        SELECT FROM clicks
        WHERE clicks.clicked_at = rollup_verdicts.clicked_at AND clicks.click_id = rollup_verdicts.click_id
    )
"""  # noqa: S608 - fixed texts
OF_DAY: Final = f"FROM clicks_now WHERE clicks_now.clicked_at >= {FIRST_AT} AND clicks_now.clicked_at < {AFTER}"
CLICKED: Final = write_clicked(OF_DAY, f"{IS_COUNTED} AND NOT {OF_FROZEN.format('clicks_now.clicked_at')}")
COUNT: Final = f"""
    WITH {CLICKED}, {SIGNED_CHANGES}, {KEEP_VERDICTS}, {COUNT_CLICKED}, {write_cells(PLAIN_SETS)}, {ADD_MONTHS},
        touched AS ({UPSERT} RETURNING *)
    {FIND_BUSY}
"""
COUNT_DETAILS: Final = f"WITH {CLICKED}, {COUNT_CLICKED}, {write_cells(DETAILED_SETS)}, {AS_THEY_ARE} {UPSERT}"
"""Counts what COUNT left: once it is known who is busy, details cost one look at the day, however many have them."""
DIFFERENCES: Final = ", ".join(f"coalesce(counted.{name}, 0) - coalesce(kept.{name}, 0)" for name in MEASURES)
MEND_MINUTES: Final = f"""
    INSERT INTO click_minutes AS old (minute, program_id, slot, {NAMES})
    SELECT minute, program_id, {MOVES}, {DIFFERENCES}
    FROM (
        SELECT date_trunc('minute', clicked_at, 'UTC') AS minute, program_id, {count_measures()} {OF_DAY} GROUP BY 1, 2
    ) AS counted FULL JOIN (
        SELECT minute, program_id, {", ".join(f"sum({name}) AS {name}" for name in MEASURES)} FROM click_minutes
        WHERE minute >= {FIRST_AT} AND minute < {AFTER} GROUP BY 1, 2
    ) AS kept USING (minute, program_id)
    WHERE minute >= now() - make_interval(secs => {MINUTES_KEPT.total_seconds():.0f})
        AND NOT {OF_FROZEN.format("minute")}
        AND ({DIFFERENCES}) <> ({", ".join("0" for _ in MEASURES)})
    ON CONFLICT (minute, program_id, slot) DO UPDATE SET {ADD_UP}
"""  # noqa: S608 - fixed texts
"""Compares in one snapshot, so that no sink has to stop: the difference goes into a slot of its own. Of frozen days the
clicks may be gone before the minutes."""
REBUILD_S: Final = 3600.0

FIND_NEXT: Final = f"""
    SELECT least({write_first_at("day")}, clicked_at) AS first_at, day FROM (
        SELECT clicked_at, (clicked_at AT TIME ZONE {ZONE})::date AS day FROM clicks
        WHERE clicked_at < (SELECT counted_from FROM rollup_state) ORDER BY clicked_at DESC LIMIT 1
    ) AS newest
"""  # noqa: S608 - fixed texts
"""Whatever the zone, it never gives the same click twice: that would count its day without end."""
GO_BACK: Final = "UPDATE rollup_state SET counted_from = $1"
COMPLETE: Final = "UPDATE rollup_state SET counted_from = '-infinity', is_complete = true WHERE NOT is_complete"
BEGIN_AGAIN: Final = "UPDATE rollup_state SET zone = $1, counted_from = 'infinity', is_complete = false"
CLEAR_CUT: Final = f"""
    DELETE FROM click_rollups USING (
        SELECT until, until - interval '1 microsecond' AS last_at FROM rollup_days one WHERE NOT EXISTS (
            SELECT FROM rollup_days other WHERE other.first_at <= one.until AND other.until > one.until
        )
    ) AS frozen
    WHERE grain = 'd' AND period = date_trunc('day', last_at, {ZONE})
            AND {write_after(f"(last_at AT TIME ZONE {ZONE})::date")} > until
        OR grain = 'h' AND period = date_trunc('hour', last_at, {ZONE}) AND period + interval '1 hour' > until
"""  # noqa: S608 - fixed texts
"""Removes the day and hour in which frozen days of another zone end: they begin before that end, but count what is
after it."""
CLEAR_ALL: Final = f"DELETE FROM click_rollups WHERE grain = 'm' OR NOT {OF_FROZEN.format('period')}"  # noqa: S608 - fixed texts


async def list_days(connection: asyncpg.Connection, first: date | None, last: date | None) -> list[date]:
    """Return the days of the reporting zone that have clicks or counts, the newest first."""
    return [row[0] for row in await connection.fetch(LIST_DAYS, first, last)]


async def rebuild_day(connection: asyncpg.Connection, day: date, limits: Limits = LIMITS) -> bool:
    """Count a day again; return whether it was done: a frozen day is left."""
    async with transaction(connection):
        await lock(connection)
        if await connection.fetchval(IS_FROZEN, day):
            return False
        await count_day(connection, day, limits)
    return True


async def count_day(connection: asyncpg.Connection, day: date, limits: Limits) -> None:
    """Count a day again in the transaction that holds the lock."""
    await connection.execute(CLEAR_VERDICTS, day, timeout=REBUILD_S)
    await connection.execute(CLEAR, day, timeout=REBUILD_S)
    async with counting(connection):
        busy = await connection.fetch(fill(COUNT, limits), day, timeout=REBUILD_S)
    await mark_busy(connection, busy)
    async with counting(connection):
        await connection.execute(fill(COUNT_DETAILS, limits), day, timeout=REBUILD_S)
    await connection.execute(MEND_MINUTES, day, timeout=REBUILD_S)
    await remake_month(connection, await connection.fetchval(f"SELECT {FIRST_AT}", day))


async def count_earlier_day(connection: asyncpg.Connection, limits: Limits = LIMITS) -> date | None:
    """Count the newest day that is not counted yet, and return it. None: all are counted, which is noted."""
    async with transaction(connection):
        await lock(connection)
        row = await connection.fetchrow(FIND_NEXT)
        if row is None:
            await connection.execute(COMPLETE)
            return None
        await connection.execute(GO_BACK, row["first_at"])
        await count_day(connection, row["day"], limits)
        day: date = row["day"]
        return day


async def begin_again(connection: asyncpg.Connection, zone: str) -> None:
    """Clear the counts, to count all in another zone. Frozen days stay, in the zone in which they were counted."""
    async with transaction(connection):
        await lock(connection)
        await connection.execute(CLEAR_CUT, timeout=REBUILD_S)
        await connection.execute(BEGIN_AGAIN, zone)
        await connection.execute(CLEAR_ALL, timeout=REBUILD_S)
        await connection.execute("DELETE FROM rollup_months")
