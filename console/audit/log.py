"""Writes the audit log: one row per change, in the transaction of the change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from console.auth.users import Session

ActorKind = Literal["user", "key", "cli", "system", "stranger"]
LONGEST_NAME: Final = 200
LONGEST_SUBJECT: Final = 300

INSERT: Final = """
INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, action, subject, before, after)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8::text::jsonb)
"""


class Actor(msgspec.Struct, frozen=True):
    """Who does something: a user, an API key, `clickrail` in a terminal, the console itself, or nobody known."""

    kind: ActorKind
    id: str | None
    name: str


CLI: Final = Actor("cli", None, "clickrail")
SYSTEM: Final = Actor("system", None, "console")
STRANGER: Final = Actor("stranger", None, "somebody unknown")


def actor_of(session: Session) -> Actor:
    """Return the actor of a request: its user, or its API key."""
    return Actor("key" if session.is_key else "user", session.user.id, session.user.name)


class AuditEntry(msgspec.Struct, frozen=True):
    """One change. `action` is such as `code.change`, `subject` such as `code demo`.

    `before` and `after` hold what JSON can hold, and no address and no secret. Null: there was, or is, nothing.
    """

    at: datetime
    actor: Actor
    action: str
    subject: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


async def write_audit(connection: Any, entry: AuditEntry) -> None:
    """Write an entry on the connection, and so in the open transaction, of the change. Raises asyncpg's errors."""
    actor = entry.actor
    await connection.execute(
        INSERT,
        entry.at,
        actor.kind,
        actor.id,
        clean(actor.name)[:LONGEST_NAME],
        entry.action,
        clean(entry.subject)[:LONGEST_SUBJECT],
        write_json(entry.before),
        write_json(entry.after),
    )


def clean(text: str) -> str:
    """Replace what PostgreSQL cannot store: NUL and lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def write_json(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else msgspec.json.encode(values).decode().replace("\\u0000", "\\ufffd")
