"""The columnstore of TimescaleDB: a policy of the database compresses chunks of clicks some days after their day."""

from typing import Final, Literal

import asyncpg

from runtime.postgres import transaction
from storage.engine import CLICKS, StorageEngine

LOCK_TIMEOUT_S: Final = 2.0
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('clickrail columnstore of ' || current_schema(), 0))"
HAS_LICENSE: Final = "SELECT current_setting('timescaledb.license', true) = 'timescale'"
"""Another license is `apache`, without the columnstore. The setting exists once a function of TimescaleDB has run."""
LOAD: Final = "SELECT count(*) FROM timescaledb_information.hypertables"
READ: Final = """
    SELECT compression_enabled AS enabled, (
        SELECT (config->>'compress_after')::interval FROM timescaledb_information.jobs
        WHERE proc_name = 'policy_compression'
            AND (jobs.hypertable_schema, jobs.hypertable_name) = (tables.hypertable_schema, tables.hypertable_name)
    ) = make_interval(days => $2) AS is_same, EXISTS (
        SELECT FROM timescaledb_information.jobs
        WHERE proc_name = 'policy_compression'
            AND (jobs.hypertable_schema, jobs.hypertable_name) = (tables.hypertable_schema, tables.hypertable_name)
    ) AS has_policy
    FROM timescaledb_information.hypertables AS tables
    WHERE (hypertable_schema, hypertable_name) = (current_schema(), $1::text)
"""
ENABLE: Final = f"""
    ALTER TABLE {CLICKS} SET (
        timescaledb.enable_columnstore, timescaledb.segmentby = 'program_id', timescaledb.orderby = 'clicked_at'
    )
"""
ADD: Final = "CALL {0}('{1}', after => INTERVAL '{2} days')"
REMOVE: Final = "CALL {0}('{1}', if_exists => true)"

Change = Literal["same", "set", "removed", "no license"]


async def apply_policy(connection: asyncpg.Connection, engine: StorageEngine, after_days: int) -> Change:
    """Let chunks of clicks be compressed `after_days` days after their day; 0: never. Changes only what differs.

    Chunks that are compressed already stay so. Raises asyncpg's errors, LockNotAvailable among them.
    """
    async with transaction(connection):
        await connection.execute(f"SET LOCAL lock_timeout = {round(LOCK_TIMEOUT_S * 1000)}")
        await connection.execute(LOCK)
        await connection.execute(LOAD)
        if not await connection.fetchval(HAS_LICENSE):
            return "no license"
        found = await connection.fetchrow(READ, CLICKS, after_days)
        if found["is_same"] if after_days else not found["has_policy"]:
            return "same"
        if not found["enabled"]:
            await connection.execute(ENABLE)
        await connection.execute(REMOVE.format(engine.call("remove_columnstore_policy"), CLICKS))
        if after_days:
            await connection.execute(ADD.format(engine.call("add_columnstore_policy"), CLICKS, after_days))
    return "set" if after_days else "removed"
