"""What may be changed of users, by whom, and what it leads to. Pure.

An admin changes everybody but owners. The last owner who can log in cannot be removed, nor lose the role.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec

from console.audit.log import CLI, Actor, AuditEntry, actor_of
from console.auth.account_tables import Accounts, Change, Invitation
from console.auth.refusals import Refusal
from console.auth.roles import ROLES, Role
from console.auth.users import LONGEST_LOGIN, Account, Session, is_login

LINK_LASTS: Final = timedelta(hours=48)
LONGEST_NAME: Final = 100
UNKNOWN: Final = Refusal("There is no such user.", status=404)
NOT_OWNERS: Final = Refusal("Only an owner may change an owner, or make somebody one.", field="role", status=403)
LAST_OWNER: Final = Refusal("This is the last owner who can log in: make somebody else an owner first.", status=409)


class By(msgspec.Struct, frozen=True):
    """Who changes a user: the actor for the log, and the role that decides what is allowed."""

    actor: Actor
    role: Role


BY_CLI: Final = By(CLI, "owner")


def by_session(session: Session) -> By:
    return By(actor_of(session), session.role)


class Place(msgspec.Struct, frozen=True):
    """A role, and the affiliate of the role `affiliate`, as a form gives them."""

    role: str
    affiliate_id: str = ""


class NewUser(msgspec.Struct, frozen=True):
    """Who is invited, as a form says it, the id that they get, and the digest of the link's token."""

    login: str
    name: str
    place: Place
    id: str
    digest: bytes


def invite(accounts: Accounts, by: By, new: NewUser, now: datetime) -> Change | Refusal:
    """Add a user who sets a password by a link."""
    place = read_place(new.place)
    login = new.login.strip().lower()
    name = read_name(new.name)
    if not is_login(login):
        return Refusal(
            f"A login name has 1 to {LONGEST_LOGIN} characters and no spaces: a mail address fits.", field="login"
        )
    if isinstance(name, Refusal):
        return name
    if isinstance(place, Refusal):
        return place
    if place[0] == "owner" and by.role != "owner":
        return NOT_OWNERS
    if any(account.login == login for account in accounts.values()):
        return Refusal("There is a user with this login name already.", field="login", status=409)
    account = Account(id=new.id, login=login, name=name, role=place[0], affiliate_id=place[1], created_at=now)
    link = Invitation(new.digest, account.id, now, now + LINK_LASTS)
    entry = AuditEntry(now, by.actor, "user.invite", subject_of(account), after=describe(account))
    return Change(account=account, entry=entry, invitation=link)


def change_role(accounts: Accounts, by: By, user_id: str, asked: Place, now: datetime) -> Change | Refusal:
    """Give a user another role, and end the sessions that have the old one."""
    account, place = accounts.get(user_id), read_place(asked)
    if account is None:
        return UNKNOWN
    if isinstance(place, Refusal):
        return place
    role, affiliate_id = place
    if by.role != "owner" and "owner" in (account.role, role):
        return NOT_OWNERS
    if role != "owner" and is_last_owner(accounts, account):
        return LAST_OWNER
    changed = msgspec.structs.replace(account, role=role, affiliate_id=affiliate_id)
    return Change(account=changed, entry=compare("user.role", by, account, changed, now), ends_sessions=True)


def disable(accounts: Accounts, by: By, user_id: str, now: datetime) -> Change | Refusal:
    """Let a user log in no more, and end all sessions. The row stays: the audit log names it."""
    account = find_manageable(accounts, by, user_id)
    if isinstance(account, Refusal):
        return account
    if is_last_owner(accounts, account):
        return LAST_OWNER
    changed = msgspec.structs.replace(account, disabled_at=account.disabled_at or now)
    return Change(account=changed, entry=compare("user.disable", by, account, changed, now), ends_sessions=True)


def enable(accounts: Accounts, by: By, user_id: str, now: datetime) -> Change | Refusal:
    account = find_manageable(accounts, by, user_id)
    if isinstance(account, Refusal):
        return account
    changed = msgspec.structs.replace(account, disabled_at=None)
    return Change(account=changed, entry=compare("user.enable", by, account, changed, now))


