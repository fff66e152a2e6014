"""What storage reads of the table `programs`, which belongs to `referrals`: nothing if the table is not there."""

from typing import Final

import asyncpg

HAS_TABLE: Final = """
    SELECT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('programs') AND attname = 'subs_are_personal' AND NOT attisdropped
    )
"""
LIST: Final = "SELECT id FROM programs WHERE subs_are_personal ORDER BY id"


async def list_personal_subs(connection: asyncpg.Connection) -> list[str]:
    """Return the ids of the programs whose sub1 to sub5 are personal."""
    if not await connection.fetchval(HAS_TABLE):
        return []
    return [row[0] for row in await connection.fetch(LIST)]
