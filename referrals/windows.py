"""The window of a program: how long after a click an order is credited to it, as its cookie says."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic
from typing import Any, Final, Protocol

QUERY_S: Final = 4.0
CACHED_S: Final = 10.0
READ: Final = "SELECT cookie_window_days FROM programs WHERE id = $1"


class Reader(Protocol):
    """The part of an asyncpg connection that reads one value."""

    def fetchval(self, query: str, *values: Any, timeout: float | None = None) -> Awaitable[Any]: ...


class CachedWindows:
    """Remembers windows for some seconds, so that attributions at a high rate do not ask for one each time."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, timedelta | None]] = {}

    async def find(self, reader: Reader, program_id: str) -> timedelta | None:
        """Return a program's window, as it is now or was in the last seconds. Its clicks are stored, so ids are few."""
        known, now = self._known.get(program_id), self._clock()
        if known is not None and now < known[0]:
            return known[1]
        window = await find_window(reader, program_id)
        self._known[program_id] = (now + CACHED_S, window)
        return window


async def find_window(reader: Reader, program_id: str) -> timedelta | None:
    """Return the window of a program, paused and archived ones too; null if there is no such program."""
    days = await reader.fetchval(READ, program_id, timeout=QUERY_S)
    return None if days is None else timedelta(days=days)
