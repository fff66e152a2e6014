"""Links that show one report, or totals, without a login: the query is locked in the table, and the link ends."""

import hashlib
import os
import secrets
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

import msgspec

from console.audit.log import AuditEntry, actor_of, write_audit
from console.auth.roles import ROLES, may
from console.auth.sessions import TOKEN_BYTES, read_token, write_token
from console.auth.users import Session
from identity.ulid import RANDOM_BYTES, make_ulid
from storage.read.queries import QUERY_S, Reader

SharedPath = Literal["/reports", "/analytics"]
SHARED_PATHS: Final[tuple[SharedPath, ...]] = get_args(SharedPath)
DAYS: Final = (7, 30, 90, 365)
MOST: Final = 100
"""The most links in force that somebody may have, and the most of a page."""
READERS: Final = [role for role in ROLES if may(role, "read")]
IN_FORCE: Final = """
    FROM share_links JOIN users ON users.id = share_links.user_id
    WHERE expires_at > $1 AND revoked_at IS NULL AND disabled_at IS NULL AND role = ANY ($2)
"""
"""A link shows what its maker may read: of who is disabled, or has another role, it shows nothing."""
FIND: Final = f"""
    SELECT share_links.id, share_links.name, path, query, share_links.password_hash, expires_at {IN_FORCE}
    AND token_sha256 = $3
"""
LIST: Final = f"""
    SELECT share_links.id, share_links.name, path, query, share_links.password_hash IS NOT NULL AS has_password,
        share_links.created_at, expires_at, users.name AS by_name {IN_FORCE}
    AND ($3::text IS NULL OR share_links.user_id = $3) AND ($4 = '' OR share_links.id < $4)
    ORDER BY share_links.id DESC LIMIT $5
"""
ADD: Final = """
    INSERT INTO share_links (id, token_sha256, user_id, name, path, query, password_hash, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
COUNT: Final = "SELECT count(*) FROM share_links WHERE user_id = $1 AND expires_at > $2 AND revoked_at IS NULL"
REVOKE: Final = """
    UPDATE share_links SET revoked_at = $3
    WHERE id = $1 AND revoked_at IS NULL AND ($2::text IS NULL OR user_id = $2) RETURNING name, path, query
"""


class SharedReport(msgspec.Struct, frozen=True):
    """What a link shows: of a page, this view. With a `password_hash` its password is asked for."""

    id: str
    name: str
    path: SharedPath
    query: str
    password_hash: str | None
    expires_at: datetime


class ShareLink(msgspec.Struct, frozen=True):
    """A link in force, as its maker sees it: the link itself is not stored."""

    id: str
    name: str
    path: SharedPath
    query: str
    has_password: bool
    created_at: datetime
    expires_at: datetime
    by_name: str


class NewShare(msgspec.Struct, frozen=True):
    name: str
    path: SharedPath
    query: str
    days: int
    password_hash: str | None


async def find_shared(reader: Reader, text: str, now: datetime) -> SharedReport | None:
    """Find the report of a link's token; null if it is unknown, over or revoked. Raises asyncpg's errors."""
    token = read_token(text)
    if token is None:
        return None
    row = await reader.fetchrow(FIND, now, READERS, hashlib.sha256(token).digest(), timeout=QUERY_S)
    return None if row is None else SharedReport(*row)


class ShareLinks(msgspec.Struct, frozen=True):
    """A page of links, the newest first. `older` is the `before` of the next page, or empty."""

    links: list[ShareLink]
    older: str


async def list_shares(reader: Reader, session: Session, now: datetime, before: str = "") -> ShareLinks:
    """List a page of the links in force: one's own, or all for who administers. Raises asyncpg's errors."""
    rows = await reader.fetch(LIST, now, READERS, find_owner(session), before, MOST + 1, timeout=QUERY_S)
    links = [ShareLink(*row) for row in rows[:MOST]]
    return ShareLinks(links, links[-1].id if len(rows) > MOST else "")


def find_owner(session: Session) -> str | None:
    """Return whose links somebody may see and end; null: everybody's."""
    return None if may(session.role, "administer") else session.user.id


async def add_share(connection: Any, session: Session, share: NewShare, now: datetime) -> str | None:
    """Make a link and return its token; null if somebody has MOST already. Raises asyncpg's errors."""
    token = secrets.token_bytes(TOKEN_BYTES)
    share_id = make_ulid(int(now.timestamp() * 1000), os.urandom(RANDOM_BYTES))
    expires = now + timedelta(days=share.days)
    values = (share.name, share.path, share.query, share.password_hash, now, expires)
    has_password = share.password_hash is not None
    after = {"path": share.path, "query": share.query, "expires_at": expires.isoformat(), "has_password": has_password}
    async with connection.transaction():
        if await connection.fetchval(COUNT, session.user.id, now) >= MOST:
            return None
        await connection.execute(ADD, share_id, hashlib.sha256(token).digest(), session.user.id, *values)
        entry = AuditEntry(now, actor_of(session), "share.create", f"link {share.name}", None, after)
        await write_audit(connection, entry)
    return write_token(token)


async def revoke_share(connection: Any, session: Session, share_id: str, now: datetime) -> bool:
    """End a link; tell whether there was one. Raises asyncpg's errors."""
    async with connection.transaction():
        row = await connection.fetchrow(REVOKE, share_id, find_owner(session), now)
        if row is None:
            return False
        entry = AuditEntry(now, actor_of(session), "share.revoke", f"link {row['name']}", dict(row))
        await write_audit(connection, entry)
    return True
