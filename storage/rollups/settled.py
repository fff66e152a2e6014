"""Counts new clicks by verdicts that are older than their rows: of a click that is stored late, or again.

The sink calls it in its own transaction, without the lock: nobody else sees these clicks yet. A verdict that is
written at the same moment is found by the roller.
"""

from datetime import datetime
from typing import Final

import asyncpg

from storage.rollups.counted_rows import KEEP_VERDICTS, SIGNED_CHANGES, write_clicked

HAS_SCORES: Final = "SELECT EXISTS (SELECT FROM click_scores) OR EXISTS (SELECT FROM click_verdicts)"
BATCH: Final = "FROM clicks_now WHERE clicks_now.batch_id = $1 AND clicks_now.clicked_at BETWEEN $2 AND $3"
COUNT: Final = f"WITH {write_clicked(BATCH, 'false')}, {SIGNED_CHANGES}, {KEEP_VERDICTS} SELECT count(*) FROM changed"  # noqa: S608 - fixed texts


async def count_by_verdicts(
    connection: asyncpg.Connection, batch_id: int, first_at: datetime, last_at: datetime, settled_until: datetime | None
) -> None:
    """Count the clicks of a batch by the verdicts that are there. Clicks after `settled_until` have none."""
    may_have = first_at < settled_until if settled_until else await connection.fetchval(HAS_SCORES)
    if may_have:
        await connection.fetchval(COUNT, batch_id, first_at, last_at)
