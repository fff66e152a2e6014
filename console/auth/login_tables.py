"""The tables of sessions and of failed logins."""

from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from console.audit.log import AuditEntry, write_audit
from console.auth.users import User
from console.database import Database
from runtime.postgres import transaction

ADD_SESSION: Final = """
INSERT INTO sessions (token_sha256, proof, begun_at, expires_at, user_id, browser) VALUES ($1, $2, $3, $4, $5, $6)
"""
FIND_SESSION: Final = """
SELECT s.token_sha256, s.proof, s.begun_at, s.expires_at, s.browser, u.id, u.name, u.role, u.affiliate_id
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_sha256 = $1 AND u.disabled_at IS NULL
"""
NOTE_LOGIN: Final = "UPDATE users SET last_login_at = $2 WHERE id = $1"
LIST_SESSIONS: Final = """
SELECT s.token_sha256, s.proof, s.begun_at, s.expires_at, s.browser, u.id, u.name, u.role, u.affiliate_id
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE u.id = $1 AND s.expires_at > $2
ORDER BY s.begun_at DESC
"""
REMOVE_SESSION: Final = "DELETE FROM sessions WHERE token_sha256 = $1 RETURNING user_id"

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

    async def add_session(self, session: StoredSession, entry: AuditEntry | None = None) -> None:
        """Add a session and note the user's login; `entry` is for the audit log, in the same transaction."""

    async def find_session(self, token_sha256: bytes) -> StoredSession | None:
        """Find a session of a user who is not disabled, with the user's role of now."""

    async def list_sessions(self, user_id: str, now: datetime) -> list[StoredSession]:
        """List a user's sessions that are not over, the newest first."""

    async def remove_session(self, token_sha256: bytes, entry: AuditEntry | None = None) -> None:
        """Remove a session; `entry` is written only if there was one."""

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

    async def add_session(self, session: StoredSession, entry: AuditEntry | None = None) -> None:
        times = (session.begun_at, session.expires_at)
        values = (session.token_sha256, session.proof, *times, session.user.id, session.browser)

        async def work(connection: Any) -> None:
            async with transaction(connection):
                await connection.execute(ADD_SESSION, *values)
                await connection.execute(NOTE_LOGIN, session.user.id, session.begun_at)
                if entry is not None:
                    await write_audit(connection, entry)

        await self._database.write(work)

    async def find_session(self, token_sha256: bytes) -> StoredSession | None:
        row = await self._database.write(lambda connection: connection.fetchrow(FIND_SESSION, token_sha256))
        return None if row is None else read_session_row(row)

    async def list_sessions(self, user_id: str, now: datetime) -> list[StoredSession]:
        rows = await self._database.write(lambda connection: connection.fetch(LIST_SESSIONS, user_id, now))
        return [read_session_row(row) for row in rows]

    async def remove_session(self, token_sha256: bytes, entry: AuditEntry | None = None) -> None:
        async def work(connection: Any) -> None:
            async with transaction(connection):
                removed = await connection.fetchval(REMOVE_SESSION, token_sha256)
                if removed is not None and entry is not None:
                    await write_audit(connection, entry)

        await self._database.write(work)

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


def read_session_row(row: Any) -> StoredSession:
    token, proof, begun_at, expires_at, browser, *user = row
    return StoredSession(token, proof, begun_at, expires_at, User(*user), browser)
