"""Guesses at the password, two at a time: one of browsers that are known, one of all others.

So a crowd of strangers waits in a line of its own, and takes neither the processor nor the memory that it would cost
to look at its guesses together.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from console.auth.passwords import Passwords

MOST_WAITING: Final = 20


class QueueFull(Exception):  # noqa: N818 - it reads as what it is
    """More are waiting than can be looked at soon."""


class TurnQueue:
    """Lets one in at a time, in the order of their coming."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn, and have it while the context is open. Raises Crowded."""
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
    """The two lines, and the password at their end."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords
        self._lines = {True: TurnQueue(), False: TurnQueue()}

    def line(self, *, is_known: bool) -> TurnQueue:
        return self._lines[is_known]

    async def matches(self, guess: str) -> bool:
        """Tell whether the guess is right, in a thread."""
        return await asyncio.to_thread(self._passwords.matches, guess)
