"""Writes rows to the tables for the sink, and returns the few that cannot be stored, with the reason."""

from collections.abc import Sequence
from typing import Final, Protocol

import structlog
from prometheus_client import Counter

from runtime.postgres import Session, connect, describe_failure
from runtime.postgres_errors import ERRORS, is_missing_partition
from runtime.shared_settings import DatabaseUrl
from storage.load import BadRow, Check, DayDropped, LoadResult, Records, TableLoader
from storage.positions import StoredPositions
from storage.tables import StorableRow

log = structlog.get_logger()

SESSION: Final = Session(application="clickrail sink", connect_s=5.0, statement_s=60.0, server_s=60.0)


def accept_any(_: Sequence[BadRow]) -> None:
    """Accept any number of bad rows."""


class StorageMetrics(Protocol):
    """The metrics: new rows by table, clicks of days that were dropped, and records that were erased."""

    @property
    def stored(self) -> Counter: ...

    @property
    def lost_by_retention(self) -> Counter: ...

    @property
    def refused_as_erased(self) -> Counter: ...


class TableWriter:
    """Writes over one connection to PostgreSQL, opened on demand and discarded after any failure but a bad row."""

    def __init__(self, database_url: DatabaseUrl, metrics: StorageMetrics) -> None:
        self._database_url = database_url
        self._metrics = metrics
        self._positions = StoredPositions()
        self._loader: TableLoader | None = None

    async def write(
        self, rows: Sequence[StorableRow], check: Check = accept_any, records: Records = ()
    ) -> list[BadRow]:
        """Store the rows, each once, all in one transaction; return those that can never be stored.

        `records` are those of the batch, noted as stored in the same transaction. `check` is called with the bad rows
        each time one more is found; when it raises, nothing is stored. Raises PostgresAway while the database is away,
        Stuck when it refuses something other than a row, and ReadAgain when records before these are missing in it. A
        click of a day that was dropped is counted as lost, and a record that was erased as refused.
        """
        if not rows and not records:
            return []
        loader = self._loader = self._loader or await self._connect()
        try:
            done = await load(loader, rows, check, records)
        except ERRORS as error:
            self._abandon()
            raise describe_failure(error) from error
        except BaseException:
            self._abandon()
            raise
        self._count(done)
        return done.bad

    async def close(self) -> None:
        loader, self._loader = self._loader, None
        if loader is not None:
            await loader.close()

    async def _connect(self) -> TableLoader:
        # Connect outside of the code that finds bad rows: a certificate error is a ValueError, too.
        connection = await connect(self._database_url.reveal(), SESSION)
        loader = TableLoader(connection, self._positions)
        try:
            await loader.prepare()
        except ERRORS as error:
            connection.terminate()
            raise describe_failure(error) from error
        except BaseException:
            connection.terminate()
            raise
        return loader

    def _abandon(self) -> None:
        # Terminated, not closed: asyncpg waits for a cancelled statement without any limit (MagicStack/asyncpg#1326).
        loader, self._loader = self._loader, None
        if loader is not None:
            loader.terminate()

    def _count(self, done: LoadResult) -> None:
        for table, count in done.new.items():
            self._metrics.stored.labels(table.name).inc(count)
        if done.too_old:
            self._metrics.lost_by_retention.inc(len(done.too_old))
            days = sorted({str(row.day) for row in done.too_old})
            log.warning("clicks not stored: their days were dropped", clicks=len(done.too_old), days=days)
        if done.erased:
            for row in done.erased:
                self._metrics.refused_as_erased.labels(row.table.name).inc()
            log.warning("records not stored again: they were erased", records=len(done.erased))


async def load(loader: TableLoader, rows: Sequence[StorableRow], check: Check, records: Records) -> LoadResult:
    try:
        return await loader.load(rows, check, records)
    except DayDropped:
        pass
    except ERRORS as error:
        if not is_missing_partition(error):
            raise
    # The day was dropped, or its partition detached: load again, which creates it or finds the day among the dropped.
    loader.forget_days()
    return await loader.load(rows, check, records)
