"""Saved views: an address with a name, of one person or for all, and the one that somebody starts with."""

from datetime import datetime
from typing import Any, Final

import msgspec

from console.audit.log import AuditEntry, write_audit
from console.auth.users import User
from identity.ulid import make_ulid
from storage.read.queries import QUERY_S, Reader

LONGEST_NAME: Final = 100
LONGEST_QUERY: Final = 8000
MOST: Final = 200
LIST: Final = """
    SELECT saved_views.id, name, query, user_id, is_shared, start_views.user_id IS NOT NULL AS is_start
    FROM saved_views LEFT JOIN start_views ON start_views.view_id = saved_views.id AND start_views.user_id = $1
    WHERE saved_views.user_id = $1 OR is_shared
    ORDER BY is_shared, lower(name), saved_views.id LIMIT $2
"""


class SavedView(msgspec.Struct, frozen=True):
    """A saved report. `is_own`: the reader saved it. `is_start`: the reader's reports begin with it."""

    id: str
    name: str
    query: str
    is_own: bool
    is_shared: bool
    is_start: bool

    @property
    def address(self) -> str:
        return f"/views/{self.id}"


async def list_saved(reader: Reader, user_id: str) -> list[SavedView]:
    """List the views that somebody may open: their own and the shared ones. Raises asyncpg's errors."""
    rows = await reader.fetch(LIST, user_id, MOST, timeout=QUERY_S)
    return [
        SavedView(row["id"], row["name"], row["query"], row["user_id"] == user_id, row["is_shared"], row["is_start"])
        for row in rows
    ]
