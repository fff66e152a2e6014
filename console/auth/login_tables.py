"""The tables of sessions and of failed logins: the only tables that the console writes."""

from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from console.auth.users import User
from console.database import Database

ADD_SESSION: Final = """
INSERT INTO sessions (token_sha256, proof, begun_at, expires_at, user_id, browser) VALUES ($1, $2, $3, $4, $5, $6)
"""
FIND_SESSION: Final = """
SELECT s.token_sha256, s.proof, s.begun_at, s.expires_at, s.browser, u.id, u.name, u.role, u.affiliate_id
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_sha256 = $1 AND u.disabled_at IS NULL
"""
REMOVE_SESSION: Final = "DELETE FROM sessions WHERE token_sha256 = $1"

# One statement, so that concurrent guesses at all processes are charged one after the other.
CHARGE: Final = """
INSERT INTO login_failures AS known (subject, forgiven_at) VALUES ($1, $2::timestamptz + $3::interval)
ON CONFLICT (subject) DO UPDATE SET forgiven_at = greatest(known.forgiven_at, $2::timestamptz) + $3::interval
WHERE known.forgiven_at <= $2::timestamptz + $4::interval
RETURNING forgiven_at
"""
FORGIVEN_AT: Final = "SELECT forgiven_at FROM login_failures WHERE subject = $1"
FORGIVE: Final = "DELETE FROM login_failures WHERE subject = $1"
REFUND: Final = "UPDATE login_failures SET forgiven_at = forgiven_at - $2::interval WHERE subject = $1"
REMOVE_EXPIRED: Final = "DELETE FROM sessions WHERE expires_at <= $1"
REMOVE_FORGIVEN: Final = "DELETE FROM login_failures WHERE forgiven_at <= $1"


class StoredSession(msgspec.Struct, frozen=True):
    """A row: the digest of the browser's token, and a proof that the session began under the current settings.

    `browser` is the kind of browser in words, for the list of a user's sessions.
    """

    token_sha256: bytes
    proof: bytes
    begun_at: datetime
    expires_at: datetime
    user: User
    browser: str = ""


class SessionTable(Protocol):
    """The sessions. All methods raise DatabaseAway."""

    async def add_session(self, session: StoredSession) -> None: ...
    async def find_session(self, token_sha256: bytes) -> StoredSession | None: ...
    async def remove_session(self, token_sha256: bytes) -> None: ...
    async def remove_outdated(self, now: datetime) -> None:
        """Remove expired sessions and forgiven guesses."""


class FailureTable(Protocol):
    """The time when all wrong guesses of a subject are forgiven. All methods raise DatabaseAway."""

    async def charge(self, subject: bytes, now: datetime, cost: timedelta, allowance: timedelta) -> bool:
        """Move the time by `cost`. If it is later than `now + allowance`, change nothing and return false."""

    async def forgiven_at(self, subject: bytes) -> datetime | None: ...
    async def forgive(self, subject: bytes) -> None: ...
    async def refund(self, subject: bytes, cost: timedelta) -> None: ...


class LoginTables:
    """Both tables, in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_session(self, session: StoredSession) -> None:
        times = (session.begun_at, session.expires_at)
        values = (session.token_sha256, session.proof, *times, session.user.id, session.browser)
        await self._database.write(lambda connection: connection.execute(ADD_SESSION, *values))

    async def find_session(self, token_sha256: bytes) -> StoredSession | None:
        row = await self._database.write(lambda connection: connection.fetchrow(FIND_SESSION, token_sha256))
        if row is None:
            return None
        token, proof, begun_at, expires_at, browser, *user = row
        return StoredSession(token, proof, begun_at, expires_at, User(*user), browser)

    async def remove_session(self, token_sha256: bytes) -> None:
        await self._database.write(lambda connection: connection.execute(REMOVE_SESSION, token_sha256))

    async def charge(self, subject: bytes, now: datetime, cost: timedelta, allowance: timedelta) -> bool:
        charged = await self._database.write(
            lambda connection: connection.fetchval(CHARGE, subject, now, cost, allowance)
        )
        return charged is not None

    async def forgiven_at(self, subject: bytes) -> datetime | None:
        time: datetime | None = await self._database.write(lambda connection: connection.fetchval(FORGIVEN_AT, subject))
        return time

    async def forgive(self, subject: bytes) -> None:
        await self._database.write(lambda connection: connection.execute(FORGIVE, subject))

    async def refund(self, subject: bytes, cost: timedelta) -> None:
        await self._database.write(lambda connection: connection.execute(REFUND, subject, cost))

    async def remove_outdated(self, now: datetime) -> None:
        await self._database.write(lambda connection: connection.execute(REMOVE_EXPIRED, now))
        await self._database.write(lambda connection: connection.execute(REMOVE_FORGIVEN, now))
