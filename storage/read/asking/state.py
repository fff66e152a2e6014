"""What the rollups have now, and how many rows a plan would read."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from storage.read.asking.question import Span
from storage.read.queries import QUERY_S, Reader

AT_ONCE: Final = 1000
"""More batches than begin while one is stored."""
STATE: Final = f"""
    SELECT zone, counted_from, (SELECT max(until) FROM rollup_days) AS kept_from,
        (
            SELECT ARRAY[count(*), sum(batch_id)::bigint] FROM rollup_batches
            WHERE batch_id > (SELECT max(batch_id) FROM rollup_batches) - {AT_ONCE}
        ) AS newest_batches,
        (SELECT coalesce(array_agg((month AT TIME ZONE zone)::date), '{{}}') FROM rollup_months) AS months,
        pending_from, pending_until
    FROM rollup_state, (
        SELECT min(first_at) AS pending_from, max(last_at) AS pending_until FROM rollup_batches WHERE rolled_at IS NULL
    ) AS pending
"""  # noqa: S608 - a number of ours
BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
"""What asyncpg makes of `-infinity`."""
LEAST: Final = timedelta(microseconds=1)
"""PostgreSQL's times are no finer, so that this much after the last click a span of all ends."""


class RollupState(msgspec.Struct, frozen=True):
    """The reporting zone, and how far the rollups reach.

    Clicks before `counted_from` are not counted yet, and those before `kept_from` are gone, or going. `pending` is
    the time of those that are in no row of `click_rollups` yet, null without any. `newest_batches` differ once another
    batch is stored, also one that had begun before others. `months` have rows of their own.
    """

    zone_name: str
    counted_from: datetime
    kept_from: datetime | None
    pending: Span | None
    newest_batches: tuple[int | None, ...]
    months: frozenset[date]
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)


async def read_state(reader: Reader, now: datetime) -> RollupState:
    zone, counted_from, kept_from, newest, months, first, last = await reader.fetchrow(STATE, timeout=QUERY_S)
    pending = None if first is None else Span(first, last + LEAST)
    begin = counted_from.replace(tzinfo=UTC)
    return RollupState(zone, begin, kept_from, pending, tuple(newest), frozenset(months), now)
