"""Saved views: an address with a name, of one person or for all, and the one that somebody starts with."""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from console.audit.log import AuditEntry, actor_of, write_audit
from console.auth.users import Session
from console.clicks.log_address import hide_visitors
from identity.ulid import RANDOM_BYTES, make_ulid
from storage.read.queries import QUERY_S, Reader

PATHS: Final = ("/reports", "/analytics", "/clicks")
LONGEST_NAME: Final = 100
LONGEST_QUERY: Final = 8000
MOST: Final = 200
LISTED: Final = 2 * MOST
"""The most views of a list: all of one's own, and as many that others share."""
VISIBLE: Final = """
    SELECT saved_views.id, name, path, query, saved_views.user_id = $1 AS is_own, is_shared,
        start_views.user_id IS NOT NULL AS is_start
    FROM saved_views LEFT JOIN start_views ON start_views.view_id = saved_views.id AND start_views.user_id = $1
    WHERE (saved_views.user_id = $1 OR is_shared)
"""
LIST: Final = f"""
    SELECT * FROM (
        SELECT *, count(*) OVER () AS number FROM ({VISIBLE}) AS visible
        ORDER BY is_own DESC, is_start DESC, (path, query) = ($2, $3) DESC, lower(name), id LIMIT $4
    ) AS listed ORDER BY is_shared, lower(name), id
"""  # noqa: S608 - fixed texts
FIND: Final = f"{VISIBLE} AND saved_views.id = $2"
FIND_START: Final = f"{VISIBLE} AND start_views.user_id IS NOT NULL"
COUNT: Final = "SELECT count(*) FROM saved_views WHERE user_id = $1"
SAVE: Final = """
    INSERT INTO saved_views (id, user_id, name, path, query, is_shared, saved_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (user_id, name) DO UPDATE
    SET path = excluded.path, query = excluded.query, is_shared = excluded.is_shared, saved_at = excluded.saved_at
    RETURNING id
"""
START: Final = """
    INSERT INTO start_views (user_id, view_id)
    SELECT $1, id FROM saved_views WHERE id = $2 AND (user_id = $1 OR is_shared)
    ON CONFLICT (user_id) DO UPDATE SET view_id = excluded.view_id
"""
REMOVE: Final = "DELETE FROM saved_views WHERE id = $2 AND user_id = $1 RETURNING name, path, query, is_shared"


class SavedView(msgspec.Struct, frozen=True):
    """A saved view. `is_own`: the reader saved it. `is_start`: the reader begins with it."""

    id: str
    name: str
    path: str
    query: str
    is_own: bool
    is_shared: bool
    is_start: bool

    @property
    def address(self) -> str:
        return f"/views/{self.id}"


class SavedViews(msgspec.Struct, frozen=True):
    """The views of a list, and how many more others share."""

    views: list[SavedView]
    more: int = 0


async def list_saved(reader: Reader, user_id: str, path: str = "", query: str = "") -> SavedViews:
    """List the views that somebody may open: their own and the shared ones, at most LISTED.

    The start and the view of this path and query are among them. Raises asyncpg's errors.
    """
    rows = await reader.fetch(LIST, user_id, path, query, LISTED, timeout=QUERY_S)
    return SavedViews([read_saved(row) for row in rows], rows[0]["number"] - len(rows) if rows else 0)


async def find_saved(reader: Reader, user_id: str, view_id: str) -> SavedView | None:
    """Find a view that somebody may open, by its id. Raises asyncpg's errors."""
    row = await reader.fetchrow(FIND, user_id, view_id, timeout=QUERY_S)
    return None if row is None else read_saved(row)


async def find_start(reader: Reader, user_id: str) -> SavedView | None:
    """Find the view that somebody begins with. Raises asyncpg's errors."""
    row = await reader.fetchrow(FIND_START, user_id, timeout=QUERY_S)
    return None if row is None else read_saved(row)


def read_saved(row: Any) -> SavedView:
    return SavedView(**{name: row[name] for name in SavedView.__struct_fields__})


def find_shown(saved: Sequence[SavedView], path: str, query: str) -> SavedView | None:
    """Return the saved view that a page shows, if it shows one."""
    return next((one for one in saved if (one.path, one.query) == (path, query)), None)


class NewView(msgspec.Struct, frozen=True):
    """What is saved: a view of the same name and person is replaced."""

    name: str
    path: str
    query: str
    is_shared: bool
    is_start: bool


async def save_view(connection: Any, session: Session, view: NewView, now: datetime) -> str | None:
    """Save a view; return its id, or null if somebody has MOST already. Raises asyncpg's errors."""
    user_id = session.user.id
    new_id = make_ulid(int(now.timestamp() * 1000), os.urandom(RANDOM_BYTES))
    async with connection.transaction():
        if await connection.fetchval(COUNT, user_id) >= MOST:
            return None
        values = (new_id, user_id, view.name, view.path, view.query, view.is_shared, now)
        view_id = str(await connection.fetchval(SAVE, *values))
        if view.is_start:
            await connection.execute(START, user_id, view_id)
        after = {"path": view.path, "query": hide_visitors(view.query), "is_shared": view.is_shared}
        await write_audit(connection, AuditEntry(now, actor_of(session), "view.save", f"view {view.name}", None, after))
    return view_id


async def remove_view(connection: Any, session: Session, view_id: str, now: datetime) -> bool:
    """Remove a view that somebody saved; tell whether there was one. Raises asyncpg's errors."""
    async with connection.transaction():
        row = await connection.fetchrow(REMOVE, session.user.id, view_id)
        if row is None:
            return False
        before = {"path": row["path"], "query": hide_visitors(row["query"]), "is_shared": row["is_shared"]}
        entry = AuditEntry(now, actor_of(session), "view.remove", f"view {row['name']}", before, None)
        await write_audit(connection, entry)
    return True


async def start_with(connection: Any, session: Session, view_id: str) -> None:
    """Let somebody's reports begin with a view; without an id, with none. Raises asyncpg's errors."""
    if view_id:
        await connection.execute(START, session.user.id, view_id)
    else:
        await connection.execute("DELETE FROM start_views WHERE user_id = $1", session.user.id)