def end_sessions(accounts: Accounts, by: By, user_id: str, now: datetime) -> Change | Refusal:
    account = find_manageable(accounts, by, user_id)
    if isinstance(account, Refusal):
        return account
    entry = AuditEntry(now, by.actor, "session.end_all", subject_of(account))
    return Change(account=account, entry=entry, ends_sessions=True)


def reset(accounts: Accounts, by: By, user_id: str, digest: bytes, now: datetime) -> Change | Refusal:
    """Give a user who is locked out a link to set another password. What it accepts removes the second factor, too.

    Until then the codes stay: without them the old password alone would let in whoever has it.
    """
    account = find_manageable(accounts, by, user_id)
    if isinstance(account, Refusal):
        return account
    if account.disabled_at is not None:
        return Refusal("This user is disabled: enable them first.", status=409)
    entry = AuditEntry(now, by.actor, "user.reset", subject_of(account))
    link = Invitation(digest, account.id, now, now + LINK_LASTS)
    return Change(account=account, entry=entry, invitation=link, ends_sessions=True)


def forget_identity(accounts: Accounts, by: By, user_id: str, now: datetime) -> Change | Refusal:
    """Let another account of the provider log in as this user: that with the user's address which comes first."""
    account = find_manageable(accounts, by, user_id)
    if isinstance(account, Refusal):
        return account
    changed = msgspec.structs.replace(account, oidc_issuer=None, oidc_subject=None)
    return Change(account=changed, entry=compare("user.unlink", by, account, changed, now), ends_sessions=True)


def find_manageable(accounts: Accounts, by: By, user_id: str) -> Account | Refusal:
    account = accounts.get(user_id)
    if account is None:
        return UNKNOWN
    return NOT_OWNERS if account.role == "owner" and by.role != "owner" else account


def is_last_owner(accounts: Accounts, account: Account) -> bool:
    """Tell whether without this user no owner could log in with a password: the provider may be away for good."""
    return is_owner(account) and not any(is_owner(one) for one in accounts.values() if one.id != account.id)


def is_owner(account: Account) -> bool:
    return account.role == "owner" and account.disabled_at is None and account.has_password


def read_place(asked: Place) -> tuple[Role, str | None] | Refusal:
    if asked.role not in ROLES:
        return Refusal(f"Choose a role: {', '.join(ROLES)}.", field="role")
    affiliate_id = asked.affiliate_id.strip()
    if asked.role != "affiliate":
        return cast("Role", asked.role), None
    if not affiliate_id:
        return Refusal("Say which affiliate it is, by its id.", field="affiliate_id")
    if not is_affiliate_id(affiliate_id):
        return Refusal("The id of an affiliate has 1 to 40 of a-z, 0-9, _ and -.", field="affiliate_id")
    return "affiliate", affiliate_id


def is_affiliate_id(text: str) -> bool:
    rest = text.replace("_", "").replace("-", "")
    return 1 <= len(text) <= 40 and text == text.lower() and text.isascii() and (rest.isalnum() or not rest)  # noqa: PLR2004 - as the table's own check


def read_name(text: str) -> str | Refusal:
    name = " ".join(text.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        return Refusal(f"A name has 1 to {LONGEST_NAME} visible characters.", field="name")
    return name


def subject_of(account: Account) -> str:
    return f"user {account.login}"


def describe(account: Account) -> dict[str, Any]:
    """Describe a user for the audit log, without secrets."""
    return {
        "name": account.name,
        "role": account.role,
        "affiliate": account.affiliate_id,
        "second_factor": account.totp_sealed is not None,
        "disabled": account.disabled_at is not None,
        "provider": account.oidc_issuer,
    }


def compare(action: str, by: By, before: Account, after: Account, now: datetime) -> AuditEntry:
    """Make the entry of a change, with those fields that differ."""
    old, new = describe(before), describe(after)
    changed: Mapping[str, Any] = {name: value for name, value in new.items() if old[name] != value}
    return AuditEntry(now, by.actor, action, subject_of(before), {name: old[name] for name in changed}, changed)
