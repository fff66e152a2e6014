"""Queries of rows: plain functions on an asyncpg connection or pool.

Nothing here writes. Each statement is cancelled after QUERY_S seconds, at the server too.
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, Final, Literal, Protocol

import msgspec

from schemas.reasons import TRACES
from storage.columns import CLICK_COLUMNS, REJECTION_COLUMNS
from storage.read.click_filters import ClickFilters, FieldFilter, add_of_rejections, select_clicks
from storage.read.records import (
    StoredClick,
    StoredRejection,
    read_click,
    read_rejection,
    read_verdict,
)
from storage.read.where import Where

QUERY_S: Final = 4.0
FOR_SEARCHES: Final = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off"
"""A generic plan cannot use partial indexes or the rarity of a value. JIT takes longer than a search window."""
IS_VISIT: Final = f"reason NOT IN ({', '.join(repr(number) for number in TRACES)})"
"""The SQL condition of rejected visits: other requests leave traces, which are no errors."""
VERDICT_COLUMNS: Final = (
    "now_score, now_band, now_ivt_class, now_rules, now_is_unique, now_unique_basis, now_first_click_id,"
    " now_unique_status"
)
READ_VERDICTS: Final = f"""
    SELECT click_id, {VERDICT_COLUMNS} FROM clicks_now WHERE click_id = ANY($1) AND clicked_at BETWEEN $2 AND $3
"""  # noqa: S608 - our own column names
REJECTION_FILTERS: Final = {
    **{column: column for column in ("program_id", "affiliate_id", "asked", "reason")},
    "address": "ip_hash",
}


class Reader(Protocol):
    """The part of an asyncpg connection or pool that reads."""

    def fetch(self, query: str, *values: Any, timeout: float | None = None) -> Awaitable[list[Any]]: ...
    def fetchrow(self, query: str, *values: Any, timeout: float | None = None) -> Awaitable[Any]: ...
    def fetchval(self, query: str, *values: Any, timeout: float | None = None) -> Awaitable[Any]: ...


class Connection(Reader, Protocol):
    """The part of an asyncpg connection that reads in a transaction."""

    def execute(self, query: str) -> Awaitable[str]: ...
    def transaction(
        self, *, isolation: Literal["repeatable_read"], readonly: bool
    ) -> AbstractAsyncContextManager[Any]: ...


class RejectionFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which rejections; None means any. `visits_only` leaves out traces of requests that were no visits.

    `address` is a hash; `fields` are among OF_REJECTIONS.
    """

    program_id: str | None = None
    affiliate_id: str | None = None
    asked: str | None = None
    reason: str | None = None
    address: str | None = None
    visits_only: bool = False
    fields: tuple[FieldFilter, ...] = ()


class TimeRange(msgspec.Struct, frozen=True):
    """The times of the newest and of the oldest row."""

    newest: datetime
    oldest: datetime


async def recent_clicks(
    reader: Reader, filters: ClickFilters, limit: int, before: str | None = None, since: datetime | None = None
) -> list[StoredClick]:
    """Return the newest clicks that match the filters, newest first, each with the verdict that counts.

    Only clicks older than the ULID `before`, and at or after the time `since`.
    """
    where = select_clicks(filters)
    where.older_than(before, "clicked_at", "click_id")
    where.since(since, "clicked_at")
    table = "clicks_now" if filters.needs_verdicts else "clicks"
    statement = (
        f"SELECT {listed(CLICK_COLUMNS)}, stored_at FROM {table} {where}"  # noqa: S608 - our own column names
        f" ORDER BY clicked_at DESC, click_id DESC LIMIT {where.bind(limit)}"
    )
    rows = await reader.fetch(statement, *where.values, timeout=QUERY_S)
    return await add_verdicts(reader, [read_click(row) for row in rows])


async def add_verdicts(reader: Reader, clicks: Sequence[StoredClick]) -> list[StoredClick]:
    """Give clicks, newest first, with the verdicts that count."""
    if not clicks:
        return []
    # By a statement of its own: for the times of a page, PostgreSQL plans the scores of those days, and not of all.
    ids = [one.click.click_id for one in clicks]
    first, last = clicks[-1].click.clicked_at, clicks[0].click.clicked_at
    rows = await reader.fetch(READ_VERDICTS, ids, first, last, timeout=QUERY_S)
    verdicts = {row["click_id"]: read_verdict(row) for row in rows}
    return [msgspec.structs.replace(one, verdict=verdicts.get(one.click.click_id)) for one in clicks]


async def recent_rejections(
    reader: Reader, filters: RejectionFilters, limit: int, before: str | None = None, since: datetime | None = None
) -> list[StoredRejection]:
    """Return the newest rejections that match the filters, newest first; `before` and `since` as for clicks."""
    where = Where(filters, REJECTION_FILTERS)
    add_of_rejections(where, filters.fields)
    if filters.visits_only:
        where.add(IS_VISIT)
    where.older_than(before, "rejected_at", "rejection_id")
    where.since(since, "rejected_at")
    statement = (
        f"SELECT {listed(REJECTION_COLUMNS)}, stored_at FROM rejected_clicks {where}"  # noqa: S608 - our own column names
        f" ORDER BY rejected_at DESC, rejection_id DESC LIMIT {where.bind(limit)}"
    )
    return [read_rejection(row) for row in await reader.fetch(statement, *where.values, timeout=QUERY_S)]


async def click_times(reader: Reader, until: datetime | None = None) -> TimeRange | None:
    """Return the times of the newest click at or before `until`, and of the oldest; None without clicks."""
    return await read_times(reader, "clicks", "clicked_at", until)


async def rejection_times(reader: Reader, until: datetime | None = None) -> TimeRange | None:
    """Return the times of the newest and the oldest rejection, as for clicks."""
    return await read_times(reader, "rejected_clicks", "rejected_at", until)


async def read_times(reader: Reader, table: str, column: str, until: datetime | None) -> TimeRange | None:
    # `$1 IS NULL OR ...` could not use the index.
    where, values = ("", ()) if until is None else (f"WHERE {column} <= $1", (until,))
    row = await reader.fetchrow(
        f"SELECT (SELECT {column} FROM {table} {where} ORDER BY {column} DESC LIMIT 1),"  # noqa: S608 - names of ours
        f" (SELECT {column} FROM {table} ORDER BY {column} LIMIT 1)",
        *values,
        timeout=QUERY_S,
    )
    return None if row[0] is None else TimeRange(*row)


@asynccontextmanager
async def time_limit(connection: Connection, seconds: float, also: str = "") -> AsyncIterator[None]:
    """Make the server cancel each statement of the block after `seconds`, with asyncpg.QueryCanceledError.

    All of them see the tables as they are at the first one. `also` is SQL that comes before them.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        timeout = f"SET LOCAL statement_timeout = {max(1, round(seconds * 1000))}"
        await connection.execute(f"{timeout}; {FOR_SEARCHES}; {also}")
        yield


def listed(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
