"""A part of a round that may fail by itself: what it reads grows with the clicks, and others need not wait for it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from runtime.postgres import describe_failure
from runtime.postgres_errors import ERRORS

AGAIN_AFTER: Final = timedelta(minutes=5)
"""A statement may take ten minutes until it fails: new clicks are settled in between."""


class Part:
    """Work that is done so often at most. `problem` says why it failed the last time; None: it did not."""

    def __init__(self, name: str, every: timedelta = timedelta(0)) -> None:
        self._name = name
        self._every = every
        self._tried_at: datetime | None = None
        self.problem: str | None = None

    async def run(self, connection: asyncpg.Connection, now: datetime, work: Callable[[], Awaitable[None]]) -> None:
        """Work if it is time to. Raises an error of PostgreSQL only if the connection is lost by it."""
        every = AGAIN_AFTER if self.problem else self._every
        if self._tried_at is not None and now < self._tried_at + every:
            return
        try:
            await work()
        except ERRORS as error:
            if connection.is_closed():
                raise
            self.problem = f"{self._name}: {describe_failure(error)}"
        else:
            self.problem = None
        self._tried_at = now
