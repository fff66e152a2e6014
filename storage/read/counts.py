"""Counts: clicks per minute, totals, rejections by reason, top codes and countries.

Nothing here writes. Each statement is cancelled after QUERY_S seconds, at the server too. Clicks of bots are counted
separately from those of people; clicks of test links and recorded prefetches are not counted.
"""

from datetime import datetime

import msgspec

from storage.read.queries import QUERY_S, Reader


class MinuteCount(msgspec.Struct, frozen=True):
    """The counts of the minute that begins at `minute` (UTC)."""

    minute: datetime
    people: int
    bots: int
    rejected: int


class Totals(msgspec.Struct, frozen=True):
    """Accepted clicks of people and of bots, rejections and dead letters."""

    people: int
    bots: int
    rejected: int
    dead_letters: int


class Share(msgspec.Struct, frozen=True):
    """The number of people's clicks with this value; `name` is None when it is unknown."""

    name: str | None
    count: int


class ReasonCount(msgspec.Struct, frozen=True):
    reason: str
    count: int
    latest_at: datetime


async def newest_click_at(reader: Reader) -> datetime | None:
    """Return the time of the newest click, tests included: it shows that clicks reach the table."""
    newest: datetime | None = await reader.fetchval(
        "SELECT clicked_at FROM clicks ORDER BY clicked_at DESC LIMIT 1", timeout=QUERY_S
    )
    return newest


async def clicks_per_minute(reader: Reader, since: datetime) -> list[MinuteCount]:
    """Count clicks and rejections by UTC minute since then, oldest first. Empty minutes are left out."""
    rows = await reader.fetch(
        """
        SELECT minute, sum(people)::bigint, sum(bots)::bigint, sum(rejected)::bigint FROM (
            SELECT date_trunc('minute', clicked_at, 'UTC') AS minute,
                count(*) FILTER (WHERE NOT is_bot) AS people, count(*) FILTER (WHERE is_bot) AS bots, 0 AS rejected
            FROM clicks WHERE clicked_at >= $1 AND NOT is_test AND (is_bot OR NOT prefetch) GROUP BY 1
            UNION ALL
            SELECT date_trunc('minute', rejected_at, 'UTC'), 0, 0, count(*)
            FROM rejected_clicks WHERE rejected_at >= $1 GROUP BY 1
        ) AS counted GROUP BY minute ORDER BY minute
        """,
        since,
        timeout=QUERY_S,
    )
    return [MinuteCount(*row) for row in rows]


async def totals_since(reader: Reader, since: datetime) -> Totals:
    row = await reader.fetchrow(
        """
        SELECT count(*) FILTER (WHERE NOT is_bot AND NOT prefetch), count(*) FILTER (WHERE is_bot),
            (SELECT count(*) FROM rejected_clicks WHERE rejected_at >= $1),
            (SELECT count(*) FROM dead_letters WHERE failed_at >= $1)
        FROM clicks WHERE clicked_at >= $1 AND NOT is_test
        """,
        since,
        timeout=QUERY_S,
    )
    return Totals(*row)


async def top_codes(reader: Reader, since: datetime, limit: int) -> list[Share]:
    rows = await reader.fetch(
        "SELECT code, count(*) FROM clicks WHERE clicked_at >= $1 AND NOT is_bot AND NOT prefetch AND NOT is_test"
        " GROUP BY code ORDER BY 2 DESC, code LIMIT $2",
        since,
        limit,
        timeout=QUERY_S,
    )
    return [Share(*row) for row in rows]


async def top_countries(reader: Reader, since: datetime, limit: int) -> list[Share]:
    rows = await reader.fetch(
        "SELECT geo_country, count(*) FROM clicks"
        " WHERE clicked_at >= $1 AND NOT is_bot AND NOT prefetch AND NOT is_test"
        " GROUP BY geo_country ORDER BY 2 DESC, geo_country LIMIT $2",
        since,
        limit,
        timeout=QUERY_S,
    )
    return [Share(*row) for row in rows]


async def rejections_by_reason(reader: Reader, since: datetime, until: datetime | None = None) -> list[ReasonCount]:
    """Count rejections from `since` until before `until` by reason, the most frequent first."""
    # `$2 IS NULL OR ...` could not use the index.
    before, values = ("", (since,)) if until is None else ("AND rejected_at < $2", (since, until))
    rows = await reader.fetch(
        f"SELECT reason, count(*), max(rejected_at) FROM rejected_clicks WHERE rejected_at >= $1 {before}"  # noqa: S608 - fixed texts
        " GROUP BY reason ORDER BY 2 DESC, reason",
        *values,
        timeout=QUERY_S,
    )
    return [ReasonCount(*row) for row in rows]
