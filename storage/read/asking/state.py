"""What the rollups have now, and how many rows a plan would read."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from storage.read.asking.question import Span
from storage.read.queries import QUERY_S, Reader

STATE: Final = """
    SELECT zone, counted_from, (SELECT max(until) FROM rollup_days) AS kept_from,
        (SELECT coalesce(array_agg((month AT TIME ZONE zone)::date), '{}') FROM rollup_months) AS months,
        pending_from, pending_until
    FROM rollup_state, (
        SELECT min(first_at) AS pending_from, max(last_at) AS pending_until FROM rollup_batches WHERE rolled_at IS NULL
    ) AS pending
"""
NEWEST: Final = """
    SELECT count(*), sum(batch_id)::bigint FROM rollup_batches
    WHERE batch_id > (SELECT max(batch_id) FROM rollup_batches) - 1000
"""
"""Of two sinks' batches the one with the lower number may be stored later. It changes the sum as well, unless it comes
a thousand numbers late. Old ones are deleted, and none as high comes in their place."""
BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
"""What asyncpg makes of `-infinity`."""
LEAST: Final = timedelta(microseconds=1)
"""PostgreSQL's times are no finer, so that this much after the last click a span of all ends."""


class RollupState(msgspec.Struct, frozen=True):
    """The reporting zone, and how far the rollups reach.

    Clicks before `counted_from` are not counted yet, and those before `kept_from` are gone, or going. `pending` is
    the time of those that are in no row of `click_rollups` yet, null without any. `months` have rows of their own.
    """

    zone_name: str
    counted_from: datetime
    kept_from: datetime | None
    pending: Span | None
    months: frozenset[date]
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)


async def read_state(reader: Reader, now: datetime) -> RollupState:
    zone, counted_from, kept_from, months, first, last = await reader.fetchrow(STATE, timeout=QUERY_S)
    pending = None if first is None else Span(first, last + LEAST)
    return RollupState(zone, counted_from.replace(tzinfo=UTC), kept_from, pending, frozenset(months), now)


async def read_newest(reader: Reader) -> tuple[int | None, ...]:
    """Return what differs once another batch of clicks is stored."""
    return tuple(await reader.fetchrow(NEWEST, timeout=QUERY_S))
