"""The shape of a job that works all the time: steps over one connection, and another connection after a failure."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

import asyncpg

from runtime.errors import DependencyAway, Stuck
from runtime.outage_log import OutageLog
from runtime.postgres import Session, connected, describe_failure
from runtime.postgres_errors import ERRORS
from runtime.shared_settings import DatabaseUrl

AGAIN_S: Final = 10.0

Step = Callable[[asyncpg.Connection], Awaitable[float]]
"""Does one step; returns the seconds to rest after it. Raises asyncpg's errors."""


async def repeat_steps(
    database_url: DatabaseUrl, session: Session, step: Step, outage: OutageLog, again_s: float = AGAIN_S
) -> NoReturn:
    """Work until cancelled. Failures are logged, and tried again after `again_s`; a step ends the outage itself."""
    while True:
        try:
            await work(database_url, session, step)
        except (DependencyAway, Stuck) as error:
            outage.fail(str(error))
            await asyncio.sleep(again_s)


async def work(database_url: DatabaseUrl, session: Session, step: Step) -> NoReturn:
    """Do steps over one connection until one fails. Raises DependencyAway and Stuck."""
    try:
        async with connected(database_url.reveal(), session) as connection:
            while True:
                rest_s = await step(connection)
                await asyncio.sleep(rest_s)
    except ERRORS as error:
        raise describe_failure(error) from error
