"""Runs the jobs of a queue, one at a time over all processes of the console: who holds its advisory lock works.

The lock is that of a transaction which stays open. Behind a pooler that of a session would outlive its process, and two
processes could have it at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any, Final, Literal

import asyncpg
import msgspec
import structlog

from console.jobs.failures import JobFailed
from console.jobs.files import remove_old_files
from console.jobs.table import CLAIM, END, FORGET_OLD, ORPHANS, PROGRESS, Job, forget_plans, read_job
from runtime.errors import DependencyAway, Stuck
from runtime.outage_log import OutageLog
from runtime.postgres import Session, connected, describe_failure
from runtime.postgres_errors import ERRORS
from runtime.shared_settings import DatabaseUrl

log = structlog.get_logger()

EVERY_S: Final = 1.0
AGAIN_S: Final = 10.0
TIDY_S: Final = 60.0
BEGIN: Final = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0"
"""While a job runs, the transaction that has the lock is idle."""
TRY_LOCK: Final = """
    SELECT WHERE pg_try_advisory_xact_lock(hashtextextended('clickrail {} of ' || current_schema(), 0))
"""
IS_THERE: Final = "SELECT"
"""Asked of the connection that holds the lock, between jobs: it fails if the lock is lost."""
GUARD: Final = Session(application="clickrail console jobs", connect_s=5.0, statement_s=5.0)
SESSION: Final = Session(application="clickrail console jobs", connect_s=5.0, statement_s=900.0, server_s=900.0)

Queue = Literal["jobs", "files"]
"""What changes something, and what only reads and may take long: neither waits for the other."""
Proceed = Callable[[int], Awaitable[None]]
"""Called with the progress after each step. Raises Cancelled when somebody has cancelled the job."""
Work = Callable[[Any, Job, Proceed], Awaitable[str]]
"""Does a job on a connection, and gives its result for people. Raises JobFailed, and what ERRORS has."""


class Cancelled(Exception):  # noqa: N818 - named after the condition
    """Somebody has cancelled the job."""


class JobRunner:
    """Runs what waits until cancelled. `works` has the work of each kind of the queue."""

    def __init__(self, database_url: DatabaseUrl, works: Mapping[str, Work], queue: Queue = "jobs") -> None:
        self._database_url = database_url
        self._works = works
        self._queue = queue
        self._tidy_at = 0.0
        self._outage = OutageLog(log, "jobs cannot be run", "jobs can be run again")

    async def run(self) -> None:
        while True:
            try:
                await self._work()
            except (DependencyAway, Stuck) as error:
                self._outage.fail(str(error))
            await asyncio.sleep(AGAIN_S)

    async def _work(self) -> None:
        url = self._database_url.reveal()
        try:
            async with connected(url, GUARD) as guard:
                # Closed with its connection. `fetchval` would leave a portal open, and VACUUM waiting for its snapshot.
                await guard.execute(BEGIN)
                if await guard.execute(TRY_LOCK.format(self._queue)) == "SELECT 1":
                    async with connected(url, SESSION) as connection:
                        await self._work_alone(connection, guard)
        except ERRORS as error:
            raise describe_failure(error) from error

    async def _work_alone(self, connection: Any, guard: Any) -> None:
        # Nobody else runs jobs now: what is still marked as running has lost its process.
        await connection.execute(ORPHANS, list(self._works))
        self._outage.end()
        while True:
            await self._tidy(connection)
            if not await self.run_next(connection):
                await asyncio.sleep(EVERY_S)
            await guard.execute(IS_THERE)

    async def _tidy(self, connection: Any) -> None:
        if monotonic() < self._tidy_at:
            return
        if self._queue == "files":
            await remove_old_files(connection)
        else:
            await connection.execute(FORGET_OLD)
        self._tidy_at = monotonic() + TIDY_S

    async def run_next(self, connection: Any) -> bool:
        """Run the oldest job that waits; return whether there was one. Raises asyncpg's errors."""
        row = await connection.fetchrow(CLAIM, list(self._works))
        if row is None:
            return False
        job = read_job(row)

        async def proceed(progress: int) -> None:
            # A job that is not running any more was given up by another process, which has the lock now.
            if await connection.fetchval(PROGRESS, job.job_id, progress) is not False:
                raise Cancelled

        state, result, problem = await self._do(connection, job, proceed)
        # What was erased is not named any longer than needed.
        await connection.execute(END, job.job_id, state, result, problem, job.kind == "erasure")
        if (job.kind, state) == ("erasure", "done"):
            await forget_plans(connection, job)
        log.info("job ended", job=job.job_id, kind=job.kind, state=state)
        return True

    async def _do(self, connection: Any, job: Job, proceed: Proceed) -> tuple[str, str | None, str | None]:
        try:
            return "done", await self._works[job.kind](connection, job, proceed), None
        except Cancelled:
            return "cancelled", None, "Cancelled between two steps. What was done until then stays done."
        except (JobFailed, DependencyAway) as error:
            return "failed", None, str(error)
        except asyncpg.PostgresError as error:
            if connection.is_closed():
                raise
            return "failed", None, f"PostgreSQL refuses a statement of this job ({type(error).__name__}): see the log"
        except (msgspec.ValidationError, LookupError, ValueError) as error:
            log.exception("job cannot be done", job=job.job_id, kind=job.kind)
            return "failed", None, f"A fault in Clickrail ({type(error).__name__}): its log has more"
