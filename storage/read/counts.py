"""Counts: clicks per minute, totals, rejections by reason, top codes and countries.

Nothing here writes. Each statement is cancelled after QUERY_S seconds, at the server too. Clicks of bots are counted
separately from those of people; tests, recorded prefetches and app fetches are in neither.
"""

from datetime import datetime
from typing import Final

import msgspec

from storage.read.click_filters import UNIQUENESS
from storage.read.queries import IS_VISIT, QUERY_S, Reader
from storage.read.visitors import VISITORS


class MinuteCount(msgspec.Struct, frozen=True):
    """The counts of the minute that begins at `minute` (UTC)."""

    minute: datetime
    people: int
    bots: int
    rejected: int


class Totals(msgspec.Struct, frozen=True):
    """Accepted clicks of people and of bots, rejections and dead letters.

    Of the people's clicks, `unique` and `repeats` were judged, by the verdict that counts. Beside them are app fetches
    and prefetches.
    """

    people: int
    bots: int
    rejected: int
    dead_letters: int
    unique: int = 0
    repeats: int = 0
    app_fetches: int = 0
    prefetches: int = 0

    @property
    def not_judged(self) -> int:
        """The people's clicks of which nobody knows whether they are unique."""
        return self.people - self.unique - self.repeats


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
        f"""
        SELECT minute, sum(people)::bigint, sum(bots)::bigint, sum(rejected)::bigint FROM (
            SELECT date_trunc('minute', clicked_at, 'UTC') AS minute,
                {count_of("people")} AS people, {count_of("bots")} AS bots, 0 AS rejected
            FROM clicks WHERE clicked_at >= $1 GROUP BY 1
            UNION ALL
            SELECT date_trunc('minute', rejected_at, 'UTC'), 0, 0, count(*)
            FROM rejected_clicks WHERE rejected_at >= $1 AND {IS_VISIT} GROUP BY 1
        ) AS counted GROUP BY minute HAVING sum(people + bots + rejected) > 0 ORDER BY minute
        """,  # noqa: S608 - fixed texts
        since,
        timeout=QUERY_S,
    )
    return [MinuteCount(*row) for row in rows]


def count_of(visitors: str, condition: str = "true") -> str:
    """Give the SQL that counts the clicks of these visitors that fulfil a condition."""
    return f"count(*) FILTER (WHERE {VISITORS[visitors]} AND {condition})"


READ_TOTALS: Final = f"""
    SELECT people, bots, rejected, letters, is_unique + more_unique, repeats + more_repeats, app_fetches, prefetches
    FROM (
        SELECT {count_of("people")} AS people, {count_of("bots")} AS bots,
            {count_of("people", "is_unique")} AS is_unique, {count_of("people", "NOT is_unique")} AS repeats,
            {count_of("app_fetches")} AS app_fetches, {count_of("prefetches")} AS prefetches
        FROM clicks WHERE clicked_at >= $1
    ) AS live, (
        SELECT {count_of("people", UNIQUENESS["unique"])} - {count_of("people", "is_unique")} AS more_unique,
            {count_of("people", UNIQUENESS["repeat"])} - {count_of("people", "NOT is_unique")} AS more_repeats
        FROM clicks_now WHERE clicked_at >= $1 AND (click_id, clicked_at) IN (
            SELECT click_id, clicked_at FROM click_scores WHERE changes_uniqueness AND clicked_at >= $1
        )
    ) AS settled, (
        SELECT count(*) AS rejected FROM rejected_clicks WHERE rejected_at >= $1 AND {IS_VISIT}
    ) AS rejections, (SELECT count(*) AS letters FROM dead_letters WHERE failed_at >= $1) AS dead
"""  # noqa: S608 - fixed texts
"""Clicks are counted from the index alone, by the live verdict. Those that settling judged otherwise are few: they
correct it."""


async def totals_since(reader: Reader, since: datetime) -> Totals:
    return Totals(*await reader.fetchrow(READ_TOTALS, since, timeout=QUERY_S))


async def top_codes(reader: Reader, since: datetime, limit: int) -> list[Share]:
    rows = await reader.fetch(
        f"SELECT code, count(*) FROM clicks WHERE clicked_at >= $1 AND {VISITORS['people']}"  # noqa: S608 - fixed texts
        " GROUP BY code ORDER BY 2 DESC, code LIMIT $2",
        since,
        limit,
        timeout=QUERY_S,
    )
    return [Share(*row) for row in rows]


async def top_countries(reader: Reader, since: datetime, limit: int) -> list[Share]:
    rows = await reader.fetch(
        f"SELECT geo_country, count(*) FROM clicks WHERE clicked_at >= $1 AND {VISITORS['people']}"  # noqa: S608 - fixed texts
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
