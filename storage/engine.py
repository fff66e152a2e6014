"""How this database keeps the tables of clicks: in daily partitions of PostgreSQL, or as hypertables of TimescaleDB.

With TimescaleDB a table may still be natively partitioned: one that had rows before is not converted.
"""

from typing import Final

import asyncpg
import msgspec

CLICKS: Final = "clicks"
SCORES: Final = "click_scores"

READ: Final = """
    SELECT extversion AS timescaledb, extnamespace::regnamespace::text AS functions, ARRAY(
        SELECT relname::text FROM pg_class
        WHERE oid IN (to_regclass('clicks'), to_regclass('click_scores')) AND relkind = 'r' AND extversion IS NOT NULL
    ) AS hypertables
    FROM (SELECT) AS one_row LEFT JOIN pg_extension ON extname = 'timescaledb'
"""
"""A table that is natively partitioned has another kind: 'p'."""


class StorageEngine(msgspec.Struct, frozen=True):
    """TimescaleDB's version if it is installed, the schema of its functions, and which tables are hypertables."""

    timescaledb: str | None = None
    functions: str = ""
    hypertables: frozenset[str] = frozenset()

    def is_hypertable(self, table: str = CLICKS) -> bool:
        return table in self.hypertables

    def call(self, function: str) -> str:
        """Return the full name of a function of TimescaleDB: its schema need not be in the search path."""
        return f"{self.functions}.{function}"


async def read_engine(connection: asyncpg.Connection) -> StorageEngine:
    """Read it once for a connection: only `clickrail migrate` changes it."""
    row = await connection.fetchrow(READ)
    return StorageEngine(row["timescaledb"], row["functions"] or "", frozenset(row["hypertables"]))
