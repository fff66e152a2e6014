"""Deletes old rejections and dead letters, the oldest first, a limited number in each transaction."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

import asyncpg

from runtime.postgres import transaction

AT_ONCE: Final = 5000
STATEMENT_S: Final = 60.0

OldRows = Literal["rejections", "letters"]

RECORD: Final = """
    INSERT INTO retention_removals AS old (what, day, rows, bytes)
    SELECT $3, (at AT TIME ZONE 'UTC')::date, count(*), sum(size) FROM gone GROUP BY 2
    ON CONFLICT (what, day) DO UPDATE SET rows = old.rows + excluded.rows, bytes = old.bytes + excluded.bytes,
        removed_at = clock_timestamp()
    RETURNING old.day
"""
DELETE_REJECTIONS: Final = """
    DELETE FROM rejected_clicks WHERE rejection_id IN (
        SELECT rejection_id FROM rejected_clicks WHERE rejected_at < $1 ORDER BY rejected_at LIMIT $2
    ) RETURNING rejected_at AS at, pg_column_size(rejected_clicks) AS size
"""
DELETE_LETTERS: Final = """
    DELETE FROM dead_letters WHERE (topic, "partition", "offset", digest) IN (
        SELECT topic, "partition", "offset", digest FROM dead_letters WHERE failed_at < $1 ORDER BY failed_at LIMIT $2
    ) RETURNING failed_at AS at, pg_column_size(dead_letters) AS size
"""
DELETE: Final[Mapping[OldRows, str]] = MappingProxyType({"rejections": DELETE_REJECTIONS, "letters": DELETE_LETTERS})
COUNT: Final[Mapping[OldRows, str]] = MappingProxyType(
    {
        "rejections": "SELECT count(*) FROM rejected_clicks WHERE rejected_at < $1",
        "letters": "SELECT count(*) FROM dead_letters WHERE failed_at < $1",
    }
)
DELETE_REPLAYS: Final = """
    DELETE FROM dead_letter_replays WHERE begun_at < $1 AND NOT EXISTS (
        SELECT FROM dead_letters WHERE dead_letters.topic = dead_letter_replays.topic
            AND dead_letters."partition" = dead_letter_replays."partition"
            AND dead_letters."offset" = dead_letter_replays."offset"
            AND dead_letters.digest = dead_letter_replays.digest
    )
"""


async def delete_old_rows(
    connection: asyncpg.Connection, what: OldRows, before: datetime, at_once: int = AT_ONCE
) -> int:
    """Delete what is older than `before`; return how many rows. Each transaction records what it deleted."""
    deleted, last = 0, at_once
    while last == at_once:
        async with transaction(connection):
            last = await connection.fetchval(
                f"WITH gone AS ({DELETE[what]}), noted AS ({RECORD}) SELECT count(*) FROM gone",  # noqa: S608 - texts of ours
                before,
                at_once,
                what,
                timeout=STATEMENT_S,
            )
        deleted += last
    if what == "letters":
        await connection.execute(DELETE_REPLAYS, before, timeout=STATEMENT_S)
    return deleted


async def count_old_rows(connection: asyncpg.Connection, what: OldRows, before: datetime) -> int:
    count: int = await connection.fetchval(COUNT[what], before, timeout=STATEMENT_S)
    return count
