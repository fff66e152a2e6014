"""The tables of the login in memory: for tests without a server. Those with one hold it to the same behaviour."""

from datetime import UTC, datetime, timedelta

import msgspec

from console.auth.login_tables import StoredSession
from console.auth.users import OWNER, Account
from runtime.errors import DependencyAway

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class MemoryTables:
    """`problem` is what makes it be away."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self.asked = 0
        self.sessions: dict[bytes, StoredSession] = {}
        self.failures: dict[bytes, datetime] = {}
        self.accounts = {
            OWNER.id: Account(id=OWNER.id, login="owner", name=OWNER.name, role=OWNER.role, created_at=NEVER)
        }

    async def add_session(self, session: StoredSession) -> None:
        self._ask()
        self.sessions[session.token_sha256] = session

    async def find_session(self, token_sha256: bytes) -> StoredSession | None:
        self._ask()
        session = self.sessions.get(token_sha256)
        account = self.accounts.get(session.user.id) if session else None
        if session is None or account is None or account.disabled_at:
            return None
        return msgspec.structs.replace(session, user=account.user)

    async def remove_session(self, token_sha256: bytes) -> None:
        self._ask()
        self.sessions.pop(token_sha256, None)

    async def charge(self, subject: bytes, now: datetime, cost: timedelta, allowance: timedelta) -> bool:
        self._ask()
        known = self.failures.get(subject, NEVER)
        if known > now + allowance:
            return False
        self.failures[subject] = max(known, now) + cost
        return True

    async def forgiven_at(self, subject: bytes) -> datetime | None:
        self._ask()
        return self.failures.get(subject)

    async def forgive(self, subject: bytes) -> None:
        self._ask()
        self.failures.pop(subject, None)

    async def refund(self, subject: bytes, cost: timedelta) -> None:
        self._ask()
        if subject in self.failures:
            self.failures[subject] -= cost

    async def remove_outdated(self, now: datetime) -> None:
        self._ask()
        self.sessions = {key: session for key, session in self.sessions.items() if session.expires_at > now}
        self.failures = {key: time for key, time in self.failures.items() if time > now}

    def _ask(self) -> None:
        self.asked += 1
        if self.problem:
            raise DependencyAway(self.problem)
