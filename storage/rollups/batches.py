"""The counts that the sink makes in the transaction that stores clicks: its batch, and its clicks by minute.

`INSERT ... RETURNING` gives the new clicks only, already counted. The last statement of the transaction adds them to
`click_minutes` in the order of the key: sinks that share a row wait for each other's commit, and for nothing else.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import starmap
from operator import add
from typing import Final

import asyncpg

from storage.rollups.measures import MEASURES, count_measures

SLOTS: Final = 8
MOVES: Final = -1
"""The slot of what verdicts changed later."""
MINUTES_KEPT: Final = timedelta(days=8)
"""Minutes are counted for clicks of so many days; older ones are in hours and days."""
LIVE: Final = "is_unique AS now_is_unique, fraud_band AS now_band, fraud_ivt_class AS now_ivt_class"
"""The verdict that counts for a click just stored is the live one."""
COUNT_NEW: Final = f"""
    SELECT date_trunc('minute', clicked_at, 'UTC') AS minute, program_id, {count_measures()}, count(*)::int AS clicks,
        min(clicked_at) AS first_at, max(clicked_at) AS last_at
    FROM (
        SELECT clicked_at, program_id, is_bot, is_test, prefetch, bot_kind, limited_by, {LIVE} FROM new_clicks
    ) AS stored GROUP BY 1, 2
"""  # noqa: S608 - fixed texts
"""Counts `new_clicks`, the rows that an INSERT returned."""

NEXT_BATCH: Final = """
    SELECT nextval(pg_get_serial_sequence('rollup_batches', 'batch_id')), (SELECT settled_until FROM settling_progress)
"""
NAMES: Final = ", ".join(MEASURES)
ADD_UP: Final = ", ".join(f"{name} = old.{name} + excluded.{name}" for name in MEASURES)
WRITE_BATCH: Final = f"""
    WITH batch AS (
        INSERT INTO rollup_batches (batch_id, clicks, first_at, last_at) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4)
    )
    INSERT INTO click_minutes AS old (minute, program_id, slot, {NAMES})
    SELECT minute, program_id, $5::smallint, {NAMES}
    FROM unnest($6::timestamptz[], $7::text[], {", ".join(f"${8 + place}::int[]" for place in range(len(MEASURES)))})
        AS counted (minute, program_id, {NAMES})
    WHERE minute >= now() - make_interval(secs => {MINUTES_KEPT.total_seconds():.0f})
    ORDER BY minute, program_id COLLATE "C"
    ON CONFLICT (minute, program_id, slot) DO UPDATE SET {ADD_UP}
"""  # noqa: S608 - fixed texts


class BatchCounts:
    """The counts of the clicks that one transaction stores, and their batch.

    Clicks after `settled_until` have no settled score.
    """

    def __init__(self, batch_id: int, settled_until: datetime | None, slot: int) -> None:
        self.batch_id = batch_id
        self.settled_until = settled_until
        self.clicks = 0
        self._slot = slot
        self._minutes: dict[tuple[datetime, str], Sequence[int]] = {}
        self._times: list[datetime] = []

    def add(self, counted: Iterable[asyncpg.Record]) -> int:
        """Add rows of `COUNT_NEW`; return how many clicks they count."""
        before = self.clicks
        for minute, program_id, *numbers, clicks, first_at, last_at in counted:
            earlier = self._minutes.get((minute, program_id))
            self._minutes[minute, program_id] = list(map(add, earlier, numbers)) if earlier else numbers
            self._times += [first_at, last_at]
            self.clicks += clicks
        return self.clicks - before

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The times of the first and the last click."""
        return min(self._times), max(self._times)

    async def write(self, connection: asyncpg.Connection) -> None:
        """Write the batch and its minutes, if it has clicks."""
        if self.clicks:
            rows = starmap(lambda key, numbers: (*key, *numbers), self._minutes.items())
            times = min(self._times), max(self._times)
            await connection.execute(
                WRITE_BATCH, self.batch_id, self.clicks, *times, self._slot, *zip(*rows, strict=True)
            )


async def start_batch(connection: asyncpg.Connection, slot: int) -> BatchCounts:
    """Begin to count the clicks of a transaction."""
    batch_id, settled_until = await connection.fetchrow(NEXT_BATCH)
    return BatchCounts(batch_id, settled_until, slot)
