"""The tables of users, invitations and recovery codes. A change and its audit entry are one transaction."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from console.audit.log import AuditEntry, write_audit
from console.auth.refusals import Refusal
from console.auth.users import Account
from console.database import Database
from runtime.postgres import transaction

COLUMNS: Final = Account.__struct_fields__
NAMES: Final = ", ".join(COLUMNS)
FIND: Final = f"SELECT {NAMES} FROM users WHERE id = $1"  # noqa: S608 - names of ours
FIND_BY_LOGIN: Final = f"SELECT {NAMES} FROM users WHERE login = $1"  # noqa: S608 - names of ours
FIND_BY_SUBJECT: Final = f"SELECT {NAMES} FROM users WHERE oidc_issuer = $1 AND oidc_subject = $2"  # noqa: S608 - names of ours
LIST: Final = f"SELECT {NAMES} FROM users ORDER BY created_at, id"  # noqa: S608 - names of ours
# Users are few: locking all of them makes two changes at the same time wait for each other.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('clickrail users', 0))"
# The last login and the newest code belong to the login, not to a change.
WRITE: Final = f"""
INSERT INTO users ({NAMES}) VALUES ({", ".join(f"${place}" for place in range(1, len(COLUMNS) + 1))})
ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, role = EXCLUDED.role, affiliate_id = EXCLUDED.affiliate_id,
    password_hash = EXCLUDED.password_hash, totp_sealed = EXCLUDED.totp_sealed,
    totp_step = greatest(users.totp_step, EXCLUDED.totp_step), disabled_at = EXCLUDED.disabled_at,
    oidc_issuer = EXCLUDED.oidc_issuer, oidc_subject = EXCLUDED.oidc_subject
"""  # noqa: S608 - names of ours
USE_STEP: Final = "UPDATE users SET totp_step = $2 WHERE id = $1 AND totp_step < $2 RETURNING id"
USE_RECOVERY: Final = "DELETE FROM recovery_codes WHERE user_id = $1 AND code_sha256 = $2 RETURNING user_id"
COUNT_RECOVERY: Final = "SELECT count(*) FROM recovery_codes WHERE user_id = $1"
REMOVE_RECOVERY: Final = "DELETE FROM recovery_codes WHERE user_id = $1"
ADD_RECOVERY: Final = "INSERT INTO recovery_codes (user_id, code_sha256) VALUES ($1, $2)"
REMOVE_INVITATIONS: Final = "DELETE FROM invitations WHERE user_id = $1 AND used_at IS NULL"
ADD_INVITATION: Final = (
    "INSERT INTO invitations (token_sha256, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)"
)
FIND_INVITATION: Final = "SELECT token_sha256, user_id, created_at, expires_at, used_at FROM invitations"
USE_INVITATION: Final = """
UPDATE invitations SET used_at = $2 WHERE token_sha256 = $1 AND used_at IS NULL AND expires_at > $2 RETURNING user_id
"""
END_SESSIONS: Final = "DELETE FROM sessions WHERE user_id = $1 AND token_sha256 IS DISTINCT FROM $2"


class Invitation(msgspec.Struct, frozen=True):
    """A link by which a user sets a password, once. `digest` is the SHA-256 of its 32 bytes."""

    digest: bytes
    user_id: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        return self.used_at is None and self.expires_at > now


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What to write: the account as it becomes, and the audit entry.

    `ends_sessions`: all of the user's but `kept_session`. `invitation` replaces the user's open ones;
    `used_invitation`: refuse the change if it is not valid any more. `ends_invitations`: the user has arrived
    without one. `recovery_codes` replace the user's.
    """

    account: Account
    entry: AuditEntry
    ends_sessions: bool = False
    kept_session: bytes | None = None
    invitation: Invitation | None = None
    used_invitation: bytes | None = None
    ends_invitations: bool = False
    recovery_codes: tuple[bytes, ...] | None = None


Accounts = Mapping[str, Account]
Decide = Callable[[Accounts], Change | Refusal]
"""What to write, given all accounts by their id, the oldest first."""

LINK_IS_OVER: Final = Refusal("This link was used already, or is too old. Ask for another one.", status=410)


