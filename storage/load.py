"""Load rows: COPY into a temporary table, then INSERT ... ON CONFLICT DO NOTHING, in one transaction.

COPY alone cannot skip existing rows; together a batch is stored once, however often it is loaded. A row that PostgreSQL
refuses is found with savepoints in the same transaction, and the other rows are stored. New clicks are counted in the
same transaction (storage/rollups/batches.py).
"""

import os
import socket
import zlib
from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Final

import asyncpg
import msgspec

from runtime.postgres import close, transaction
from schemas.letters import SourceRecord
from storage.bisection import OnBad
from storage.chunks import find_dropped_days
from storage.days import prepare_days
from storage.engine import StorageEngine, read_engine
from storage.erased import remove_erased
from storage.ledger.arrivals import note_arrivals
from storage.positions import StoredPositions
from storage.removed import Removed, read_removed
from storage.rollups.batches import COUNT_NEW, SLOTS, start_batch
from storage.rollups.settled import count_by_verdicts
from storage.staged_tables import Numbered, StagedTables, names
from storage.tables import CLICKS, DEAD_LETTERS, REJECTED_CLICKS, StorableRow, Table

TABLES: Final = (CLICKS, REJECTED_CLICKS, DEAD_LETTERS)
SLOT: Final = zlib.crc32(f"{socket.gethostname()} {os.getpid()}".encode()) % SLOTS
"""The rows of `click_minutes` in which this process counts."""


class BadRow(msgspec.Struct, frozen=True):
    """A row that PostgreSQL refuses, and why."""

    row: StorableRow
    detail: str


Check = Callable[[Sequence[BadRow]], None]
"""Called with the bad rows so far, each time one more is found. An exception from it rolls the batch back."""

Records = Collection[SourceRecord]
"""The records of a batch, those without a row included."""


class DayDropped(Exception):  # noqa: N818 - named after the condition
    """A day was dropped after the batch had begun."""


class LoadResult(msgspec.Struct, frozen=True):
    """The result of a batch: new rows by table, refused rows, clicks of days that were dropped, and erased records."""

    new: dict[Table, int]
    bad: list[BadRow]
    too_old: list[StorableRow]
    erased: list[StorableRow]


class TableLoader(StagedTables):
    """Loads batches over one connection. Remembers which days can be stored, so it prepares each day once."""

    def __init__(self, connection: asyncpg.Connection, positions: StoredPositions) -> None:
        super().__init__(connection)
        self._positions = positions
        self._days: set[date] = set()
        self._engine = StorageEngine()

    async def prepare(self) -> None:
        """Create the temporary tables; they last as long as the connection, and each commit empties them."""
        self._engine = await read_engine(self._connection)
        # Through a pooler they last one transaction only, so each batch creates those it needs.
        for table in () if self._pooled else TABLES:
            await self._make_incoming(table)

    async def load(self, rows: Sequence[StorableRow], check: Check, records: Records = ()) -> LoadResult:
        """Load rows of any tables in one transaction. Missing partitions are created before it, one by one.

        `records` are those of the batch that the rows are from, to be noted as stored. Raises what `check` raises,
        ReadAgain, DayDropped, and asyncpg's errors: the transaction is rolled back, and the connection may be broken.
        """
        days = {row.day for row in rows if row.day is not None}
        dropped = await self._prepare_days(days - self._days)
        result = LoadResult({}, [], [row for row in rows if row.day in dropped], [])

        def refuse(row: Numbered, detail: str) -> None:
            result.bad.append(BadRow(row[1], detail))
            check(result.bad)

        kept: Sequence[StorableRow] = [row for row in rows if row.day not in dropped]
        async with transaction(self._connection):
            nexts = await self._positions.note(self._connection, records)
            removed = await read_removed(self._connection, days - dropped)
            if removed.has_erased:
                kept, erased = await remove_erased(self._connection, kept)
                result.erased.extend(erased)
            for table in TABLES:
                if part := list(enumerate(row for row in kept if row.table is table)):
                    result.new[table] = await (
                        self._load_clicks(part, refuse, removed)
                        if table is CLICKS
                        else self._load_table(table, part, refuse)
                    )
            refused = {id(one.row.source) for one in result.bad}
            await note_arrivals(self._connection, [row for row in rows if id(row.source) not in refused])
            await self._check_days(days - dropped)
        self._positions.confirm(nexts)
        return result

    def forget_days(self) -> None:
        """Forget which days can be stored, after one has disappeared."""
        self._days.clear()

    async def _prepare_days(self, days: set[date]) -> set[date]:
        """Create the missing partitions of the days; return the days that were dropped."""
        found = await prepare_days(self._connection, self._engine, days)
        dropped = {day for day, presence in found.items() if presence == "dropped"}
        self._days |= days - dropped
        return dropped

    async def _check_days(self, days: set[date]) -> None:
        """Raise DayDropped if the drop of a day has begun meanwhile: its counts are made final without these clicks.

        A hypertable would make the day's chunk again, too. A drop that is recorded after this check waits for this
        transaction.
        """
        if await find_dropped_days(self._connection, days):
            raise DayDropped

    async def _load_clicks(self, rows: Sequence[Numbered], refuse: OnBad[Numbered], removed: Removed) -> int:
        """Load the good clicks, and count the new ones by minute; return their number."""
        counts = await start_batch(self._connection, SLOT)

        async def insert(first: int, last: int) -> int:
            return counts.add(await self._connection.fetch(INSERT_CLICKS, counts.batch_id, first, last))

        await self._load(CLICKS, rows, refuse, insert, removed.emptied_days)
        await counts.write(self._connection)
        if counts.clicks:
            await count_by_verdicts(self._connection, counts.batch_id, *counts.span, counts.settled_until)
        return counts.clicks

    def terminate(self) -> None:
        """Drop the connection at once."""
        self._connection.terminate()

    async def close(self) -> None:
        await close(self._connection)


INSERT_CLICKS: Final = f"""
    WITH new_clicks AS (
        INSERT INTO clicks ({names(CLICKS)}, batch_id) SELECT {names(CLICKS)}, $1::bigint FROM incoming_clicks
        WHERE number BETWEEN $2 AND $3 ON CONFLICT (click_id, clicked_at) DO NOTHING
        RETURNING clicked_at, program_id, is_bot, is_test, prefetch, bot_kind, limited_by, is_unique, fraud_band,
            fraud_ivt_class
    ) {COUNT_NEW}
"""  # noqa: S608 - names of ours
