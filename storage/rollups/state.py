"""What the rollups are: their zone, how far back they count, and what waits to be counted."""

from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from runtime.postgres import transaction
from storage.rollups.local_days import write_after, write_first_at
from storage.rollups.lock import lock

READ: Final = """
    SELECT zone, is_complete, CASE WHEN isfinite(counted_from) THEN counted_from END AS counted_from
    FROM rollup_state
"""
READ_PENDING: Final = """
    SELECT count(*) AS batches, coalesce(sum(clicks), 0)::bigint AS clicks,
        coalesce(extract(epoch FROM clock_timestamp() - min(stored_at)), 0)::float AS oldest_s
    FROM rollup_batches WHERE rolled_at IS NULL
"""
READ_SIZES: Final = """
    SELECT relname AS table, greatest(reltuples, 0)::bigint AS rows, pg_total_relation_size(oid) AS bytes
    FROM pg_class WHERE oid = ANY(ARRAY[
        'click_minutes'::regclass, 'click_rollups'::regclass, 'rollup_batches'::regclass, 'rollup_verdicts'::regclass
    ]) ORDER BY relname
"""
SET_ZONE: Final = """
    UPDATE rollup_state SET zone = $1
    WHERE zone <> $1 AND NOT EXISTS (SELECT FROM click_rollups) AND NOT EXISTS (SELECT FROM rollup_days)
"""
KNOWS_ZONE: Final = "SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)"
FROZEN: Final = f"""
    SELECT count(*) AS days, count(*) FILTER (
        WHERE (first_at, until) <> ({write_first_at("day")}, {write_after("day")})
    ) AS of_other_zones
    FROM rollup_days
"""  # noqa: S608 - fixed texts


class RollupState(msgspec.Struct, frozen=True):
    """The reporting zone; whether all clicks are counted, and if not, from which time on (None: from none)."""

    zone: str
    is_complete: bool
    counted_from: datetime | None


class Pending(msgspec.Struct, frozen=True):
    """Batches that are stored and not rolled, their clicks, and how long the oldest waits."""

    batches: int
    clicks: int
    oldest_s: float


class Frozen(msgspec.Struct, frozen=True):
    """Days whose clicks may be gone, and how many of them were counted in another zone. They are not counted again."""

    days: int
    of_other_zones: int


async def read_state(connection: asyncpg.Connection) -> RollupState:
    return RollupState(*await connection.fetchrow(READ))


async def read_pending(connection: asyncpg.Connection) -> Pending:
    return Pending(*await connection.fetchrow(READ_PENDING))


async def read_frozen(connection: asyncpg.Connection) -> Frozen:
    return Frozen(*await connection.fetchrow(FROZEN))


async def begin_in_zone(connection: asyncpg.Connection, zone: str) -> None:
    """Make this the reporting zone if nothing is counted yet."""
    async with transaction(connection):
        await lock(connection)
        await connection.execute(SET_ZONE, zone)
