"""The tables of the login in memory: for tests without a server. Those with one hold it to the same behaviour."""

from datetime import datetime, timedelta

import msgspec

from console.audit.log import AuditEntry
from console.auth.login_tables import StoredSession
from tests.console.memory_accounts import NEVER, MemoryAccounts


class MemoryTables(MemoryAccounts):
    """`problem` is what makes it be away."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: dict[bytes, datetime] = {}

    async def add_session(self, session: StoredSession, entry: AuditEntry | None = None) -> None:
        self._ask()
        self.sessions[session.token_sha256] = session
        account = self.accounts[session.user.id]
        self.accounts[account.id] = msgspec.structs.replace(account, last_login_at=session.begun_at)
        self.entries += [entry] if entry else []

    async def list_sessions(self, user_id: str, now: datetime) -> list[StoredSession]:
        self._ask()
        found = [one for one in self.sessions.values() if one.user.id == user_id and one.expires_at > now]
        return sorted(found, key=lambda one: one.begun_at, reverse=True)

    async def find_session(self, token_sha256: bytes) -> StoredSession | None:
        self._ask()
        session = self.sessions.get(token_sha256)
        account = self.accounts.get(session.user.id) if session else None
        if session is None or account is None or account.disabled_at:
            return None
        return msgspec.structs.replace(session, user=account.user)

    async def remove_session(self, token_sha256: bytes, entry: AuditEntry | None = None) -> None:
        self._ask()
        if self.sessions.pop(token_sha256, None) is not None:
            self.entries += [entry] if entry else []

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
