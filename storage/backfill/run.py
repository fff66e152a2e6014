"""Stores records again: what is there stays, and what cannot be stored is reported and never stops it."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from runtime.containment import Crash, contain
from schemas import DeadLetter
from schemas.letters import SourceRecord
from storage.tables import CLICKS, REJECTED_CLICKS, StorableRow, Table

NAMED: Final = 20
TIMES: Final = {
    CLICKS: CLICKS.columns.index("clicked_at"),
    REJECTED_CLICKS: REJECTED_CLICKS.columns.index("rejected_at"),
}
REFUSED: Final = "refused_by_database"

Build = Callable[[SourceRecord], StorableRow | DeadLetter]
"""Makes the row of a record, or the dead letter of one that has none."""


class Loaded(msgspec.Struct, frozen=True):
    """What became of rows: how many were new, of a dropped day, or erased, and those that PostgreSQL refuses."""

    new: int
    too_old: int = 0
    erased: int = 0
    bad: Sequence[tuple[StorableRow, str]] = ()


class Storage(Protocol):
    """Stores rows, or finds out what would become of them."""

    async def store(self, rows: Sequence[StorableRow]) -> Loaded: ...


class Refusal(msgspec.Struct, frozen=True):
    """A record that cannot be stored: its place, and why."""

    name: str
    reason: str
    detail: str


class BackfillReport(msgspec.Struct):
    """What was read, and what became of it. `refusals` are the first ones of all that `refused` counts by reason."""

    read: int = 0
    other_times: int = 0
    new: Counter[str] = msgspec.field(default_factory=Counter)
    there: Counter[str] = msgspec.field(default_factory=Counter)
    too_old: int = 0
    erased: int = 0
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    refusals: list[Refusal] = msgspec.field(default_factory=list)

    def refuse(self, record: SourceRecord, reason: str, detail: str) -> None:
        self.refused[reason] += 1
        if len(self.refusals) < NAMED:
            name = f"{record.topic}/{record.partition}/{record.offset}"
            self.refusals.append(Refusal(name, reason, detail))


class Backfill:
    """Stores the clicks and rejections from `since` to `until` that it is given."""

    def __init__(self, storage: Storage, build: Build, since: datetime, until: datetime) -> None:
        self._storage = storage
        self._build = build
        self._since = since
        self._until = until
        self.report = BackfillReport()

    async def run(self, batches: AsyncIterator[Sequence[SourceRecord]], on_batch: Callable[[], None]) -> None:
        """Store batch after batch; `on_batch` is called after each. Raises asyncpg's errors."""
        async for records in batches:
            rows = [row for record in records if (row := self._build_row(record)) is not None]
            for table in TIMES:
                if chosen := [row for row in rows if row.table is table]:
                    await self._store(table, chosen)
            self.report.read += len(records)
            on_batch()

    def _build_row(self, record: SourceRecord) -> StorableRow | None:
        """Return the row of a record, or None if it has none or is of another time."""
        match contain(self._build, record):
            case Crash(description):
                self.report.refuse(record, "internal_error", description)
            case DeadLetter(reason=reason, detail=detail):
                self.report.refuse(record, reason, detail)
            case StorableRow() as row if self._since <= row.row[TIMES[row.table]] < self._until:
                return row
            case _:
                self.report.other_times += 1
        return None

    async def _store(self, table: Table, rows: Sequence[StorableRow]) -> None:
        loaded = await self._storage.store(rows)
        for row, detail in loaded.bad:
            self.report.refuse(row.source, REFUSED, detail)
        there = len(rows) - loaded.new - loaded.too_old - loaded.erased - len(loaded.bad)
        self.report.new[table.name] += loaded.new
        self.report.there[table.name] += there
        self.report.too_old += loaded.too_old
        self.report.erased += loaded.erased
