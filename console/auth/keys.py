"""API keys: `crk_` and 32 random bytes. The table holds their SHA-256, so a copy of it lets nobody in."""

import hashlib
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from console.auth.roles import Role
from console.auth.sessions import read_token, write_token
from console.auth.users import Session, User
from console.database import DatabaseAway

PREFIX: Final = "crk_"
SCHEME: Final = "bearer"
HINT_LENGTH: Final = 8
CACHE_S: Final = 0.5
"""How long a key found in the table is not looked up again: a revoked key is refused after this time, everywhere."""
USED_EVERY: Final = timedelta(minutes=1)
NOTE_AGAIN_S: Final = 60.0
"""How long no use is written after one could not be, for example to a PostgreSQL that is read-only."""
MOST_CACHED: Final = 1000


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A row: `hint` is the key's beginning, and `digest` the SHA-256 of its bytes."""

    id: str
    name: str
    role: Role
    hint: str
    digest: bytes
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class KeyFinder(Protocol):
    """The keys as the guard needs them. The methods raise DatabaseAway."""

    async def find_key(self, digest: bytes) -> ApiKey | None: ...
    async def note_use(self, key_id: str, now: datetime) -> None: ...


class Keys:
    """Finds the key of a request."""

    def __init__(self, table: KeyFinder, clock: Callable[[], float]) -> None:
        self._table = table
        self._clock = clock
        self._cached: dict[bytes, tuple[ApiKey, float]] = {}
        self._notes_from = -math.inf

    async def find(self, header: str, now: datetime) -> Session | None:
        """Find the key of an Authorization header, as a session of its own; null for any other header.

        Raises DatabaseAway.
        """
        scheme, _, text = header.partition(" ")
        secret = read_key(text.strip()) if scheme.lower() == SCHEME else None
        if secret is None:
            return None
        key = await self._look_up(digest_of(secret), now)
        if key is None or not key.is_valid(now):
            return None
        user = User(key.id, key.name, key.role)
        return Session(key.digest, "", key.expires_at or now + timedelta(days=1), user, is_key=True)

    def forget(self) -> None:
        """Look every key up again: one was revoked."""
        self._cached.clear()

    async def _look_up(self, digest: bytes, now: datetime) -> ApiKey | None:
        known = self._cached.get(digest)
        if known and self._clock() - known[1] < CACHE_S:
            return known[0]
        self._cached.pop(digest, None)
        key = await self._table.find_key(digest)
        if key is None:
            return None
        if key.is_valid(now) and (key.last_used_at is None or now - key.last_used_at >= USED_EVERY):
            await self._note_use(key, now)
        if len(self._cached) >= MOST_CACHED:
            self._cached.clear()
        self._cached[digest] = (key, self._clock())
        return key

    async def _note_use(self, key: ApiKey, now: datetime) -> None:
        """Write when a key was last used, if that is possible: it must not stop a program that reads."""
        if self._clock() < self._notes_from:
            return
        try:
            await self._table.note_use(key.id, now)
        except DatabaseAway:
            self._notes_from = self._clock() + NOTE_AGAIN_S


def write_key(secret: bytes) -> str:
    return PREFIX + write_token(secret)


def read_key(text: str) -> bytes | None:
    return read_token(text.removeprefix(PREFIX)) if text.startswith(PREFIX) else None


def digest_of(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def hint_of(secret: bytes) -> str:
    return write_key(secret)[: len(PREFIX) + HINT_LENGTH]
