"""Removes what rollups need no longer: old minutes, rolled batches, verdicts of clicks that are gone."""

from typing import Final

import asyncpg

from runtime.postgres import transaction
from storage.rollups.batches import MINUTES_KEPT
from storage.rollups.lock import try_lock
from storage.rollups.months import make_past_months

MINUTES: Final = f"""
    DELETE FROM click_minutes WHERE minute < now() - make_interval(secs => {MINUTES_KEPT.total_seconds() + 3600:.0f})
"""  # noqa: S608 - a number of ours
"""An hour later than sinks count none of them any more, so that the two never meet."""
BATCHES: Final = "DELETE FROM rollup_batches WHERE rolled_at < now() - interval '3 days'"
VERDICTS: Final = """
    DELETE FROM rollup_verdicts WHERE clicked_at < (SELECT min(clicked_at) FROM clicks)
"""
HOUSEKEEPING_S: Final = 300.0


async def tidy(connection: asyncpg.Connection) -> None:
    """Remove what is old, and make the months that are over, unless another process is at work."""
    async with transaction(connection):
        if await try_lock(connection):
            for statement in (MINUTES, BATCHES, VERDICTS):
                await connection.execute(statement, timeout=HOUSEKEEPING_S)
            await make_past_months(connection)
