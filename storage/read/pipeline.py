"""What the tables say of the pipeline: the sink's commits, settling, rollups, Redis, and versions of recent clicks."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from storage.read.queries import QUERY_S, Reader

RECENT: Final = 500
"""Versions are those of this many newest clicks."""
LOOK_BACK: Final = timedelta(days=2)
STATE: Final = """
    SELECT current_setting('server_version') AS postgresql,
        (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb,
        (SELECT zone FROM rollup_state) AS zone,
        (SELECT coalesce(sum(clicks), 0)::bigint FROM rollup_batches WHERE rolled_at IS NULL) AS unrolled,
        (SELECT min(stored_at) FROM rollup_batches WHERE rolled_at IS NULL) AS unrolled_since,
        (SELECT max(noted_at) FROM stored_positions) AS sink_committed_at,
        (SELECT settled_until FROM settling_progress) AS settled_until,
        (SELECT max(clicked_at) FROM clicks WHERE clicked_at >= $1) AS newest_click_at
"""
VERSIONS: Final = """
    WITH recent AS (
        SELECT clicked_at, schema_version, geo_database, network_database, bot_rules, quality_rules, fraud_rules,
            device_parser, ip_hash_key_id, handled_key_ids
        FROM clicks WHERE clicked_at >= $1 AND erased_at IS NULL ORDER BY clicked_at DESC LIMIT $2
    ), named AS (
        SELECT name, value, clicked_at FROM recent, LATERAL (VALUES
            ('schema', schema_version), ('geo', geo_database), ('network', network_database), ('bots', bot_rules),
            ('quality', quality_rules #>> '{}'), ('score', fraud_rules), ('devices', device_parser),
            ('ip_hash key', ip_hash_key_id)
        ) AS v (name, value)
        UNION ALL SELECT key || ' key', value, clicked_at FROM recent, jsonb_each_text(handled_key_ids)
    )
    SELECT name, value, count(*) AS clicks, max(clicked_at) AS last_at FROM named WHERE value IS NOT NULL
    GROUP BY 1, 2 ORDER BY 1, 4 DESC
"""


STORE: Final = """
    WITH recent AS (
        SELECT clicked_at, unique_status FROM clicks WHERE clicked_at >= $1 ORDER BY clicked_at DESC LIMIT $2
    )
    SELECT count(*) AS clicks, count(*) FILTER (WHERE unique_status = 'no_store') AS unreached,
        (array_agg(unique_status ORDER BY clicked_at DESC))[1] AS newest, max(clicked_at) AS newest_at
    FROM recent WHERE unique_status IN ('judged', 'warming', 'no_store')
"""


class StoreState(msgspec.Struct, frozen=True):
    """How the enricher found Redis, by those of the newest clicks that it asked about: `unreached` had no answer.

    `newest` is `judged`, `warming` (it had been emptied), `no_store` (it did not answer) or null without such a click.
    """

    clicks: int
    unreached: int
    newest: str | None
    newest_at: datetime | None


class PipelineState(msgspec.Struct, frozen=True, kw_only=True):
    """`unrolled` clicks wait for the rollups, since `unrolled_since`. `timescaledb` is null without it."""

    postgresql: str
    timescaledb: str | None
    zone: str
    unrolled: int
    unrolled_since: datetime | None
    sink_committed_at: datetime | None
    settled_until: datetime | None
    newest_click_at: datetime | None


class Version(msgspec.Struct, frozen=True):
    """A version, how many of the newest clicks have it, and the last of them."""

    value: str
    clicks: int
    last_at: datetime


async def read_pipeline(connection: Reader, now: datetime) -> PipelineState:
    row = await connection.fetchrow(STATE, now - LOOK_BACK, timeout=QUERY_S)
    return PipelineState(**dict(row))


async def read_store(connection: Reader, now: datetime) -> StoreState:
    return StoreState(*await connection.fetchrow(STORE, now - LOOK_BACK, RECENT, timeout=QUERY_S))


async def read_versions(connection: Reader, now: datetime) -> Mapping[str, list[Version]]:
    """Give the versions that the newest clicks have, by what they are of, the one of the newest click first."""
    found: dict[str, list[Version]] = {}
    for row in await connection.fetch(VERSIONS, now - LOOK_BACK, RECENT, timeout=QUERY_S):
        found.setdefault(row["name"], []).append(Version(row["value"], row["clicks"], row["last_at"]))
    return found
