"""The job that prepares the coming days, so that no batch has to, and has old days compressed where TimescaleDB can.

Native partitions are created ahead. A hypertable needs none, and gets a policy for its columnstore.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Final, NoReturn

import asyncpg
import structlog

from runtime.errors import DependencyAway, Stuck
from runtime.outage_log import OutageLog
from runtime.postgres import Session, connected, describe_failure
from runtime.postgres_errors import ERRORS
from runtime.shared_settings import DatabaseUrl
from storage.columnstore import apply_policy
from storage.days import prepare_days
from storage.engine import StorageEngine, read_engine
from storage.partitions import PartitionState, days_ahead

log = structlog.get_logger()

EVERY_S: Final = 3600.0
AGAIN_S: Final = 60.0
COMPRESS_AFTER_DAYS: Final = 8
SESSION: Final = Session(application="clickrail sink partitions", connect_s=5.0, statement_s=15.0, server_s=15.0)


def read_day() -> date:
    return datetime.now(UTC).date()


async def repeat(work: Callable[[], Awaitable[object]], outage: OutageLog) -> NoReturn:
    """Work every hour, or a minute after DependencyAway or Stuck, which are only logged."""
    while True:
        try:
            await work()
        except (DependencyAway, Stuck) as error:
            outage.fail(str(error))
            await asyncio.sleep(AGAIN_S)
        else:
            outage.end()
            await asyncio.sleep(EVERY_S)


class PartitionJob:
    """Prepares today and `ahead` days after it. `report` gets the number of days that are prepared.

    Clicks of a hypertable are compressed `compress_after_days` days after their day; 0: never.
    """

    def __init__(
        self,
        database_url: DatabaseUrl,
        ahead: int,
        report: Callable[[int], None],
        today: Callable[[], date] = read_day,
        *,
        compress_after_days: int = COMPRESS_AFTER_DAYS,
    ) -> None:
        self._database_url = database_url
        self._ahead = ahead
        self._report = report
        self._today = today
        self._compress_after_days = compress_after_days
        self._has_license = True
        self._outage = OutageLog(log, "partitions not made", "partitions can be made again")

    async def run(self) -> None:
        """Work every hour, or a minute after a failure, until cancelled. Failures are only logged."""
        await repeat(self.make, self._outage)

    async def make(self) -> None:
        """Create the missing partitions, each in its own transaction, or the policy. Raises PostgresAway and Stuck."""
        days = days_ahead(self._today(), self._ahead)
        try:
            async with connected(self._database_url.reveal(), SESSION) as connection:
                engine = await read_engine(connection)
                found = await prepare_days(connection, engine, days)
                if engine.is_hypertable():
                    await self._compress(connection, engine)
        except ERRORS as error:
            raise describe_failure(error) from error
        self._report(count_ahead(days, found))
        made = [str(day) for day, presence in found.items() if presence == "made"]
        if made:
            log.info("partitions made", days=made)

    async def _compress(self, connection: asyncpg.Connection, engine: StorageEngine) -> None:
        change = await apply_policy(connection, engine, self._compress_after_days)
        if change in ("set", "removed"):
            log.info("columnstore policy changed", after_days=self._compress_after_days or "never")
        elif change == "no license" and self._has_license and self._compress_after_days:
            log.warning("clicks are not compressed: TimescaleDB's license of this server is not 'timescale'")
        self._has_license = change != "no license"


def count_ahead(days: list[date], found: dict[date, PartitionState]) -> int:
    """Count the days after the first that have partitions without a gap; -1 when the first has none."""
    missing = [number for number, day in enumerate(days) if found[day] == "dropped"]
    return (missing[0] if missing else len(days)) - 1
