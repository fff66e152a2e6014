"""Notices that the database was restored to an older state, by the highest version that any process has seen of it."""

import asyncio
from typing import Final, Protocol

import asyncpg
import structlog

from referrals.lookup.redis_history import LAG_S, State
from referrals.origin import Origin, read_origin

LOG: Final = structlog.get_logger()


class SharedHistory(Protocol):
    """Where all processes of an installation record the highest version they have seen of its database."""

    @property
    def is_history_lost(self) -> bool:
        """Whether the record that was joined is not there any more."""
        ...

    async def join_history(self, origin: bytes, version: int, *, is_restored: bool = False) -> State: ...

    def forget(self) -> None:
        """Drop the values that wait to be written: they were read from another database, or before a restore."""


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
        if self.history is None or (is_applied and not self.history.is_history_lost):
            return None
        origin = await read_origin(connection)
        state = await self.history.join_history(origin.installation.encode(), origin.version)
        if state == "agrees":
            self.joined_version, self.behind_since = origin.version, None
        elif state == "behind":
            now = asyncio.get_running_loop().time()
            self.behind_since = now if self.behind_since is None else self.behind_since
            if now - self.behind_since >= LAG_S:
                LOG.warning("the database was restored to an older state", version=origin.version)
                return origin
        return None

    async def declare_restored(self, origin: Origin) -> None:
        """Record that the history begins again at this version: the values in Redis become invalid."""
        if self.history is not None:
            await self.history.join_history(origin.installation.encode(), origin.version, is_restored=True)

    def forget(self) -> None:
        """Have no value written to the history's store that was read until now."""
        if self.history is not None:
            self.history.forget()
