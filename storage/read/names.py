"""Programs, affiliates and codes by id or name: exactly, and by what nearly matches."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from runtime.like import escape_like
from storage.read.queries import QUERY_S, Reader

Kind = Literal["code", "affiliate", "program"]
MOST: Final = 20
FIND: Final = """
    (SELECT 'code', code, affiliate_id || ' · ' || program_id, status,
        CASE WHEN code = $1 THEN 0 WHEN lower(code) = lower($1) THEN 1 WHEN code ILIKE $2 THEN 2 ELSE 3 END AS place
        FROM referral_codes WHERE code ILIKE $3 ORDER BY place, length(code), code LIMIT $4)
    UNION ALL
    (SELECT 'affiliate', id, name, status,
        CASE WHEN id = $1 THEN 0 WHEN lower(id) = lower($1) OR lower(name) = lower($1) THEN 1
            WHEN id ILIKE $2 OR name ILIKE $2 THEN 2 ELSE 3 END AS place
        FROM affiliates WHERE id ILIKE $3 OR name ILIKE $3 ORDER BY place, id LIMIT $4)
    UNION ALL
    (SELECT 'program', id, name, status,
        CASE WHEN id = $1 THEN 0 WHEN lower(id) = lower($1) OR lower(name) = lower($1) THEN 1
            WHEN id ILIKE $2 OR name ILIKE $2 THEN 2 ELSE 3 END AS place
        FROM programs WHERE id ILIKE $3 OR name ILIKE $3 ORDER BY place, id LIMIT $4)
"""
EXACT: Final = 0
SAME: Final = 1


class Named(msgspec.Struct, frozen=True):
    """Something with an id: what it is, its id, its name or owner, and its status.

    `place` is 0 for the id itself, 1 for the id or name in another case, 2 if it begins so, 3 if it contains it.
    """

    kind: Kind
    id: str
    name: str
    status: str
    place: int


async def find_named(reader: Reader, text: str) -> Sequence[Named]:
    """Find what has a text in its id or name, the nearest first."""
    pattern = escape_like(text)
    rows = await reader.fetch(FIND, text, f"{pattern}%", f"%{pattern}%", MOST, timeout=QUERY_S)
    return sorted((Named(*row) for row in rows), key=lambda one: one.place)
