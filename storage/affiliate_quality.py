"""Counts what the clicks of an affiliate are like, per day (UTC).

A later verdict may change a click of a day that was counted already: a cookie comes back, or clicks are scored again.
The transaction that writes it adds a mark, whether or not the day was counted, and waits for nobody. Who counts a day
first takes the marks that are there: what they stand for is in the count, and later ones stay.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg

from runtime.postgres import transaction

COUNT_S: Final = 6 * 3600.0
"""A day of 20 million clicks takes longer than the ten minutes of other statements."""
NO_HURRY: Final = f"SET LOCAL statement_timeout = '{COUNT_S:.0f}s'; SET LOCAL lock_timeout = '60s'"
"""A VACUUM by hand may hold the table for hours, in which the settler has other work."""
MARK_S: Final = 60.0
LOCK: Final = "LOCK TABLE affiliate_quality IN SHARE ROW EXCLUSIVE MODE"
"""One at a time: a count that began earlier must not replace a newer one."""
MARK: Final = "INSERT INTO affiliate_quality_marks (day) SELECT unnest($1::date[])"
TAKE_MARKS: Final = "DELETE FROM affiliate_quality_marks WHERE day = $1"
FORGET: Final = "DELETE FROM affiliate_quality_marks WHERE day IN (SELECT day FROM personal_days)"
LIST_MARKED: Final = "SELECT DISTINCT day FROM affiliate_quality_marks WHERE day < $1 ORDER BY day"
COUNT: Final = """
    WITH judged AS (
        SELECT program_id, affiliate_id, clicked_at, net_hash, client_hash, network_kind, now_is_unique AS is_unique,
            now_band IN ('likely_invalid', 'invalid') AS is_invalid
        FROM clicks_now WHERE clicked_at >= $2 AND clicked_at < $3 AND NOT is_test AND NOT prefetch
            AND NOT EXISTS (SELECT FROM personal_days WHERE day = $1)
    ), nets AS (
        SELECT program_id, affiliate_id, max(clicks) AS top_net_clicks FROM (
            SELECT program_id, affiliate_id, count(*) AS clicks FROM judged WHERE net_hash IS NOT NULL
            GROUP BY program_id, affiliate_id, net_hash
        ) AS by_net GROUP BY program_id, affiliate_id
    )
    INSERT INTO affiliate_quality (day, program_id, affiliate_id, clicks, hosting_vpn_clicks, top_net_clicks,
        invalid_clicks, clients, night_clicks, judged_clicks, repeat_clicks)
    SELECT $1, program_id, affiliate_id, count(*),
        count(*) FILTER (WHERE network_kind IN ('hosting', 'vpn')),
        coalesce(min(nets.top_net_clicks), 0),
        count(*) FILTER (WHERE is_invalid),
        count(DISTINCT client_hash),
        count(*) FILTER (WHERE date_part('hour', clicked_at AT TIME ZONE 'UTC') < 6),
        count(is_unique),
        count(*) FILTER (WHERE NOT is_unique)
    FROM judged LEFT JOIN nets USING (program_id, affiliate_id)
    GROUP BY program_id, affiliate_id
    ON CONFLICT (day, program_id, affiliate_id) DO UPDATE SET clicks = excluded.clicks,
        hosting_vpn_clicks = excluded.hosting_vpn_clicks, top_net_clicks = excluded.top_net_clicks,
        invalid_clicks = excluded.invalid_clicks, clients = excluded.clients, night_clicks = excluded.night_clicks,
        judged_clicks = excluded.judged_clicks, repeat_clicks = excluded.repeat_clicks, counted_at = clock_timestamp()
"""


async def count_day(connection: asyncpg.Connection, day: date) -> None:
    """Count a day, or count it again. A day without personal columns is left as it is."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    async with transaction(connection):
        await connection.execute(NO_HURRY)
        await connection.execute(LOCK, timeout=COUNT_S)
        # A statement before that which counts: it sees less, so that no mark is taken whose change is not counted.
        await connection.execute(TAKE_MARKS, day, timeout=MARK_S)
        await connection.execute(COUNT, day, begin, begin + timedelta(days=1), timeout=COUNT_S)


async def mark_days(connection: asyncpg.Connection, times: Iterable[datetime]) -> None:
    """Mark the days of these times to be counted again, in the transaction that changes their clicks."""
    days = {time.astimezone(UTC).date() for time in times}
    await connection.execute(MARK, sorted(days), timeout=MARK_S)


async def list_marked(connection: asyncpg.Connection, counted_until: date) -> list[date]:
    """Return the marked days before `counted_until`: those from then on will be counted anyway.

    Of days without personal columns clients cannot be counted any more: their counts stay as they are.
    """
    await connection.execute(FORGET, timeout=MARK_S)
    return [row["day"] for row in await connection.fetch(LIST_MARKED, counted_until, timeout=MARK_S)]
