"""Today as the tables know it: the reporting zone, and the first day that has clicks."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from console.view.ranges import Today
from storage.read.queries import QUERY_S, Reader

READ: Final = """
    SELECT zone, (SELECT min(clicked_at) FROM clicks), (
        SELECT min(period) FROM click_rollups WHERE kind = 'p' AND entity = '' AND dim = 0 AND grain = 'd'
    )
    FROM rollup_state
"""


async def read_today(reader: Reader, now: datetime) -> Today:
    """Read the reporting zone and the first day. Raises asyncpg's errors."""
    zone_name, *firsts = await reader.fetchrow(READ, timeout=QUERY_S)
    zone = ZoneInfo(zone_name)
    first = min((at for at in firsts if at is not None), default=now)
    return Today(now, zone, first.astimezone(zone).date())
