"""Sessions in PostgreSQL: they survive a restart, and a logout ends them at all processes.

The browser holds 32 random bytes and the table their SHA-256, so a copy of the table lets nobody in.
"""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog
from aiohttp import web

from console.audit.log import AuditEntry
from console.auth.login_tables import SessionTable, StoredSession
from console.auth.users import Session, User
from runtime.errors import DependencyAway

log = structlog.get_logger()

TOKEN_BYTES: Final = 32
TOKEN_LENGTH: Final = 43
CACHE_S: Final = 0.5
"""How long a session found in the table is not looked up again; a logout at another process takes this long."""
LONGEST_STALE_S: Final = 3600.0
"""A session found in the table within this time before PostgreSQL went away stays valid until it is back."""
RETRY_S: Final = 2.0
CLEANUP_S: Final = 5.0
"""Frequent, although there is seldom anything to remove: it also detects whether the tables can be written."""
MOST_CACHED: Final = 1000


SESSION: Final = web.RequestKey("session", Session)
"""The key of the session in a request."""


class NewLogin(msgspec.Struct, frozen=True):
    """Who logs in, with which kind of browser, and the audit entry of it."""

    user: User
    browser: str = ""
    entry: AuditEntry | None = None


class CachedSession(msgspec.Struct, frozen=True):
    """A session as last found in the table, and when, by the monotonic clock."""

    session: Session
    at: float


class Outage(msgspec.Struct, frozen=True):
    """Since when PostgreSQL has not answered, when to try again, and what is wrong."""

    since: float
    until: float
    problem: str


class Sessions:
    """Begins, finds and ends sessions. `key` changes with the password: a new one logs everybody out.

    While PostgreSQL is away nobody can log in, but sessions that this process knows stay valid.
    """

    def __init__(self, table: SessionTable, key: bytes, clock: Callable[[], float]) -> None:
        self._table = table
        self._key = key
        self._clock = clock
        self._cached: dict[bytes, CachedSession] = {}
        self._ended: dict[bytes, AuditEntry | None] = {}
        self._outage: Outage | None = None

    async def begin(self, login: NewLogin, token: bytes, now: datetime, lasts: timedelta) -> Session:
        """Begin a session with a token of TOKEN_BYTES. Raises DependencyAway."""
        session = self._make(token, now + lasts, login.user)
        proof = self._make_proof(token)
        stored = StoredSession(session.id, proof, now, session.expires_at, login.user, login.browser)
        await self._table.add_session(stored, login.entry)
        self._cache(session)
        return session

    async def find(self, text: str, now: datetime) -> Session | None:
        """Find the session of a browser's token; null if there is none or it has ended.

        Raises DependencyAway if only PostgreSQL could tell.
        """
        token = read_token(text)
        if token is None:
            return None
        digest = hashlib.sha256(token).digest()
        if digest in self._ended:
            return None
        session = await self._look_up(digest, token)
        return session if session is not None and session.expires_at > now else None

    async def list_sessions(self, user_id: str, now: datetime) -> list[StoredSession]:
        """List a user's sessions, the newest first. Raises DependencyAway."""
        return await self._table.list_sessions(user_id, now)

    def forget(self) -> None:
        """Look every session up again: some were ended, or users changed."""
        self._cached.clear()

    async def end(self, session_id: bytes, entry: AuditEntry | None = None) -> None:
        """End a session: here at once, elsewhere within CACHE_S, or when PostgreSQL is back. `entry` is for the log."""
        self._cached.pop(session_id, None)
        self._ended[session_id] = entry
        try:
            await self.remove_ended()
        except DependencyAway as error:
            log.warning("logged out at this process only, until PostgreSQL is back", error=str(error))

    async def run_cleanup(self, now: Callable[[], datetime]) -> None:
        """Remove ended and expired rows from the tables, until cancelled."""
        while True:
            try:
                await self.remove_ended()
                await self._table.remove_outdated(now())
                pause_s = CLEANUP_S
            except DependencyAway:
                pause_s = RETRY_S
            await asyncio.sleep(pause_s)

    async def _look_up(self, digest: bytes, token: bytes) -> Session | None:
        cached = self._cached.get(digest)
        if cached and self._clock() - cached.at < CACHE_S:
            return cached.session
        try:
            stored = await self._query(digest)
        except DependencyAway:
            if cached is None or self._outage is None or self._outage.since - cached.at > LONGEST_STALE_S:
                raise
            return cached.session
        if stored is None or not hmac.compare_digest(stored.proof, self._make_proof(token)):
            self._cached.pop(digest, None)
            return None
        return self._cache(self._make(token, stored.expires_at, stored.user))

    async def _query(self, digest: bytes) -> StoredSession | None:
        """Query the table. Within RETRY_S of a failure, fail at once instead of waiting again."""
        if self._outage is not None and self._clock() < self._outage.until:
            raise DependencyAway(self._outage.problem)
        try:
            stored = await self._table.find_session(digest)
        except DependencyAway as error:
            now = self._clock()
            self._outage = Outage(self._outage.since if self._outage else now, now + RETRY_S, str(error))
            raise
        self._outage = None
        return stored

    def _cache(self, session: Session) -> Session:
        self._cached.pop(session.id, None)
        self._cached[session.id] = CachedSession(session, self._clock())
        if len(self._cached) > MOST_CACHED:
            del self._cached[next(iter(self._cached))]
        return session

    async def remove_ended(self) -> None:
        for digest, entry in tuple(self._ended.items()):
            await self._table.remove_session(digest, entry)
            self._ended.pop(digest, None)

    def _make(self, token: bytes, expires_at: datetime, user: User) -> Session:
        csrf = hmac.digest(token, b"csrf", "sha256").hex()
        return Session(hashlib.sha256(token).digest(), csrf, expires_at, user)

    def _make_proof(self, token: bytes) -> bytes:
        return hmac.digest(token, self._key, "sha256")


def write_token(token: bytes) -> str:
    return base64.urlsafe_b64encode(token).decode().rstrip("=")


def read_token(text: str) -> bytes | None:
    """Read a token as written by `write_token`; null for anything else."""
    if len(text) != TOKEN_LENGTH or not text.isascii():
        return None
    try:
        token = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except ValueError:
        return None
    return token if write_token(token) == text else None
