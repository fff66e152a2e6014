"""Reads one page of past clicks: directly if no filter is set, else by searching back in time windows."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import datetime
from time import monotonic
from typing import Final, TypeAlias

import asyncpg
import msgspec

from console.clicks.filters import Filters, make_click_filters, make_rejection_filters
from console.clicks.lines import Line, make_line, merge_lines
from console.clicks.search_windows import Search, Window, advance, first_ulid, plan_window, shrink
from identity.ulid_time import ulid_time
from storage.read.queries import (
    Connection,
    Reader,
    TimeRange,
    click_times,
    recent_clicks,
    recent_rejections,
    rejection_times,
    time_limit,
)

Clock: TypeAlias = Callable[[], float]
"""Returns seconds; only differences are meaningful."""


class Table(msgspec.Struct, frozen=True):
    """One of the two tables of the page: how to read its lines, and its newest and oldest time."""

    read: Callable[[Reader, Filters, int, Window], Awaitable[list[Line]]]
    read_times: Callable[[Reader, datetime | None], Awaitable[TimeRange | None]]


class PastClicks(msgspec.Struct, frozen=True, kw_only=True):
    """The lines found, newest first.

    `reached` is how far back the search went: it covers that time and everything later. Null: it covers everything.
    `oldest` is the time of the oldest row; null without rows or without a search.
    """

    lines: list[Line]
    reached: datetime | None = None
    oldest: datetime | None = None

    @property
    def further(self) -> str:
        """The `before` of the page that continues from `reached`; empty if nothing is left."""
        return "" if self.reached is None else first_ulid(self.reached)

    def has_reached(self, line: Line) -> bool:
        """Tell whether the search covers the line's time. Older lines belong on a later page."""
        return self.reached is None or line.at >= self.reached


async def read_click_lines(reader: Reader, filters: Filters, limit: int, window: Window) -> list[Line]:
    since = find_since(window, filters)
    stored = await recent_clicks(reader, make_click_filters(filters), limit, window.before, since)
    return [make_line(click) for click in stored]


async def read_rejection_lines(reader: Reader, filters: Filters, limit: int, window: Window) -> list[Line]:
    since = find_since(window, filters)
    stored = await recent_rejections(reader, make_rejection_filters(filters), limit, window.before, since)
    return [make_line(rejection) for rejection in stored]


def find_since(window: Window, filters: Filters) -> datetime | None:
    """Return the later beginning: that of the window, or that of the range."""
    return max((at for at in (window.since, filters.since) if at is not None), default=None)


def find_before(filters: Filters) -> str | None:
    """Return the ULID that a list begins before: that of its page, or that of its range's end."""
    ends = [filters.before] if filters.before else []
    ends += [first_ulid(filters.until)] if filters.until else []
    return min(ends, default=None)


CLICKS: Final = Table(read_click_lines, click_times)
REJECTIONS: Final = Table(read_rejection_lines, rejection_times)


async def read_past_clicks(
    connection: Connection, filters: Filters, limit: int, clock: Clock = monotonic
) -> PastClicks:
    """Return the newest lines that match the filters, at most `limit`.

    Raises asyncpg's errors, among them QueryCanceledError if even the smallest window took too long.
    """
    if filters.is_selective:
        return await search_back(connection, filters, limit, clock)
    # Without a filter the newest rows are the first entries of an index.
    return PastClicks(lines=await read_window(connection, filters, limit, Window(find_before(filters), None, None)))


async def search_back(connection: Connection, filters: Filters, limit: int, clock: Clock) -> PastClicks:
    began = clock()
    times = await read_times(connection, filters)
    if times is None:
        return PastClicks(lines=[])
    oldest = max(times.oldest, filters.since or times.oldest)
    if times.newest < oldest:
        return PastClicks(lines=[], oldest=oldest)
    search = Search(reached=times.newest, oldest=oldest, before=find_before(filters), spent_s=clock() - began)
    lines: list[Line] = []
    while True:
        began, window = clock(), plan_window(search)
        try:
            lines += await read_window(connection, filters, limit, window)
            search = advance(search, window, clock() - began)
        except asyncpg.QueryCanceledError:
            search = shrink(search, clock() - began)
            if search.is_over and not search.has_moved:
                raise
        if search.is_over or len(lines) >= limit:
            return PastClicks(lines=merge_lines(lines, [], limit), reached=search.reached, oldest=search.oldest)


async def read_times(reader: Reader, filters: Filters) -> TimeRange | None:
    before = find_before(filters)
    until = ulid_time(before) if before else None
    times = [found for table in list_tables(filters) if (found := await table.read_times(reader, until)) is not None]
    if not times:
        return None
    return TimeRange(max(found.newest for found in times), min(found.oldest for found in times))


async def read_window(connection: Connection, filters: Filters, limit: int, window: Window) -> list[Line]:
    """Return the newest lines of a window, at most `limit`. Raises QueryCanceledError if it takes too long."""
    lines: list[Line] = []
    for table in list_tables(filters):
        limited = nullcontext() if window.limit_s is None else time_limit(connection, window.limit_s)
        async with limited:
            lines += await table.read(connection, filters, limit, window)
    return merge_lines(lines, [], limit)


def list_tables(filters: Filters) -> list[Table]:
    wanted = ((CLICKS, filters.wants_accepted), (REJECTIONS, filters.wants_rejected))
    return [table for table, is_wanted in wanted if is_wanted]
