"""The shell of the settler: rounds without end, a new connection after each failure."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from runtime.backoff import backoff_delays, grace_period, sleep_unless
from runtime.endpoint import Endpoint
from runtime.errors import DependencyAway
from runtime.garbage import collecting_rarely
from runtime.health import serve_private_port
from runtime.outage_log import OutageLog
from runtime.postgres import Session, connected, describe_failure
from runtime.postgres_errors import ERRORS
from settler.environment import Environment, open_environment
from settler.rounds import AnotherSettler, Rounds
from settler.settings import Settings
from storage.settling import Overtaken

log = structlog.get_logger()

EVERY_S: Final = 10.0
STOP_S: Final = 15.0
"""A day may be counted for an hour: the count is cancelled, and begun again by the next settler."""
SESSION: Final = Session(application="clickrail settler", connect_s=5.0, statement_s=600.0, server_s=600.0)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Settle clicks until `stop` is set; the page in work is finished first, if that takes no longer than `STOP_S`."""
    async with open_environment(settings) as environment:
        work = Work(environment, stop)
        at = Endpoint(settings.private_host, settings.private_port, "CLICKRAIL_SETTLER_PRIVATE")
        async with serve_private_port(at, environment.registry, lambda: {"postgres": work.problem}, work.degraded):
            with collecting_rarely():
                async with grace_period(stop, STOP_S):
                    await work.run()


class Work:
    """The rounds, and what is wrong at the moment. `problem` is None while rounds succeed."""

    def __init__(self, environment: Environment, stop: asyncio.Event) -> None:
        self._environment = environment
        self._stop = stop
        self._outage = OutageLog(log, "clicks not settled", "clicks can be settled again")
        self.problem: str | None = "no round is done yet"

    def degraded(self) -> dict[str, str | None]:
        """Return what reduces the work without ending it: rules that cannot be used."""
        return {"rules": "; ".join(self._environment.rules.problems) or None}

    async def run(self) -> None:
        """Do rounds until the stop."""
        delays = backoff_delays()
        while not self._stop.is_set():
            try:
                await self._run_connected()
            except (DependencyAway, Overtaken, *ERRORS) as error:
                self._report(error)
                await sleep_unless(self._stop.is_set, next(delays))
            else:
                delays = backoff_delays()

    async def _run_connected(self) -> None:
        settings, rules = self._environment.settings, self._environment.rules
        async with connected(settings.database_url.reveal(), SESSION) as connection:
            rounds = Rounds(connection, self._environment.metrics, timedelta(seconds=settings.behind_s))
            await rounds.lock()
            while not self._stop.is_set():
                rules.refresh()
                await rounds.run(rules.rules, datetime.now(UTC), self._stop.is_set)
                self._note(rounds.problem)
                await sleep_unless(self._stop.is_set, EVERY_S)

    def _note(self, problem: str | None) -> None:
        """Note how a round ended that was done: a part of it may have failed."""
        self.problem = problem
        if problem is None:
            self._outage.end()
        else:
            self._outage.fail(problem)

    def _report(self, error: BaseException) -> None:
        if isinstance(error, Overtaken | AnotherSettler):
            # It is ready to take over, which is all that a second one is for.
            self.problem = None
            log.info("waiting", reason=str(error) or "another settler has moved the progress")
            return
        described = error if isinstance(error, DependencyAway) else describe_failure(error)
        self.problem = str(described)
        self._outage.fail(self.problem)
