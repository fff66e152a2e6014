"""The job of the sink that rolls stored batches, every two seconds. Of several sinks, one rolls at a time."""

import asyncio
from typing import Final, Protocol

import asyncpg
import structlog
from prometheus_client import Counter, Gauge

from runtime.outage_log import OutageLog
from runtime.postgres import Session
from runtime.shared_settings import DatabaseUrl
from storage.repeated_steps import AGAIN_S, repeat_steps
from storage.rollups.housekeeping import tidy
from storage.rollups.rebuild import count_earlier_day
from storage.rollups.roller import MOST_CLICKS, roll
from storage.rollups.state import RollupState, begin_in_zone, read_pending, read_state

log = structlog.get_logger()

EVERY_S: Final = 2.0
TIDY_EVERY: Final = 300
"""Rounds between two times of housekeeping: about ten minutes."""
SESSION: Final = Session(application="clickrail sink rollups", connect_s=5.0, statement_s=900.0, server_s=900.0)
OTHER_ZONE: Final = (
    "nothing is rolled: CLICKRAIL_TIMEZONE is {0}, and the rollups are counted in {1}. Set it back, or run"
    " `clickrail rollups rebuild --zone {0}`"
)


class RollupMetrics(Protocol):
    """The metrics: clicks that wait, the age of the oldest batch in seconds, and clicks that were rolled."""

    @property
    def rollups_pending(self) -> Gauge: ...
    @property
    def rollups_oldest(self) -> Gauge: ...
    @property
    def rolled(self) -> Counter: ...


class RollupJob:
    """Rolls batches, and counts what is older than the rollups, day by day. `problem` says why it does not."""

    def __init__(self, database_url: DatabaseUrl, zone: str, metrics: RollupMetrics) -> None:
        self._database_url = database_url
        self._zone = zone
        self._metrics = metrics
        self._outage = OutageLog(log, "clicks not rolled", "clicks can be rolled again")
        self._rounds = 0
        self.problem: str | None = None

    async def run(self) -> None:
        """Roll until cancelled. Failures are logged, and tried again after some seconds."""
        await repeat_steps(self._database_url, SESSION, self._roll, self._outage)

    async def _roll(self, connection: asyncpg.Connection) -> float:
        is_idle = await self.step(connection)
        if self.problem is None:
            self._outage.end()
        return EVERY_S if is_idle else 0

    async def step(self, connection: asyncpg.Connection) -> bool:
        """Roll what waits, or count one earlier day; return whether there is time to rest. Raises asyncpg's errors."""
        state = await self.report_zone(connection)
        if self.problem:
            self._outage.fail(self.problem)
            await self._report(connection)
            await asyncio.sleep(AGAIN_S)
            return True
        rolled = await roll(connection)
        await self._report(connection)
        if rolled is None:
            return True
        self._metrics.rolled.inc(rolled.clicks)
        if rolled.clicks < MOST_CLICKS // 2 and not state.is_complete:
            day = await count_earlier_day(connection)
            log.info("rollups are complete" if day is None else "day counted", day=day and str(day))
            return False
        self._rounds += 1
        if self._rounds % TIDY_EVERY == 1:
            await tidy(connection)
        return rolled.clicks < MOST_CLICKS // 2

    async def report_zone(self, connection: asyncpg.Connection) -> RollupState:
        """Read the state, and note in `problem` whether its zone is another. Before any count the setting decides."""
        state = await read_state(connection)
        if state.zone != self._zone:
            await begin_in_zone(connection, self._zone)
            state = await read_state(connection)
        self.problem = None if state.zone == self._zone else OTHER_ZONE.format(self._zone, state.zone)
        return state

    async def _report(self, connection: asyncpg.Connection) -> None:
        pending = await read_pending(connection)
        self._metrics.rollups_pending.set(pending.clicks)
        self._metrics.rollups_oldest.set(pending.oldest_s)
