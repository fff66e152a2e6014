"""Counts the clicks of stored batches into hours, days and months: each batch once, in one transaction."""

from typing import Final

import asyncpg
import msgspec

from runtime.postgres import transaction
from storage.rollups.cells import ADD_MONTHS, UPSERT, write_cells
from storage.rollups.counted_rows import COUNT_CLICKED, COUNTED_FROM, KEEP_VERDICTS, SIGNED_CHANGES, write_clicked
from storage.rollups.details import FIND_BUSY, begin_details
from storage.rollups.limits import LIMITS, Limits, fill
from storage.rollups.lock import lock, try_lock
from storage.rollups.planning import counting

MOST_CLICKS: Final = 50_000
TAKE: Final = """
    UPDATE rollup_batches SET rolled_at = clock_timestamp() WHERE batch_id IN (
        SELECT batch_id FROM (
            SELECT batch_id, sum(clicks) OVER (ORDER BY batch_id) - clicks AS before
            FROM (
                SELECT batch_id, clicks FROM rollup_batches WHERE rolled_at IS NULL ORDER BY batch_id LIMIT 1000
            ) AS oldest
        ) AS pending WHERE before < $1
    )
    RETURNING batch_id, clicks, first_at, last_at
"""
BATCHES: Final = """
    FROM clicks_now WHERE clicks_now.batch_id = ANY($1::bigint[]) AND clicks_now.clicked_at BETWEEN $2 AND $3
"""
COUNT_SINCE: Final = f"clicks_now.clicked_at >= {COUNTED_FROM}"
COUNT: Final = f"""
    WITH {write_clicked(BATCHES, COUNT_SINCE)}, {SIGNED_CHANGES}, {KEEP_VERDICTS}, {COUNT_CLICKED}, {write_cells()},
        {ADD_MONTHS}, touched AS ({UPSERT} RETURNING *)
    {FIND_BUSY}
"""
"""Counts batches, and finds what became busy by them. A click whose verdict came first is counted by that one."""


class Rolled(msgspec.Struct, frozen=True):
    """What one transaction rolled."""

    batches: int
    clicks: int


async def roll(
    connection: asyncpg.Connection, most: int = MOST_CLICKS, limits: Limits = LIMITS, *, wait: bool = False
) -> Rolled | None:
    """Roll the oldest batches, up to about `most` clicks. None: another process is at work, and `wait` is false."""
    async with transaction(connection):
        if wait:
            await lock(connection)
        elif not await try_lock(connection):
            return None
        return await roll_pending(connection, most, limits)


async def roll_pending(connection: asyncpg.Connection, most: int, limits: Limits) -> Rolled:
    """Roll in the transaction that holds the lock."""
    taken = await connection.fetch(TAKE, most)
    if taken:
        first, last = min(row["first_at"] for row in taken), max(row["last_at"] for row in taken)
        async with counting(connection):
            busy = await connection.fetch(fill(COUNT, limits), [row["batch_id"] for row in taken], first, last)
        await begin_details(connection, busy, limits)
    return Rolled(len(taken), sum(row["clicks"] for row in taken))
