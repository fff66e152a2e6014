"""What the clicks of an affiliate are like: counted now for the last hours, and as the settler counted its days.

Nothing here writes. Each statement is cancelled after QUERY_S seconds, at the server too.
"""

from datetime import date, datetime
from typing import Final

import msgspec

from storage.read.queries import QUERY_S, Reader

COUNT: Final = """
    WITH judged AS (
        SELECT program_id, clicked_at, net_hash, client_hash, network_kind, now_is_unique AS is_unique,
            now_band IN ('likely_invalid', 'invalid') AS is_invalid
        FROM clicks_now WHERE affiliate_id = $1 AND clicked_at >= $2 AND NOT is_test AND NOT prefetch
    ), nets AS (
        SELECT program_id, max(clicks) AS top FROM (
            SELECT program_id, count(*) AS clicks FROM judged WHERE net_hash IS NOT NULL GROUP BY program_id, net_hash
        ) AS by_net GROUP BY program_id
    )
    SELECT program_id, count(*), count(*) FILTER (WHERE network_kind IN ('hosting', 'vpn')),
        coalesce(min(nets.top), 0), count(*) FILTER (WHERE is_invalid), count(DISTINCT client_hash),
        count(client_hash),
        count(*) FILTER (WHERE date_part('hour', clicked_at AT TIME ZONE 'UTC') < 6), count(is_unique),
        count(*) FILTER (WHERE NOT is_unique)
    FROM judged LEFT JOIN nets USING (program_id) GROUP BY program_id ORDER BY count(*) DESC, program_id
"""
DAYS: Final = """
    SELECT day, program_id, clicks, hosting_vpn_clicks, top_net_clicks, invalid_clicks, clients,
        CASE WHEN clients > 0 THEN clicks ELSE 0 END, night_clicks, judged_clicks, repeat_clicks
    FROM affiliate_quality WHERE affiliate_id = $1 AND day >= $2 ORDER BY day DESC, clicks DESC, program_id
"""


class AffiliateCounts(msgspec.Struct, frozen=True):
    """The clicks of an affiliate on one program, without tests and prefetches.

    Of them: from hosting and VPN, from the network with the most, likely invalid or invalid, at night (0 to 6 h UTC),
    judged for uniqueness, and repeats. `clients` counts different browsers at different addresses, among `known`
    clicks, all but the anonymous. A counted day does not tell those apart: there they are `known`, too.
    """

    program_id: str
    clicks: int
    hosting_vpn: int
    top_net: int
    invalid: int
    clients: int
    known: int
    night: int
    judged: int
    repeats: int


class AffiliateDay(msgspec.Struct, frozen=True):
    """One day (UTC) on one program."""

    day: date
    counts: AffiliateCounts


async def count_affiliate(reader: Reader, affiliate_id: str, since: datetime) -> list[AffiliateCounts]:
    """Count the clicks since a time by program, the largest first."""
    rows = await reader.fetch(COUNT, affiliate_id, since, timeout=QUERY_S)
    return [AffiliateCounts(*row) for row in rows]


async def read_affiliate_days(reader: Reader, affiliate_id: str, since: date) -> list[AffiliateDay]:
    """Read the counted days, the newest first."""
    rows = await reader.fetch(DAYS, affiliate_id, since, timeout=QUERY_S)
    return [AffiliateDay(day, AffiliateCounts(*counts)) for day, *counts in rows]
