"""The tables as the sink sees them: rows go in, and the few that cannot be stored come back with the reason."""

import asyncio
from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from runtime.errors import DependencyAway, Stuck
from runtime.settings import DatabaseUrl
from sink.failures import FAILURES, judge
from sink.loading import TableLoader
from sink.metrics import SinkMetrics
from sink.transform import Loaded

CONNECT_S: Final = 5.0
STATEMENT_S: Final = 60.0


class BadRow(msgspec.Struct, frozen=True):
    """A row the database refuses, and why."""

    loaded: Loaded
    detail: str


class BadBatch(Exception):  # noqa: N818 - a batch with at least one bad row
    """The database refused a batch because of some row in it."""


class Store:
    """One connection to PostgreSQL, made when it is needed and thrown away after any failure that is not a row's."""

    def __init__(self, database_url: DatabaseUrl, metrics: SinkMetrics) -> None:
        self._database_url = database_url
        self._metrics = metrics
        self._loader: TableLoader | None = None

    async def store(self, rows: Sequence[Loaded]) -> list[BadRow]:
        """Store the rows, each once; give those that can never be stored, found by halving.

        Raises DependencyAway while the database is away, and Stuck when the schema is not the one we know. Rows of
        other halves may be stored then: storing them again changes nothing.
        """
        if not rows:
            return []
        try:
            await self._load(rows)
        except BadBatch as error:
            if len(rows) == 1:
                return [BadRow(rows[0], str(error))]
            half = len(rows) // 2
            return await self.store(rows[:half]) + await self.store(rows[half:])
        return []

    async def close(self) -> None:
        loader, self._loader = self._loader, None
        if loader is not None:
            await loader.close()

    async def _load(self, rows: Sequence[Loaded]) -> None:
        try:
            if self._loader is None:
                self._loader = await connect(self._database_url)
            new = await self._loader.load(rows)
        except FAILURES as error:
            verdict = judge(error)
            if verdict == "bad_row":
                raise BadBatch(f"{type(error).__name__}: {error}") from error
            self._abandon()
            if verdict == "broken":
                raise Stuck(f"PostgreSQL refuses what the sink does: {error}") from error
            raise DependencyAway(f"PostgreSQL: {error!r}") from error
        except asyncio.CancelledError:
            self._abandon()
            raise
        for table, count in new.items():
            self._metrics.stored.labels(table.name).inc(count)

    def _abandon(self) -> None:
        # Terminated, not closed: asyncpg waits for a cancelled statement without any limit (MagicStack/asyncpg#1326).
        loader, self._loader = self._loader, None
        if loader is not None:
            loader.terminate()


async def connect(database_url: DatabaseUrl) -> TableLoader:
    connection = await asyncpg.connect(
        database_url.reveal(),
        timeout=CONNECT_S,
        command_timeout=STATEMENT_S,
        server_settings={"application_name": "clickrail sink", "statement_timeout": str(int(STATEMENT_S * 1000))},
    )
    loader = TableLoader(connection)
    try:
        await loader.prepare()
    except BaseException:
        connection.terminate()
        raise
    return loader
