"""Caches the result of an expensive query for a short time, and runs it once at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Generic, TypeVar

from runtime.errors import DependencyAway

T = TypeVar("T")

LEAST_S: Final = 1.5
TIMES_ITS_COST: Final = 15


class CachedQuery(Generic[T]):
    """Caches a result for LEAST_S or 15 times the query's duration, whichever is longer: this bounds the load.

    Caches a DependencyAway too, so that waiting callers do not each try the dependency in turn.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], clock: Callable[[], float] = monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._turn = asyncio.Lock()
        self._answer: T | None = None
        self._failure: DependencyAway | None = None
        self._good_until = 0.0

    async def get(self) -> T:
        """Return the result. Raises the DependencyAway of the query."""
        async with self._turn:
            if self._clock() >= self._good_until:
                await self._renew()
        if self._answer is None:
            raise self._failure or DependencyAway("not asked yet")
        return self._answer

    async def _renew(self) -> None:
        started = self._clock()
        try:
            self._answer, self._failure = await self._ask(), None
        except DependencyAway as error:
            self._answer, self._failure = None, error
        ended = self._clock()
        self._good_until = ended + max(LEAST_S, TIMES_ITS_COST * (ended - started))
