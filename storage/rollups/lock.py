"""One at a time: whoever writes hours, days, months or counted verdicts holds this lock until its commit.

The lock is asked for by a statement of its own. The statements after it see what its last holder committed.
"""

from typing import Final

import asyncpg

from storage.rollups.planning import MEMORY

KEY: Final = "hashtextextended('clickrail rollups of ' || current_schema(), 0)"
LOCK: Final = f"SELECT pg_advisory_xact_lock({KEY})"
TRY_LOCK: Final = f"SELECT pg_try_advisory_xact_lock({KEY})"
LOCK_S: Final = 600.0


async def lock(connection: asyncpg.Connection) -> None:
    """Wait for the lock; it is held until the end of the transaction."""
    await connection.execute("SET LOCAL statement_timeout = 0")
    await connection.execute(LOCK, timeout=LOCK_S)
    await connection.execute(MEMORY)


async def try_lock(connection: asyncpg.Connection) -> bool:
    """Take the lock if nobody holds it."""
    if not await connection.fetchval(TRY_LOCK):
        return False
    await connection.execute(MEMORY)
    return True
