"""Looks every ten seconds whether the ledger adds up: an alarm for every page, a metric, and a line in the log."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec
import structlog
from prometheus_client import Gauge

from console.database import Database
from runtime.errors import DependencyAway
from storage.read.ledger import GRACE, HoleReport, read_holes

log = structlog.get_logger()

EVERY_S: Final = 10.0


class Waiting(msgspec.Struct, frozen=True):
    """The pipeline when Kafka last answered: when that was, and when Kafka took the oldest record that waits."""

    measured_at: datetime
    oldest_at: datetime | None


def find_limit(now: datetime, waiting: Waiting | None) -> datetime | None:
    """Give the time before which every accepted click must have arrived; null if that is not known.

    It is `GRACE` ago, or as long before the last look at Kafka, or before the oldest record that waits.
    """
    if waiting is None:
        return None
    return min(now, waiting.measured_at, waiting.oldest_at or now) - GRACE


class LedgerWatch:
    """`report` is the last result, and null before the first. It stays while Kafka or PostgreSQL is away."""

    def __init__(
        self,
        database: Database,
        missing: Gauge,
        now: Callable[[], datetime],
        waiting: Callable[[], Waiting | None],
    ) -> None:
        self.report: HoleReport | None = None
        self._database = database
        self._missing = missing
        self._now = now
        self._waiting = waiting

    @property
    def missing(self) -> int:
        """How many clicks of the last 24 hours are missing."""
        return self.report.missing if self.report else 0

    async def run(self) -> None:
        """Look until cancelled. While PostgreSQL is away, which other parts report, the last result stays."""
        while True:
            try:
                await self.look()
            except DependencyAway:
                log.debug("ledger not read: PostgreSQL does not answer")
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look once. Raises DatabaseAway."""
        now = self._now()
        limit = find_limit(now, self._waiting())
        if limit is None:
            return
        report = await self._database.read(lambda connection: read_holes(connection, now, limit))
        before, self.report = self.missing, report
        self._missing.set(report.missing)
        if report.missing > before:
            first = report.holes[0]
            log.error(
                "clicks are missing: ingest accepted them, and no table has them",
                clicks=report.missing,
                minute=first.minute.isoformat(),
                process=first.process,
                first=first.first,
                last=first.last,
            )
        elif before and not report.missing:
            log.info("no clicks are missing any more", clicks=before)
