"""Counts what the clicks of an affiliate are like, per day (UTC).

A later verdict may change a click of a day that was counted already: a cookie comes back, or clicks are scored again.
The transaction that writes it marks the day, and the settler counts marked days again. A mark is a `counted_at` of
-infinity.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg

from runtime.postgres import transaction

COUNT_S: Final = 600.0
MARK: Final = "UPDATE affiliate_quality SET counted_at = '-infinity' WHERE day = ANY($1) AND counted_at > '-infinity'"
UNMARK: Final = """
    UPDATE affiliate_quality SET counted_at = clock_timestamp()
    WHERE day = $1 AND NOT EXISTS (SELECT FROM personal_days WHERE personal_days.day = $1)
"""
LIST_MARKED: Final = """
    SELECT DISTINCT day FROM affiliate_quality
    WHERE counted_at = '-infinity' AND day NOT IN (SELECT day FROM personal_days) ORDER BY day
"""
"""Of days without personal columns clients cannot be counted any more: their counts stay as they are."""
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
        # Whoever marks the day meanwhile waits for this row lock, and marks it again after it was counted.
        await connection.execute(UNMARK, day, timeout=COUNT_S)
        await connection.execute(COUNT, day, begin, begin + timedelta(days=1), timeout=COUNT_S)


async def mark_days(connection: asyncpg.Connection, times: Iterable[datetime]) -> None:
    """Mark the days of these times to be counted again. A day that was never counted needs no mark, and has none."""
    days = {time.astimezone(UTC).date() for time in times}
    await connection.execute(MARK, sorted(days), timeout=COUNT_S)


async def list_marked(connection: asyncpg.Connection) -> list[date]:
    return [row["day"] for row in await connection.fetch(LIST_MARKED, timeout=COUNT_S)]
