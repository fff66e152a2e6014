"""What may be changed of API keys. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, cast

import msgspec

from console.audit.log import AuditEntry
from console.auth.key_tables import KeyChange
from console.auth.keys import ApiKey
from console.auth.refusals import Refusal
from console.auth.roles import Role
from console.people.rules import By, read_name

SCOPES: Final = {
    "viewer": "Read: clicks, reports, exports",
    "editor": "Read and edit: also programs, affiliates and codes",
    "admin": "Everything: also jobs, replay, erasure, users and keys",
}
"""What a key may do, by the role whose permissions it has."""
LASTING_DAYS: Final = ("30", "90", "365", "")
VALID_AT_ONCE: Final = 2
UNKNOWN: Final = Refusal("There is no such key.", status=404)


class NewKey(msgspec.Struct, frozen=True):
    """A key as a form asks for it, and what is made for it. `days`: it expires after so many; empty: never."""

    name: str
    scope: str
    days: str
    id: str
    hint: str
    digest: bytes


def add_key(keys: Sequence[ApiKey], by: By, new: NewKey, now: datetime) -> KeyChange | Refusal:
    """Add a key. Two of one name may be valid at the same time, so that a program can change from one to the other."""
    name = read_name(new.name)
    if isinstance(name, Refusal):
        return name
    if new.scope not in SCOPES:
        return Refusal("Choose what the key may do.", field="scope")
    if new.days not in LASTING_DAYS:
        return Refusal("Choose how long the key lasts.", field="days")
    if len([key for key in keys if key.name == name and key.is_valid(now)]) >= VALID_AT_ONCE:
        return Refusal(f"Two keys named {name} are valid already: revoke the older one first.", "name", 409)
    key = ApiKey(
        id=new.id,
        name=name,
        role=cast("Role", new.scope),
        hint=new.hint,
        digest=new.digest,
        created_by=by.actor.name,
        created_at=now,
        expires_at=now + timedelta(days=int(new.days)) if new.days else None,
    )
    after = {"scope": key.role, "expires_at": key.expires_at and key.expires_at.isoformat(), "hint": key.hint}
    return key, AuditEntry(now, by.actor, "key.add", subject_of(key), after=after)


def revoke_key(keys: Sequence[ApiKey], by: By, key_id: str, now: datetime) -> KeyChange | Refusal:
    key = next((key for key in keys if key.id == key_id), None)
    if key is None:
        return UNKNOWN
    if key.revoked_at is not None:
        return Refusal("This key is revoked already.", status=409)
    entry = AuditEntry(now, by.actor, "key.revoke", subject_of(key), {"revoked": False}, {"revoked": True})
    return msgspec.structs.replace(key, revoked_at=now), entry


def subject_of(key: ApiKey) -> str:
    return f"key {key.name} {key.hint}"
