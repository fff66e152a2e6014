"""Empties the personal columns of a day's clicks, a few minutes of the day in each transaction.

Progress is written in the same transaction. A day is marked before its first click is changed: from then on the sink
empties these columns of late clicks itself (`storage.late_clicks`).
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from runtime.postgres import transaction
from storage.partitions import LOCK_TIMEOUT_S
from storage.personal import SCORE_SIGNALS, assignments, is_left, personal_columns
from storage.programs import list_personal_subs
from storage.retention.policy import start_of
from storage.retention.removals import add_removal

AT_ONCE: Final = 5000
STATEMENT_S: Final = 600.0
MINUTE: Final = timedelta(minutes=1)

LOCK: Final = "LOCK TABLE personal_days IN ACCESS EXCLUSIVE MODE"
"""Waits for the batches that have read the table, so that each later batch knows the day."""
MARK: Final = "INSERT INTO personal_days (day, emptied_until) VALUES ($1, $2) ON CONFLICT (day) DO NOTHING"
COUNT_MINUTES: Final = """
    SELECT date_trunc('minute', clicked_at, 'UTC') AS minute, count(*) FROM clicks
    WHERE clicked_at >= $1 AND clicked_at < $2 GROUP BY 1 ORDER BY 1
"""
LIST: Final = "SELECT day FROM personal_days WHERE day >= $1 AND day <= $2 ORDER BY day"
READ: Final = "SELECT emptied_until, ended_at FROM personal_days WHERE day = $1"
ADVANCE: Final = "UPDATE personal_days SET emptied_until = $3 WHERE day = $1 AND emptied_until = $2"
END: Final = "UPDATE personal_days SET ended_at = clock_timestamp() WHERE day = $1"
COLUMNS: Final = personal_columns("$3::text[]")
EMPTY: Final = f"""
    UPDATE clicks SET {assignments(COLUMNS)} WHERE clicked_at >= $1 AND clicked_at < $2 AND {is_left(COLUMNS)}
"""  # noqa: S608 - names of ours
EMPTY_SCORES: Final = f"""
    UPDATE click_scores SET signals = {SCORE_SIGNALS}
    WHERE clicked_at >= $1 AND clicked_at < $2 AND signals IS DISTINCT FROM {SCORE_SIGNALS}
"""  # noqa: S608 - names of ours
UNLIMITED: Final = """
    SELECT set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true)
    WHERE current_setting('timescaledb.max_tuples_decompressed_per_dml_transaction', true) IS NOT NULL
"""
"""TimescaleDB refuses to change more than 100,000 compressed rows otherwise. PostgreSQL does not know the setting."""


class MarkedDay(msgspec.Struct, frozen=True):
    """How far a day is emptied: its clicks before `emptied_until` are; all of them if `ended_at` is set."""

    emptied_until: datetime
    ended_at: datetime | None


async def empty_day(connection: asyncpg.Connection, day: date, size: int = 0) -> int:
    """Empty the personal columns of a day; return how many clicks were changed. Continues where another call ended.

    `size` is that of the day's table, for the record. Must not run inside a transaction.
    """
    marked = await mark_day(connection, day)
    if marked.ended_at is not None:
        return 0
    programs = await list_personal_subs(connection)
    end = start_of(day) + timedelta(days=1)
    minutes = await connection.fetch(COUNT_MINUTES, marked.emptied_until, end, timeout=STATEMENT_S)
    changed, since = 0, marked.emptied_until
    for until in split([tuple(row) for row in minutes], end):
        changed += await empty_range(connection, day, (since, until), programs, size)
        since = until
    return changed


async def list_emptied_days(connection: asyncpg.Connection, first: date, last: date) -> list[date]:
    """Return the days of this time whose personal columns are empty, or being emptied."""
    return [row["day"] for row in await connection.fetch(LIST, first, last)]


async def mark_day(connection: asyncpg.Connection, day: date) -> MarkedDay:
    """Mark a day as one without personal columns, unless it is; return how far it is emptied."""
    row = await connection.fetchrow(READ, day)
    if row is None:
        async with transaction(connection):
            await connection.execute(f"SET LOCAL lock_timeout = {round(LOCK_TIMEOUT_S * 1000)}")
            await connection.execute(LOCK)
            await connection.execute(MARK, day, start_of(day))
        row = await connection.fetchrow(READ, day)
    return MarkedDay(*row)


async def empty_range(
    connection: asyncpg.Connection, day: date, span: tuple[datetime, datetime], programs: Sequence[str], size: int
) -> int:
    """Empty the clicks of a part of the day, and note it, in one transaction."""
    since, until = span
    async with transaction(connection):
        if await connection.execute(ADVANCE, day, since, until) != "UPDATE 1":
            # Another process has emptied this part meanwhile.
            return 0
        await connection.execute(UNLIMITED)
        status = await connection.execute(EMPTY, since, until, programs, timeout=STATEMENT_S)
        await connection.execute(EMPTY_SCORES, since, until, timeout=STATEMENT_S)
        changed = int(status.rsplit(" ", 1)[1])
        is_last = until == start_of(day) + timedelta(days=1)
        if is_last:
            await connection.execute(END, day)
        await add_removal(connection, "personal", day, changed, size if is_last else 0)
    return changed


def split(minutes: Sequence[tuple[datetime, int]], end: datetime) -> Iterator[datetime]:
    """Give the ends of parts of a day that have about `AT_ONCE` clicks each; the last one is `end`."""
    clicks = 0
    for minute, count in minutes:
        if clicks and clicks + count > AT_ONCE:
            yield minute.astimezone(UTC)
            clicks = 0
        clicks += count
    yield end
