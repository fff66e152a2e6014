"""The job of the sink that applies retention. Of several sinks, one does at a time."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Final, Protocol

import structlog
from prometheus_client import Counter

from runtime.outage_log import OutageLog
from runtime.postgres import Session, connected, describe_failure, transaction
from runtime.postgres_errors import ERRORS
from runtime.shared_settings import DatabaseUrl
from storage.jobs import read_day, repeat
from storage.retention.plan import apply_retention
from storage.retention.policy import RetentionPolicy
from storage.retention.removals import Removable

log = structlog.get_logger()

SESSION: Final = Session(application="clickrail sink retention", connect_s=5.0, statement_s=620.0, server_s=600.0)
TRY_LOCK: Final = """
    SELECT WHERE pg_try_advisory_xact_lock(hashtextextended('clickrail retention of ' || current_schema(), 0))
"""


class RetentionMetrics(Protocol):
    """The metric: removed rows, by what they were."""

    @property
    def removed(self) -> Counter: ...


class RetentionJob:
    """Removes what is old by `policy`, every hour."""

    def __init__(
        self,
        database_url: DatabaseUrl,
        policy: RetentionPolicy,
        metrics: RetentionMetrics,
        today: Callable[[], date] = read_day,
    ) -> None:
        self._database_url = database_url
        self._policy = policy
        self._metrics = metrics
        self._today = today
        self._outage = OutageLog(log, "retention not applied", "retention can be applied again")

    async def run(self) -> None:
        """Apply retention every hour, or a minute after a failure, until cancelled. Failures are only logged."""
        if self._policy.removes_anything:
            await repeat(self.apply, self._outage)

    async def apply(self) -> bool:
        """Remove what is old; return False if another process is doing it. Raises PostgresAway and Stuck."""
        try:
            async with only_one(self._database_url.reveal(), SESSION) as is_mine:
                if is_mine:
                    async with connected(self._database_url.reveal(), SESSION) as connection:
                        await apply_retention(connection, self._policy, self._today(), self._count)
        except ERRORS as error:
            raise describe_failure(error) from error
        return is_mine

    def _count(self, what: Removable, days: int, rows: int) -> None:
        self._metrics.removed.labels(what).inc(rows)
        log.info("removed by retention", what=what, days=days, rows=rows)


@asynccontextmanager
async def only_one(url: str, session: Session) -> AsyncIterator[bool]:
    """Give whether this process alone applies retention during the block.

    The lock is that of a transaction which stays open, so it works through a pooler too. Should it be lost, two
    processes may apply retention at once: each step is safe with that.
    """
    async with connected(url, session) as guard, transaction(guard):
        # `fetchval` would leave a portal open, and its snapshot would keep DETACH and VACUUM waiting.
        yield await guard.execute(TRY_LOCK) == "SELECT 1"
