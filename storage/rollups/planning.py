"""How PostgreSQL is to plan the statements that count clicks.

It takes the clicks and values found so far, which are common table expressions, for a few rows. Then it compares
each of a hundred thousand clicks with each of a thousand values, and sorts all of them again for each key they are
counted by: minutes instead of seconds. What must be looked up by an index is written as LATERAL with OFFSET 0.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

MEMORY: Final = "SET LOCAL work_mem = '256MB'; SET LOCAL jit = off"
"""Counting by many keys at once fits into memory."""
BY_HASHING: Final = "SET LOCAL enable_sort = off; SET LOCAL enable_nestloop = off"
ANY_PLAN: Final = "SET LOCAL enable_sort = on; SET LOCAL enable_nestloop = on"


@asynccontextmanager
async def counting(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Have the statements of the block planned for counting. There must be a transaction; an error ends it."""
    await connection.execute(f"{MEMORY}; {BY_HASHING}")
    yield
    await connection.execute(ANY_PLAN)
