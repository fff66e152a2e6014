"""Rows into tables: COPY into a temporary table, then INSERT ... ON CONFLICT DO NOTHING, in one transaction.

COPY alone is all or nothing and knows no conflict; together a batch is there once, however often it is loaded.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Final

import asyncpg

from sink.transform import CLICKS, DEAD_LETTERS, REJECTED_CLICKS, Loaded, Table

TABLES: Final = (CLICKS, REJECTED_CLICKS, DEAD_LETTERS)

PARTITION_LOCK: Final = (
    "SELECT pg_advisory_xact_lock(hashtextextended('clickrail partitions of ' || current_schema(), 0))"
)


class TableLoader:
    """Loads batches over one connection. Knows which days have their partition, so that it asks once a day."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._days: set[date] = set()

    async def prepare(self) -> None:
        """Make the temporary tables; they last as long as the connection, and empty themselves at each commit."""
        for table in TABLES:
            await self._connection.execute(
                f"CREATE TEMPORARY TABLE incoming_{table.name} ON COMMIT DELETE ROWS AS "  # noqa: S608 - names of ours
                f"SELECT {names(table)} FROM {table.name} WITH NO DATA"
            )

    async def load(self, rows: Sequence[Loaded]) -> Mapping[Table, int]:
        """Load rows of any tables in one transaction; give the number of new ones by table.

        Raises asyncpg's errors as they come: the transaction is undone, and the connection may be gone.
        """
        by_table = {table: [loaded.row for loaded in rows if loaded.table is table] for table in TABLES}
        missing = {loaded.day for loaded in rows if loaded.day is not None} - self._days
        async with self._connection.transaction():
            await self._make_partitions(missing)
            new = {table: await self._load_table(table, part) for table, part in by_table.items() if part}
        self._days |= missing
        return new

    async def _load_table(self, table: Table, rows: list[tuple[object, ...]]) -> int:
        await self._connection.copy_records_to_table(f"incoming_{table.name}", records=rows, columns=table.columns)
        key = ", ".join(f'"{column}"' for column in table.key)
        status = await self._connection.execute(
            f"INSERT INTO {table.name} ({names(table)}) SELECT {names(table)} FROM incoming_{table.name} "  # noqa: S608 - names of ours
            f"ON CONFLICT ({key}) DO NOTHING"
        )
        return int(status.rsplit(" ", 1)[1])

    async def _make_partitions(self, days: Collection[date]) -> None:
        """Make daily partitions (UTC) where there are none. Two sinks take turns, so that neither fails."""
        if days:
            await self._connection.execute(PARTITION_LOCK)
        for day in sorted(days):
            await self._connection.execute(
                f"CREATE TABLE IF NOT EXISTS {CLICKS.name}_{day:%Y%m%d} PARTITION OF {CLICKS.name} "
                f"FOR VALUES FROM ('{day}T00:00Z') TO ('{day + timedelta(days=1)}T00:00Z')"
            )

    def terminate(self) -> None:
        """Drop the connection at once."""
        self._connection.terminate()

    async def close(self) -> None:
        with suppress(
            OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError
        ):
            await self._connection.close(timeout=2)


def names(table: Table) -> str:
    return ", ".join(f'"{column}"' for column in table.columns)
