"""Users and keys in memory. Those of PostgreSQL are held to the same behaviour (auth/test_account_tables.py)."""

from datetime import UTC, datetime

import msgspec

from console.audit.log import AuditEntry
from console.auth.account_tables import LINK_IS_OVER, Change, Decide, Invitation
from console.auth.key_tables import DecideKey
from console.auth.keys import ApiKey
from console.auth.login_tables import StoredSession
from console.auth.refusals import Refusal
from console.auth.users import OWNER, Account
from runtime.errors import DependencyAway

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class MemoryAccounts:
    """`problem` is what makes it be away."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self.asked = 0
        self.entries: list[AuditEntry] = []
        self.sessions: dict[bytes, StoredSession] = {}
        self.accounts = {
            OWNER.id: Account(id=OWNER.id, login="owner", name=OWNER.name, role=OWNER.role, created_at=NEVER)
        }
        self.invitations: dict[bytes, Invitation] = {}
        self.recovery: set[tuple[str, bytes]] = set()
        self.keys: dict[str, ApiKey] = {}

    async def find_account(self, user_id: str) -> Account | None:
        self._ask()
        return self.accounts.get(user_id)

    async def find_by_login(self, login: str) -> Account | None:
        self._ask()
        return next((account for account in self.accounts.values() if account.login == login), None)

    async def find_by_subject(self, issuer: str, subject: str) -> Account | None:
        self._ask()
        known = (one for one in self.accounts.values() if (one.oidc_issuer, one.oidc_subject) == (issuer, subject))
        return next(known, None)

    async def list_accounts(self) -> list[Account]:
        self._ask()
        return sorted(self.accounts.values(), key=lambda account: (account.created_at, account.id))

    async def change_account(self, decide: Decide) -> Account | Refusal:
        decided = decide({account.id: account for account in await self.list_accounts()})
        if isinstance(decided, Refusal):
            return decided
        if decided.used_invitation is not None:
            invitation = self.invitations.get(decided.used_invitation)
            if invitation is None or not invitation.is_valid(decided.entry.at):
                return LINK_IS_OVER
            used = msgspec.structs.replace(invitation, used_at=decided.entry.at)
            self.invitations[invitation.digest] = used
        self._write(decided)
        return decided.account

    def _write(self, change: Change) -> None:
        account = change.account
        known = self.accounts.get(account.id, account)
        step = max(known.totp_step, account.totp_step)
        self.accounts[account.id] = msgspec.structs.replace(account, totp_step=step, last_login_at=known.last_login_at)
        if change.ends_sessions:
            kept = {key: one for key, one in self.sessions.items() if one.user.id != account.id}
            kept |= {key: one for key, one in self.sessions.items() if key == change.kept_session}
            self.sessions = kept
        if change.invitation or change.used_invitation or change.ends_invitations or account.disabled_at:
            open_ones = [one for one in self.invitations.values() if one.user_id == account.id and one.used_at is None]
            for one in open_ones:
                del self.invitations[one.digest]
        if change.invitation is not None:
            self.invitations[change.invitation.digest] = change.invitation
        if change.recovery_codes is not None:
            others = {one for one in self.recovery if one[0] != account.id}
            self.recovery = others | {(account.id, code) for code in change.recovery_codes}
        self.entries.append(change.entry)

    async def find_invitation(self, digest: bytes) -> Invitation | None:
        self._ask()
        return self.invitations.get(digest)

    async def use_step(self, user_id: str, step: int) -> bool:
        self._ask()
        account = self.accounts[user_id]
        if account.totp_step >= step:
            return False
        self.accounts[user_id] = msgspec.structs.replace(account, totp_step=step)
        return True

    async def use_recovery_code(self, user_id: str, digest: bytes) -> bool:
        self._ask()
        is_there = (user_id, digest) in self.recovery
        self.recovery.discard((user_id, digest))
        return is_there

    async def count_recovery_codes(self, user_id: str) -> int:
        self._ask()
        return len([one for one in self.recovery if one[0] == user_id])

    async def write_entry(self, entry: AuditEntry) -> None:
        self._ask()
        self.entries.append(entry)

    async def find_key(self, digest: bytes) -> ApiKey | None:
        self._ask()
        return next((key for key in self.keys.values() if key.digest == digest), None)

    async def note_use(self, key_id: str, now: datetime) -> None:
        self._ask()
        self.keys[key_id] = msgspec.structs.replace(self.keys[key_id], last_used_at=now)

    async def list_keys(self) -> list[ApiKey]:
        self._ask()
        return sorted(self.keys.values(), key=lambda key: (-key.created_at.timestamp(), key.id))

    async def change_key(self, decide: DecideKey) -> ApiKey | Refusal:
        decided = decide(await self.list_keys())
        if isinstance(decided, Refusal):
            return decided
        key, entry = decided
        known = self.keys.get(key.id)
        changed = known and msgspec.structs.replace(known, revoked_at=key.revoked_at, name=key.name)
        self.keys[key.id] = changed or key
        self.entries.append(entry)
        return key

    def _ask(self) -> None:
        self.asked += 1
        if self.problem:
            raise DependencyAway(self.problem)
