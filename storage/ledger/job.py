"""The job of the sink that merges the ledger, every two seconds. Of several sinks, one merges at a time."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import asyncpg
import structlog

from runtime.outage_log import OutageLog
from runtime.postgres import Session
from runtime.shared_settings import DatabaseUrl
from storage.ledger.merge import MOST, TableCheck, merge, tidy
from storage.read.ledger import GRACE
from storage.repeated_steps import repeat_steps

log = structlog.get_logger()

EVERY_S: Final = 2.0
LOOK_EVERY: Final = 15
TIDY_EVERY: Final = 1800
"""Rounds between two looks at the table of clicks (30 s), and between two times of housekeeping (an hour)."""
SESSION: Final = Session(application="clickrail sink ledger", connect_s=5.0, statement_s=60.0, server_s=60.0)


def read_clock() -> datetime:
    return datetime.now(UTC)


class LedgerJob:
    """Merges arrivals until cancelled."""

    def __init__(self, database_url: DatabaseUrl, now: Callable[[], datetime] = read_clock) -> None:
        self._database_url = database_url
        self._now = now
        self._outage = OutageLog(log, "ledger not merged", "ledger can be merged again")
        self._check = TableCheck()
        self._rounds = 0

    async def run(self) -> None:
        """Merge until cancelled. Failures are logged, and tried again after some seconds."""
        await repeat_steps(self._database_url, SESSION, self._merge, self._outage)

    async def _merge(self, connection: asyncpg.Connection) -> float:
        merged = await self.step(connection)
        self._outage.end()
        return 0 if merged == MOST else EVERY_S

    async def step(self, connection: asyncpg.Connection) -> int:
        """Merge once; look at the table and remove old rows when it is time. Raises asyncpg's errors."""
        merged = await merge(connection)
        if merged is not None and self._rounds % LOOK_EVERY == 1:
            await self._check.look(connection, self._now(), GRACE / 2)
        if merged is not None and self._rounds % TIDY_EVERY == 1:
            await tidy(connection, self._now())
        self._rounds += 1
        return merged or 0