class AccountTable(Protocol):
    """The users. All methods raise DatabaseAway."""

    async def find_account(self, user_id: str) -> Account | None: ...
    async def find_by_login(self, login: str) -> Account | None: ...
    async def find_by_subject(self, issuer: str, subject: str) -> Account | None: ...
    async def list_accounts(self) -> list[Account]: ...
    async def change_account(self, decide: Decide) -> Account | Refusal:
        """Write what is decided on all accounts, in one transaction; changes wait for each other."""

    async def find_invitation(self, digest: bytes) -> Invitation | None: ...
    async def use_step(self, user_id: str, step: int) -> bool:
        """Note that the code of a time step was used. False: that one, or a later one, was used before."""

    async def use_recovery_code(self, user_id: str, digest: bytes) -> bool:
        """Remove a recovery code. False: there is no such code."""

    async def count_recovery_codes(self, user_id: str) -> int: ...
    async def write_entry(self, entry: AuditEntry) -> None:
        """Write what changes no table, such as a failed login, to the audit log."""


class AccountTables:
    """The users in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_account(self, user_id: str) -> Account | None:
        return await self._database.write(lambda connection: find_one(connection, FIND, user_id))

    async def find_by_login(self, login: str) -> Account | None:
        return await self._database.write(lambda connection: find_one(connection, FIND_BY_LOGIN, login))

    async def find_by_subject(self, issuer: str, subject: str) -> Account | None:
        return await self._database.write(lambda connection: find_one(connection, FIND_BY_SUBJECT, issuer, subject))

    async def list_accounts(self) -> list[Account]:
        return await self._database.write(list_accounts)

    async def change_account(self, decide: Decide) -> Account | Refusal:
        return await self._database.write(lambda connection: change_account(connection, decide))

    async def find_invitation(self, digest: bytes) -> Invitation | None:
        query = f"{FIND_INVITATION} WHERE token_sha256 = $1"
        row = await self._database.write(lambda connection: connection.fetchrow(query, digest))
        return None if row is None else Invitation(*row)

    async def use_step(self, user_id: str, step: int) -> bool:
        used = await self._database.write(lambda connection: connection.fetchval(USE_STEP, user_id, step))
        return used is not None

    async def use_recovery_code(self, user_id: str, digest: bytes) -> bool:
        used = await self._database.write(lambda connection: connection.fetchval(USE_RECOVERY, user_id, digest))
        return used is not None

    async def count_recovery_codes(self, user_id: str) -> int:
        count: int = await self._database.write(lambda connection: connection.fetchval(COUNT_RECOVERY, user_id))
        return count

    async def write_entry(self, entry: AuditEntry) -> None:
        await self._database.write(lambda connection: write_audit(connection, entry))


async def find_one(connection: Any, statement: str, *values: str) -> Account | None:
    row = await connection.fetchrow(statement, *values)
    return None if row is None else Account(**row)


async def list_accounts(connection: Any) -> list[Account]:
    """List all users, the oldest first. Raises asyncpg's errors."""
    return [Account(**row) for row in await connection.fetch(LIST)]


async def change_account(connection: Any, decide: Decide) -> Account | Refusal:
    """Write what is decided on all accounts, in one transaction. Raises asyncpg's errors."""
    async with transaction(connection):
        await connection.execute(LOCK)
        decided = decide({account.id: account for account in await list_accounts(connection)})
        if isinstance(decided, Refusal):
            return decided
        if decided.used_invitation is not None:
            now = decided.entry.at
            if await connection.fetchval(USE_INVITATION, decided.used_invitation, now) is None:
                return LINK_IS_OVER
        await write_change(connection, decided)
        return decided.account


async def write_change(connection: Any, change: Change) -> None:
    account = change.account
    await connection.execute(WRITE, *msgspec.structs.astuple(account))
    if change.ends_sessions:
        await connection.execute(END_SESSIONS, account.id, change.kept_session)
    if change.invitation or change.used_invitation or change.ends_invitations or account.disabled_at is not None:
        await connection.execute(REMOVE_INVITATIONS, account.id)
    if (invitation := change.invitation) is not None:
        values = (invitation.digest, invitation.user_id, invitation.created_at, invitation.expires_at)
        await connection.execute(ADD_INVITATION, *values)
    if change.recovery_codes is not None:
        await connection.execute(REMOVE_RECOVERY, account.id)
        await connection.executemany(ADD_RECOVERY, [(account.id, code) for code in change.recovery_codes])
    await write_audit(connection, change.entry)
