"""Notes of people about programs, affiliates and codes."""

from typing import Final

import asyncpg

from referrals.model import Kind

LONGEST: Final = 2000
READ: Final = "SELECT note FROM referral_notes WHERE kind = $1 AND id = $2"
WRITE: Final = """
    INSERT INTO referral_notes (kind, id, note) VALUES ($1, $2, $3)
    ON CONFLICT (kind, id) DO UPDATE SET note = excluded.note, changed_at = now()
"""
REMOVE: Final = "DELETE FROM referral_notes WHERE kind = $1 AND id = $2"


async def read_note(connection: asyncpg.Connection, kind: Kind, id_: str) -> str:
    """Return the note, or the empty text."""
    note: str | None = await connection.fetchval(READ, kind, id_)
    return note or ""


async def write_note(connection: asyncpg.Connection, kind: Kind, id_: str, note: str) -> None:
    """Keep a note of at most LONGEST characters; an empty one removes it."""
    if note:
        await connection.execute(WRITE, kind, id_, note[:LONGEST])
    else:
        await connection.execute(REMOVE, kind, id_)
