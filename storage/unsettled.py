"""Finds clicks that were stored after their time had been settled, and the time in which they may change others."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from quality.settling_click import SettledClick
from storage.read.settling import Position
from storage.settling import LOOK_AHEAD, LOOK_BACK

LATE_PAGE: Final = 50_000
SLICE: Final = timedelta(minutes=30)
"""What was stored in so long is searched by one statement. After hours without a settler all of it would take too long
for one, and would be searched again and again."""
FIND_S: Final = 600.0
FIND_LATE: Final = """
    SELECT clicked_at, click_id FROM clicks
    WHERE stored_at >= $1 AND stored_at < coalesce($6::timestamptz, 'infinity') AND clicked_at < $2
        AND erased_at IS NULL
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
    """A time. Of a late click: from 120 s before it to 120 s after it; one where those of several clicks meet."""

    first: datetime
    last: datetime


class LateClicks(msgspec.Struct):
    """The number of late clicks, their days (UTC), and the spans around them."""

    clicks: int = 0
    days: set[date] = msgspec.field(default_factory=set)
    spans: list[Span] = msgspec.field(default_factory=list)

    def add(self, times: Sequence[datetime]) -> None:
        """Add the times of late clicks."""
        self.clicks += len(times)
        self.days |= {time.astimezone(UTC).date() for time in times}
        self.spans = join([*self.spans, *(Span(time - LOOK_AHEAD, time + LOOK_AHEAD) for time in times)])


def join(spans: Iterable[Span]) -> list[Span]:
    """Make one span of those that meet, and give them in order."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.first):
        if joined and span.first <= joined[-1].last:
            joined[-1] = Span(joined[-1].first, max(joined[-1].last, span.last))
        else:
            joined.append(span)
    return joined


async def find_late(
    connection: asyncpg.Connection, stored: Span, settled_until: datetime, page: int = LATE_PAGE
) -> AsyncIterator[list[datetime]]:
    """Give the times of clicks before `settled_until` that have no settled score, of those stored in a time or since.

    They come page by page, those that were stored in the same half-hour by their times.
    """
    begin: datetime | None = stored.first
    while begin is not None:
        end = begin + SLICE if begin + SLICE < stored.last else None
        async for times in find_stored(connection, (begin, end), settled_until, page):
            yield times
        begin = end


async def find_stored(
    connection: asyncpg.Connection, stored: tuple[datetime, datetime | None], settled_until: datetime, page: int
) -> AsyncIterator[list[datetime]]:
    (begin, end), position, is_last = stored, BEGINNING, False
    while not is_last:
        after = position.clicked_at, position.click_id
        rows = await connection.fetch(FIND_LATE, begin, settled_until, *after, page, end, timeout=FIND_S)
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
