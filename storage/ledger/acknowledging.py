"""Losses that people have acknowledged: their clicks will not come, so nobody has to be told of them any more."""

from datetime import datetime
from typing import Any, Final

import msgspec

from storage.read.ledger import HoleReport
from storage.read.queries import QUERY_S, Reader

SHOWN: Final = 20
LONGEST_REASON: Final = 500
ADD: Final = """
    INSERT INTO ledger_acknowledged (process, minute, numbers, acknowledged_at, acknowledged_by, reason)
    VALUES ($1, $2, int8range($3, $4, '[]'), $5, $6, $7)
"""
COUNTED: Final = "DELETE FROM ledger_unnumbered WHERE minute >= $1 AND minute < $2"
"""Letters without a number stand for numbers among those that are acknowledged: for later ones they do not."""
LIST: Final = """
    SELECT a.acknowledged_at, a.acknowledged_by, a.reason, min(a.minute) AS first_minute, max(a.minute) AS last_minute,
        sum(upper(a.numbers) - lower(a.numbers))::bigint AS clicks,
        sum((SELECT coalesce(sum(upper(part) - lower(part)), 0)
            FROM unnest(int8multirange(a.numbers) * coalesce(n.arrived, '{}')) AS part))::bigint AS arrived
    FROM ledger_acknowledged a LEFT JOIN ledger_numbers n USING (process)
    GROUP BY 1, 2, 3 ORDER BY 1 DESC LIMIT $1
"""


class Loss(msgspec.Struct, frozen=True):
    """Clicks that somebody acknowledged as lost, of these minutes; `arrived` of them came after all."""

    acknowledged_at: datetime
    acknowledged_by: str
    reason: str
    first_minute: datetime
    last_minute: datetime
    clicks: int
    arrived: int


async def acknowledge(connection: Any, found: HoleReport, by: str, reason: str, at: datetime) -> None:
    """Note that these clicks are lost, in the open transaction. Raises asyncpg's errors."""
    rows = [(hole.process, hole.minute, hole.first, hole.last, at, by, reason) for hole in found.holes]
    await connection.executemany(ADD, rows)
    await connection.execute(COUNTED, found.since, found.until)


async def list_losses(reader: Reader) -> list[Loss]:
    """List what was acknowledged, the newest first; it is kept as long as the minutes. Raises asyncpg's errors."""
    return [Loss(*row) for row in await reader.fetch(LIST, SHOWN, timeout=QUERY_S)]
