"""Counts the rejections of the last 24 hours by reason, back in time windows: one statement over a day may time out."""

from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import asyncpg
import msgspec

from console.clicks.past_clicks import Clock
from console.clicks.search_windows import LIMIT_S, Search, advance, plan_window, shrink
from storage.read.counts import ReasonCount, add_reason_counts, rejections_by_reason
from storage.read.queries import Connection, time_limit

DAY: Final = timedelta(hours=24)


class ReasonCounts(msgspec.Struct, frozen=True):
    """The counts, and the time they go back to if there was no time for the whole day; null if there was."""

    counts: list[ReasonCount]
    reached: datetime | None


async def count_reasons(connection: Connection, now: datetime, clock: Clock = monotonic) -> ReasonCounts:
    """Count the last 24 hours, or as much of them as SEARCH_S is enough for.

    Raises asyncpg's errors, among them QueryCanceledError if even the smallest window took too long.
    """
    search = Search(reached=now, oldest=now - DAY, before=None)
    counts: list[ReasonCount] = []
    until = None
    while not search.is_over:
        began, window = clock(), plan_window(search)
        since = window.since or search.oldest
        try:
            async with time_limit(connection, window.limit_s or LIMIT_S):
                counts = add_reason_counts([*counts, *await rejections_by_reason(connection, since, until)])
            search, until = advance(search, window, clock() - began), since
        except asyncpg.QueryCanceledError:
            search = shrink(search, clock() - began)
            if search.is_over and not search.has_moved:
                raise
    return ReasonCounts(counts, search.reached)
