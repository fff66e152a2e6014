"""Notices that the database was restored to an older state, by the highest version that any process has seen of it."""

import asyncio
from typing import Final, Protocol

import asyncpg
import structlog

from referrals.lookup.redis_history import LAG_S, State
from referrals.tables import READ_ORIGIN

LOG: Final = structlog.get_logger()

Origin = tuple[bytes, int]
"""The installation that a database belongs to, and its version."""


class SharedHistory(Protocol):
    """Where all processes of an installation record the highest version they have seen of its database."""

    async def join_history(self, origin: bytes, version: int, *, is_restored: bool = False) -> State: ...


class RestoreWatch:
    """Compares a database with the history: one that stays behind it for LAG_S was restored."""

    def __init__(self, history: SharedHistory | None) -> None:
        self.history = history
        self.joined_version: int | None = None
        self.behind_since: float | None = None

    def start_again(self) -> None:
        """Forget what was compared: the next connection may lead to another database."""
        self.joined_version, self.behind_since = None, None

    async def find_restored(self, connection: asyncpg.Connection, applied: int | None) -> Origin | None:
        """Return the database's origin if it was restored. `applied` is the version up to which changes are applied."""
        is_applied = applied is not None and self.joined_version is not None and applied <= self.joined_version
        if self.history is None or is_applied:
            return None
        installation, version = await connection.fetchrow(READ_ORIGIN)
        origin = installation.encode(), version
        state = await self.history.join_history(*origin)
        if state == "agrees":
            self.joined_version, self.behind_since = version, None
        elif state == "behind":
            now = asyncio.get_running_loop().time()
            self.behind_since = now if self.behind_since is None else self.behind_since
            if now - self.behind_since >= LAG_S:
                LOG.warning("the database was restored to an older state", version=version)
                return origin
        return None

    async def declare_restored(self, origin: Origin) -> None:
        """Record that the history begins again at this version: the values in Redis become invalid."""
        if self.history is not None:
            await self.history.join_history(*origin, is_restored=True)
