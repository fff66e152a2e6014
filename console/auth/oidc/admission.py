"""Who of those that the provider knows may log in here, and as whom. Pure.

The provider's subject decides. The address only finds the user at the first login, and then the subject is pinned to
that user: whoever is given the address later is somebody else.
"""

from datetime import datetime
from typing import Final

import msgspec

from console.audit.log import SYSTEM, Actor, AuditEntry
from console.auth.account_tables import Accounts, Change
from console.auth.oidc.claims import Identity
from console.auth.oidc.settings import OidcSettings
from console.auth.refusals import Refusal
from console.auth.users import Account, is_login

STATUS: Final = 403
NO_EMAIL: Final = "{name} does not say your e-mail address: ask whoever runs it to send the claim `email`."
NOT_VERIFIED: Final = "{name} has not verified your e-mail address, {email}."
OTHER_DOMAIN: Final = "Addresses such as {email} are not let in here."
NOT_INVITED: Final = "Nobody with the address {email} may log in here: ask an owner or admin to invite you."
ANOTHER: Final = (
    "{email} logged in here before with another account of {name}: an owner or admin has to forget that one first."
)


def refuse(words: str, settings: OidcSettings, identity: Identity) -> Refusal:
    return Refusal(words.format(name=settings.name, email=identity.email or ""), status=STATUS)


def check_address(identity: Identity, settings: OidcSettings) -> Refusal | None:
    """Say why an address is not let in, whoever has it."""
    if identity.email is None:
        return refuse(NO_EMAIL, settings, identity)
    if not identity.is_email_verified:
        return refuse(NOT_VERIFIED, settings, identity)
    if settings.email_domains and identity.email.rpartition("@")[2] not in settings.email_domains:
        return refuse(OTHER_DOMAIN, settings, identity)
    return None


def check_known(account: Account, identity: Identity, settings: OidcSettings) -> Refusal | None:
    """Say why a user whose subject is pinned is not let in."""
    if account.disabled_at is not None:
        return refuse(NOT_INVITED, settings, identity)
    return check_address(identity, settings) if settings.email_domains else None


def admit(
    accounts: Accounts, identity: Identity, settings: OidcSettings, new_id: str, now: datetime
) -> Change | Refusal:
    """Pin a subject to the user of its address, or to a new user with `new_id`, if there may be new ones."""
    if refusal := check_address(identity, settings):
        return refusal
    account = next((one for one in accounts.values() if one.login == identity.email), None)
    if account is None:
        return add_user(identity, settings, new_id, now)
    if account.disabled_at is not None:
        return refuse(NOT_INVITED, settings, identity)
    # A subject of another provider, which was set before this one, does not count.
    if account.oidc_issuer == identity.issuer and account.oidc_subject != identity.subject:
        return refuse(ANOTHER, settings, identity)
    pinned = msgspec.structs.replace(account, oidc_issuer=identity.issuer, oidc_subject=identity.subject)
    actor = Actor("user", account.id, account.name)
    entry = AuditEntry(now, actor, "user.link", f"user {account.login}", after={"provider": identity.issuer})
    return Change(account=pinned, entry=entry, ends_invitations=True)


def add_user(identity: Identity, settings: OidcSettings, new_id: str, now: datetime) -> Change | Refusal:
    login = identity.email or ""
    if settings.new_users is None or not is_login(login):
        return refuse(NOT_INVITED, settings, identity)
    account = Account(
        id=new_id,
        login=login,
        name=identity.name or login[:100],
        role=settings.new_users,
        oidc_issuer=identity.issuer,
        oidc_subject=identity.subject,
        created_at=now,
    )
    after = {"name": account.name, "role": account.role, "provider": identity.issuer}
    return Change(account=account, entry=AuditEntry(now, SYSTEM, "user.join", f"user {login}", after=after))
