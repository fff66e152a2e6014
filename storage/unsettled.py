"""Finds clicks that were stored after their time had been settled, and the time in which they may change others."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Final

import asyncpg
import msgspec

from quality.settling_click import SettledClick
from storage.read.settling import Position
from storage.settling import LOOK_AHEAD, LOOK_BACK

LATE_PAGE: Final = 50_000
FIND_S: Final = 60.0
FIND_LATE: Final = """
    SELECT clicked_at, click_id FROM clicks
    WHERE stored_at >= $1 AND clicked_at < $2 AND erased_at IS NULL
        AND NOT EXISTS (SELECT FROM personal_days WHERE day = (clicked_at AT TIME ZONE 'UTC')::date)
        AND clicked_at >= $3 AND (clicked_at, click_id) > ($3, $4) AND NOT EXISTS (
            SELECT FROM click_scores
            WHERE click_scores.click_id = clicks.click_id AND click_scores.clicked_at = clicks.clicked_at
        )
    ORDER BY clicked_at, click_id LIMIT $5
"""
"""A day without personal columns has no evidence any more: its late clicks keep the live verdict."""
BEGINNING: Final = Position(datetime(1970, 1, 1, tzinfo=UTC))
"""No click's id has an earlier time."""


class Span(msgspec.Struct, frozen=True):
    """From 120 s before a late click to 120 s after it; one span where those of several clicks meet."""

    first: datetime
    last: datetime


class LateClicks(msgspec.Struct):
    """The number of late clicks, their days (UTC), and the spans around them."""

    clicks: int = 0
    days: set[date] = msgspec.field(default_factory=set)
    spans: list[Span] = msgspec.field(default_factory=list)

    def add(self, times: Sequence[datetime]) -> None:
        """Add the times of late clicks, which are not before those added earlier."""
        self.clicks += len(times)
        for time in times:
            self.days.add(time.astimezone(UTC).date())
            first, last = time - LOOK_AHEAD, time + LOOK_AHEAD
            if self.spans and first <= self.spans[-1].last:
                self.spans[-1] = Span(self.spans[-1].first, last)
            else:
                self.spans.append(Span(first, last))


async def find_late(
    connection: asyncpg.Connection, stored_since: datetime, settled_until: datetime, page: int = LATE_PAGE
) -> AsyncIterator[list[datetime]]:
    """Give the times of clicks before `settled_until` that have no settled score, page by page, the oldest first."""
    position, is_last = BEGINNING, False
    while not is_last:
        after = position.clicked_at, position.click_id
        rows = await connection.fetch(FIND_LATE, stored_since, settled_until, *after, page, timeout=FIND_S)
        is_last = len(rows) < page
        if rows:
            position = Position(*rows[-1])
            yield [row["clicked_at"] for row in rows]


def find_ranges(spans: Sequence[Span]) -> list[list[Span]]:
    """Give the spans that one pass settles: apart, two passes would read the same day twice."""
    ranges: list[list[Span]] = []
    for span in spans:
        if ranges and span.first - ranges[-1][-1].last <= LOOK_BACK:
            ranges[-1].append(span)
        else:
            ranges.append([span])
    return ranges


def keep_near(settled: Sequence[SettledClick], spans: Sequence[Span]) -> list[SettledClick]:
    """Leave out clicks between the spans: late ones do not change them, and other rules may have scored them since."""
    firsts = [span.first for span in spans]
    places = ((one, bisect_right(firsts, one.click.clicked_at) - 1) for one in settled)
    return [one for one, place in places if place >= 0 and one.click.clicked_at <= spans[place].last]
