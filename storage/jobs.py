"""The job that creates the partitions of the coming days, so that no batch has to. A hypertable needs none."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

import structlog

from runtime.errors import DependencyAway, Stuck
from runtime.outage_log import OutageLog
from runtime.postgres import Session, connected, describe_failure
from runtime.postgres_errors import ERRORS
from runtime.settings import DatabaseUrl
from storage.days import prepare_days
from storage.engine import read_engine
from storage.partitions import PartitionState, days_ahead

log = structlog.get_logger()

EVERY_S: Final = 3600.0
AGAIN_S: Final = 60.0
SESSION: Final = Session(application="clickrail sink partitions", connect_s=5.0, statement_s=15.0, server_s=15.0)


def read_day() -> date:
    return datetime.now(UTC).date()


class PartitionJob:
    """Creates partitions for today and `ahead` days after it. `report` gets the number of days that have one."""

    def __init__(
        self, database_url: DatabaseUrl, ahead: int, report: Callable[[int], None], today: Callable[[], date] = read_day
    ) -> None:
        self._database_url = database_url
        self._ahead = ahead
        self._report = report
        self._today = today
        self._outage = OutageLog(log, "partitions not made", "partitions can be made again")

    async def run(self) -> None:
        """Create partitions every hour, or a minute after a failure, until cancelled. Failures are only logged."""
        while True:
            try:
                await self.make()
            except (DependencyAway, Stuck) as error:
                self._outage.fail(str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                self._outage.end()
                await asyncio.sleep(EVERY_S)

    async def make(self) -> None:
        """Create the missing partitions, each in its own transaction. Raises PostgresAway and Stuck."""
        days = days_ahead(self._today(), self._ahead)
        try:
            async with connected(self._database_url.reveal(), SESSION) as connection:
                found = await prepare_days(connection, await read_engine(connection), days)
        except ERRORS as error:
            raise describe_failure(error) from error
        self._report(count_ahead(days, found))
        made = [str(day) for day, presence in found.items() if presence == "made"]
        if made:
            log.info("partitions made", days=made)


def count_ahead(days: list[date], found: dict[date, PartitionState]) -> int:
    """Count the days after the first that have partitions without a gap; -1 when the first has none."""
    missing = [number for number, day in enumerate(days) if found[day] == "dropped"]
    return (missing[0] if missing else len(days)) - 1
