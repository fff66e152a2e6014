"""What users change of their own account. Pure."""

from datetime import datetime

import msgspec

from console.audit.log import Actor, AuditEntry
from console.auth.account_tables import Accounts, Change
from console.auth.refusals import Refusal
from console.people.rules import UNKNOWN, By, compare, read_name, subject_of
from console.settings import find_weakness
from runtime.secret import Secret


def rename(accounts: Accounts, by: By, user_id: str, name: str, now: datetime) -> Change | Refusal:
    account, new = accounts.get(user_id), read_name(name)
    if account is None:
        return UNKNOWN
    if isinstance(new, Refusal):
        return new
    changed = msgspec.structs.replace(account, name=new)
    return Change(account=changed, entry=compare("user.rename", by, account, changed, now))


def set_password(
    accounts: Accounts, by: By, user_id: str, hashed: str, now: datetime, kept: bytes | None
) -> Change | Refusal:
    """Set another password, and end all sessions but the one that is kept."""
    account = accounts.get(user_id)
    if account is None:
        return UNKNOWN
    changed = msgspec.structs.replace(account, password_hash=hashed)
    entry = AuditEntry(now, by.actor, "user.password", subject_of(account))
    return Change(account=changed, entry=entry, ends_sessions=True, kept_session=kept)


def accept_invitation(accounts: Accounts, user_id: str, hashed: str, digest: bytes, now: datetime) -> Change | Refusal:
    """Set the password of a user who has the link, and ask for no codes. If the link is valid, the table decides."""
    account = accounts.get(user_id)
    if account is None or account.disabled_at is not None:
        return UNKNOWN
    changed = msgspec.structs.replace(account, password_hash=hashed, totp_sealed=None)
    entry = compare("user.accept", By(Actor("user", account.id, account.name), account.role), account, changed, now)
    return Change(account=changed, entry=entry, recovery_codes=(), ends_sessions=True, used_invitation=digest)


def set_second_factor(
    accounts: Accounts, by: By, user_id: str, sealed: bytes | None, recovery: tuple[bytes, ...], now: datetime
) -> Change | Refusal:
    """Begin to ask for codes, with a sealed secret and new recovery codes; null: ask for none any more."""
    account = accounts.get(user_id)
    if account is None:
        return UNKNOWN
    changed = msgspec.structs.replace(account, totp_sealed=sealed)
    entry = compare("user.second_factor", by, account, changed, now)
    return Change(account=changed, entry=entry, recovery_codes=recovery)


def check_password(password: str, repeated: str, login: str) -> Refusal | None:
    """Say why a new password is refused."""
    if weakness := find_weakness(Secret(password)):
        return Refusal(f"The password {weakness}.", field="password")
    if password.strip().lower() == login:
        return Refusal("The password is the login name: choose another one.", field="password")
    if password != repeated:
        return Refusal("The two passwords are not the same.", field="repeated")
    return None
