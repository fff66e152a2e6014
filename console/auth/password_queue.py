"""Checks password guesses one at a time in each of two queues: known browsers, and all others.

So many unknown clients wait for each other, not known browsers, and use the processor and memory of one check.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from console.auth.passwords import Passwords
from console.auth.users import Account

MOST_WAITING: Final = 20


class QueueFull(Exception):  # noqa: N818 - it reads as what it is
    """Too many guesses are waiting already."""


class TurnQueue:
    """Lets one caller in at a time, first come first served."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and keep it while the context is open. Raises QueueFull."""
        if self.waiting >= MOST_WAITING:
            raise QueueFull
        self.waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._turn.release()


class PasswordQueue:
    """The two queues, and the password check behind them."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords
        self._lines = {True: TurnQueue(), False: TurnQueue()}

    def line(self, *, is_known: bool) -> TurnQueue:
        return self._lines[is_known]

    async def matches(self, guess: str, account: Account | None) -> bool:
        """Check a guess at a user's password in a thread; null: there is no such user."""
        return await asyncio.to_thread(self._passwords.matches_account, guess, account)

    async def hash(self, password: str) -> str:
        """Hash a new password in a thread."""
        return await asyncio.to_thread(self._passwords.hash, password)
