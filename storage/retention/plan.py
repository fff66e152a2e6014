"""What retention would remove now, and removing it."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import date, datetime
from functools import partial
from typing import Final

import asyncpg
import msgspec

from runtime.errors import Stuck
from runtime.postgres_errors import ERRORS
from storage.days import list_days
from storage.engine import read_engine
from storage.partitions import Partition
from storage.retention.old_days import drop_day, finish_day
from storage.retention.old_rows import OldRows, count_old_rows, delete_old_rows
from storage.retention.personal_days import empty_day
from storage.retention.policy import RetentionPolicy, first_kept, start_of
from storage.retention.removals import Removable
from storage.unfinished_drops import list_unfinished

READ_ENDED: Final = "SELECT day FROM personal_days WHERE ended_at IS NOT NULL"
LIST_DAYS: Final = """
    SELECT day::date AS day
    FROM (
        SELECT min(clicked_at) AT TIME ZONE 'UTC' AS first, max(clicked_at) AT TIME ZONE 'UTC' AS last FROM clicks
    ) AS times, generate_series(date_trunc('day', first), last, '1 day') AS day
    WHERE EXISTS (
        SELECT FROM clicks
        WHERE clicked_at >= day AT TIME ZONE 'UTC' AND clicked_at < (day + interval '1 day') AT TIME ZONE 'UTC'
    )
"""
READ_BEGUN: Final = "SELECT day, emptied_until FROM personal_days WHERE ended_at IS NULL"
FIRST_DAY: Final = date(1970, 1, 2)

Report = Callable[[Removable, int, int], None]
"""Is told what was removed, of how many days, and how many rows."""
Step = tuple[Removable, int, Callable[[], Awaitable[int]]]
"""What is removed, of how many days, and the function that removes it and returns how many rows."""


class RetentionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be removed: days to drop, days whose personal columns are emptied, old rejections and letters.

    `begun` are the days of which a part is emptied, and until what time; `unfinished` those whose drop was interrupted.
    """

    drop: list[Partition]
    empty: list[Partition]
    begun: dict[date, datetime]
    unfinished: list[date]
    rejections: int
    letters: int


async def plan_retention(connection: asyncpg.Connection, policy: RetentionPolicy, today: date) -> RetentionPlan:
    drop, empty = await choose_days(connection, policy, today)
    return RetentionPlan(
        drop=drop,
        empty=empty,
        begun={row["day"]: row["emptied_until"] for row in await connection.fetch(READ_BEGUN)},
        unfinished=await choose_unfinished(connection, drop),
        rejections=await count_old(connection, "rejections", policy.rejections, today),
        letters=await count_old(connection, "letters", policy.letters, today),
    )


async def apply_retention(connection: asyncpg.Connection, policy: RetentionPolicy, today: date, report: Report) -> None:
    """Remove what is old, a day at a time, the oldest first. Must not run inside a transaction.

    What cannot be removed does not keep the rest: the first error, asyncpg's or Stuck, is raised at the end. What was
    removed is recorded and reported.
    """
    errors: list[Exception] = []
    drop, empty = await choose_days(connection, policy, today)
    for what, days, remove in [
        *list_steps(connection, policy, today, empty),
        *list_drops(connection, drop, await choose_unfinished(connection, drop)),
    ]:
        try:
            rows = await remove()
        except (Stuck, *ERRORS) as error:
            errors.append(error)
            if connection.is_closed():
                break
        else:
            if days or rows:
                report(what, days, rows)
    if errors:
        raise errors[0]


def list_steps(
    connection: asyncpg.Connection, policy: RetentionPolicy, today: date, empty: list[Partition]
) -> Iterator[Step]:
    """Give the steps that wait for nobody's reading, each independent of the others."""
    for one in empty:
        yield "personal", 1, partial(empty_day, connection, one.day, one.size)
    rows: tuple[tuple[OldRows, int], ...] = (("rejections", policy.rejections), ("letters", policy.letters))
    for what, days in rows:
        if (before := first_kept(today, days)) >= FIRST_DAY:
            yield what, 0, partial(delete_old_rows, connection, what, start_of(before))


def list_drops(connection: asyncpg.Connection, drop: list[Partition], unfinished: list[date]) -> Iterator[Step]:
    """Give the steps that drop days, each of which waits for readers of its day."""
    for day in unfinished:
        yield "clicks", 1, partial(finish_day, connection, day)
    for one in drop:
        yield "clicks", 1, partial(drop_day, connection, one)


async def choose_unfinished(connection: asyncpg.Connection, drop: list[Partition]) -> list[date]:
    """Return the days whose drop was interrupted, and is not done again because they are among those to `drop`."""
    again = {one.day for one in drop}
    return [day for day in await list_unfinished(connection) if day not in again]


async def choose_days(
    connection: asyncpg.Connection, policy: RetentionPolicy, today: date
) -> tuple[list[Partition], list[Partition]]:
    """Return the days to drop, and those of the others to empty."""
    partitions = await list_all_days(connection)
    drop = [one for one in partitions if one.day < first_kept(today, policy.clicks)]
    ended = {row["day"] for row in await connection.fetch(READ_ENDED)} if policy.personal else set()
    kept = (one for one in partitions[len(drop) :] if one.day < first_kept(today, policy.personal))
    return drop, [one for one in kept if one.day not in ended]


async def list_all_days(connection: asyncpg.Connection) -> list[Partition]:
    """Return the days that have clicks, oldest first, also those in a chunk that is longer than a day."""
    listed = await list_days(connection)
    if not (await read_engine(connection)).is_hypertable():
        return listed
    chunks = {one.day: one for one in listed}
    days = [row["day"] for row in await connection.fetch(LIST_DAYS)]
    return [chunks.get(day) or Partition(day, "", 0, 0) for day in days]


async def count_old(connection: asyncpg.Connection, what: OldRows, days: int, today: date) -> int:
    before = first_kept(today, days)
    return await count_old_rows(connection, what, start_of(before)) if before >= FIRST_DAY else 0
