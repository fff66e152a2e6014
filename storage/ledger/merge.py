"""Merges what batches noted into one row per process, finds clicks that no batch noted, and removes what is old."""

from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from runtime.postgres import transaction
from storage.ledger.arrivals import write_ranges
from storage.read.ledger import KEPT_DAYS, Hole, read_holes

TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('clickrail ledger of ' || current_schema(), 0))"
MOST: Final = 5_000
"""Arrivals of one merge: each is one process and minute of a batch."""
MERGE: Final = """
    WITH taken AS (
        DELETE FROM ledger_arrivals
        WHERE arrival_id IN (SELECT arrival_id FROM ledger_arrivals ORDER BY arrival_id LIMIT $1)
        RETURNING process, minute, highest, numbers, is_dead
    ), minutes AS (
        INSERT INTO ledger_minutes (minute, process, highest)
        SELECT minute, process, max(highest) FROM taken GROUP BY 1, 2
        ON CONFLICT (minute, process) DO UPDATE SET highest = greatest(ledger_minutes.highest, excluded.highest)
    ), parts AS (
        SELECT process, is_dead, part FROM taken, unnest(numbers) AS part
    ), merged AS (
        INSERT INTO ledger_processes (process, stored, dead, last_at)
        SELECT process, coalesce(range_agg(part) FILTER (WHERE NOT is_dead), '{}'),
            coalesce(range_agg(part) FILTER (WHERE is_dead), '{}'), clock_timestamp()
        FROM parts GROUP BY process
        ON CONFLICT (process) DO UPDATE SET stored = ledger_processes.stored + excluded.stored,
            dead = ledger_processes.dead + excluded.dead, last_at = excluded.last_at
    )
    SELECT count(*) FROM taken
"""
FIND_STORED: Final = """
    SELECT handled_sequence, date_trunc('minute', clicked_at, 'UTC') AS minute FROM clicks
    WHERE handled_process = $1 AND handled_sequence BETWEEN $2 AND $3
        AND clicked_at >= $4::timestamptz - interval '1 minute' AND clicked_at < $5::timestamptz + interval '2 minutes'
    ORDER BY 1 LIMIT 100000
"""
ADD: Final = "UPDATE ledger_processes SET stored = stored + $2::text::int8multirange WHERE process = $1"
TIDY: Final = (
    "DELETE FROM ledger_minutes WHERE minute < $1",
    "DELETE FROM ledger_processes WHERE last_at < $1",
    "DELETE FROM ledger_unnumbered WHERE minute < $1",
    "DELETE FROM ledger_acknowledged WHERE minute < $1",
)
MERGE_S: Final = 60.0
LOOK_S: Final = 10.0
LOOKED_AT_ONCE: Final = 20


async def merge(connection: asyncpg.Connection) -> int | None:
    """Merge the oldest arrivals; return how many there were, or null if another process is at it."""
    async with transaction(connection):
        if not await connection.fetchval(TRY_LOCK):
            return None
        merged: int = await connection.fetchval(MERGE, MOST, timeout=MERGE_S)
        return merged


async def tidy(connection: asyncpg.Connection, now: datetime) -> None:
    """Remove minutes, processes and letters from before the days that are kept."""
    for statement in TIDY:
        await connection.execute(statement, now - timedelta(days=KEPT_DAYS), timeout=MERGE_S)


class TableCheck:
    """Looks in `clicks` for numbers that no batch noted: stored by an older version, or restored. Each hole once."""

    def __init__(self) -> None:
        self._looked: set[tuple[str, int, int]] = set()

    async def look(self, connection: asyncpg.Connection, now: datetime, grace: timedelta) -> int:
        """Look for holes older than the grace, and note what is found; return how many numbers that were."""
        report = await read_holes(connection, now, now - grace)
        known = {(hole.process, hole.first, hole.last) for hole in report.holes}
        self._looked &= known
        found = 0
        for hole in report.holes[:LOOKED_AT_ONCE]:
            if (hole.process, hole.first, hole.last) not in self._looked:
                found += await add_stored(connection, hole)
        self._looked |= {(hole.process, hole.first, hole.last) for hole in report.holes[:LOOKED_AT_ONCE]}
        return found


async def add_stored(connection: asyncpg.Connection, hole: Hole) -> int:
    values: tuple[Any, ...] = (hole.process, hole.first, hole.last, hole.since or hole.minute, hole.minute)
    rows = await connection.fetch(FIND_STORED, *values, timeout=LOOK_S)
    if rows:
        numbers = [row["handled_sequence"] for row in rows]
        await connection.execute(ADD, hole.process, write_ranges(numbers), timeout=LOOK_S)
    return len(rows)
