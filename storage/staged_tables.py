"""Staged loading: COPY into a temporary table, then INSERT ... ON CONFLICT DO NOTHING, under savepoints.

COPY alone cannot skip existing rows. A row that PostgreSQL refuses is found by halves, in the same transaction.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date

import asyncpg

from runtime.postgres import is_pooled
from runtime.postgres_errors import ERRORS, UNENCODABLE, classify_error
from storage.bisection import OnBad, process_good_items
from storage.removed import empty_late_clicks
from storage.tables import StorableRow, Table

Numbered = tuple[int, StorableRow]
"""A row, and the number it has in the temporary table."""

Days = Sequence[date]
Insert = Callable[[int, int], Awaitable[int]]
"""Inserts the copied rows from one number to another; returns how many were new."""


class StagedTables:
    """Temporary tables of one connection, and loading by them. Each has the columns of its table, and a number."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._pooled = is_pooled(connection)

    async def _make_incoming(self, table: Table) -> None:
        await self._connection.execute(
            f"CREATE TEMPORARY TABLE incoming_{table.name} ON COMMIT {'DROP' if self._pooled else 'DELETE ROWS'} AS "  # noqa: S608 - names of ours
            f"SELECT 0 AS number, {names(table)} FROM {table.name} WITH NO DATA"
        )

    async def _load_table(self, table: Table, rows: Sequence[Numbered], refuse: OnBad[Numbered]) -> int:
        """Load the good rows of one table; return how many were new."""

        async def insert(first: int, last: int) -> int:
            return await self._insert(table, first, last)

        return await self._load(table, rows, refuse, insert)

    async def _load(
        self, table: Table, rows: Sequence[Numbered], refuse: OnBad[Numbered], insert: Insert, emptied: Days = ()
    ) -> int:
        """Load the good rows, those of `emptied` days without what is personal; return how many were new."""
        new: list[int] = []

        async def copy(part: Sequence[Numbered]) -> str | None:
            return await self._attempt(lambda: self._copy(table, part), *UNENCODABLE)

        async def insert_part(part: Sequence[Numbered]) -> str | None:
            async def work() -> None:
                new.append(await insert(part[0][0], part[-1][0]))

            return await self._attempt(work)

        if self._pooled:
            await self._make_incoming(table)
        copied = await process_good_items(rows, copy, refuse)
        if emptied:
            await empty_late_clicks(self._connection, emptied)
        await process_good_items(copied, insert_part, refuse)
        return sum(new)

    async def _attempt(self, work: Callable[[], Awaitable[None]], *unencodable: type[Exception]) -> str | None:
        """Do the work under a savepoint; return what is wrong with one of its values, or None."""
        try:
            async with self._connection.transaction():
                await work()
        except (*ERRORS, *unencodable) as error:
            if classify_error(error) != "value":
                raise
            return f"{type(error).__name__}: {error}"
        return None

    async def _copy(self, table: Table, rows: Sequence[Numbered]) -> None:
        await self._connection.copy_records_to_table(
            f"incoming_{table.name}",
            records=[(number, *loaded.row) for number, loaded in rows],
            columns=("number", *table.columns),
        )

    async def _insert(self, table: Table, first: int, last: int) -> int:
        key = ", ".join(f'"{column}"' for column in table.key)
        status = await self._connection.execute(
            f"INSERT INTO {table.name} ({names(table)}) SELECT {names(table)} FROM incoming_{table.name} "  # noqa: S608 - names of ours
            f"WHERE number BETWEEN {first} AND {last} ON CONFLICT ({key}) DO NOTHING"
        )
        return int(status.rsplit(" ", 1)[1])


def names(table: Table) -> str:
    return ", ".join(f'"{column}"' for column in table.columns)
