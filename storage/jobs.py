"""The job that makes the partitions of the days to come, so that no batch has to make one."""

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
from storage.partitions import PartitionState, days_ahead, make_partitions

log = structlog.get_logger()

EVERY_S: Final = 3600.0
AGAIN_S: Final = 60.0
SESSION: Final = Session(application="clickrail sink partitions", connect_s=5.0, statement_s=15.0, server_s=15.0)


def read_day() -> date:
    return datetime.now(UTC).date()


class PartitionJob:
    """Makes partitions for today and so many days after it. `report` is told for how many of them there are."""

    def __init__(
        self, database_url: DatabaseUrl, ahead: int, report: Callable[[int], None], today: Callable[[], date] = read_day
    ) -> None:
        self._database_url = database_url
        self._ahead = ahead
        self._report = report
        self._today = today
        self._outage = OutageLog(log, "partitions not made", "partitions can be made again")

    async def run(self) -> None:
        """Look after them every hour, and a minute after it failed, until cancelled. An outage is only logged."""
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
        """Make those that are missing, each in a transaction of its own. Raises PostgresAway and Stuck."""
        days = days_ahead(self._today(), self._ahead)
        try:
            async with connected(self._database_url.reveal(), SESSION) as connection:
                found = await make_partitions(connection, days)
        except ERRORS as error:
            raise describe_failure(error) from error
        self._report(count_ahead(days, found))
        made = [str(day) for day, presence in found.items() if presence == "made"]
        if made:
            log.info("partitions made", days=made)


def count_ahead(days: list[date], found: dict[date, PartitionState]) -> int:
    """Give for how many days after the first there are partitions without a gap; -1 when not even for the first."""
    missing = [number for number, day in enumerate(days) if found[day] == "dropped"]
    return (missing[0] if missing else len(days)) - 1
