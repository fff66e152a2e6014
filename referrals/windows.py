"""The window of a program: how long after a click an order is credited to it, as its cookie says."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, Final, Protocol

QUERY_S: Final = 4.0
READ: Final = "SELECT cookie_window_days FROM programs WHERE id = $1"


class Reader(Protocol):
    """The part of an asyncpg connection that reads one value."""

    def fetchval(self, query: str, *values: Any, timeout: float | None = None) -> Awaitable[Any]: ...


async def find_window(reader: Reader, program_id: str) -> timedelta | None:
    """Return the window of a program, paused and archived ones too; null if there is no such program."""
    days = await reader.fetchval(READ, program_id, timeout=QUERY_S)
    return None if days is None else timedelta(days=days)
