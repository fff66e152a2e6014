"""Where a backfill stores: the tables, by the sink's own loader; or, in a dry run, nowhere."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from storage.backfill.run import Loaded
from storage.chunks import find_dropped_days
from storage.erased import find_erased
from storage.load import TableLoader
from storage.positions import StoredPositions
from storage.tables import CLICKS, REJECTED_CLICKS, StorableRow
from storage.writer import accept_any, load

FIND_CLICKS: Final = """
    SELECT wanted.id FROM unnest($1::text[], $2::timestamptz[]) AS wanted (id, at)
    WHERE EXISTS (SELECT FROM clicks WHERE click_id = wanted.id AND clicked_at = wanted.at)
"""
FIND_REJECTIONS: Final = "SELECT rejection_id FROM rejected_clicks WHERE rejection_id = ANY ($1)"
CLICK_ID: Final = CLICKS.columns.index("click_id")
CLICKED_AT: Final = CLICKS.columns.index("clicked_at")
REJECTION_ID: Final = REJECTED_CLICKS.columns.index("rejection_id")


class Tables:
    """Stores rows, each once, one transaction a batch, as the sink does."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._loader = TableLoader(connection, StoredPositions())

    async def prepare(self) -> None:
        await self._loader.prepare()

    async def store(self, rows: Sequence[StorableRow]) -> Loaded:
        """Store the rows that are not there. Raises asyncpg's errors."""
        done = await load(self._loader, rows, accept_any, ())
        bad = [(one.row, one.detail) for one in done.bad]
        return Loaded(sum(done.new.values()), len(done.too_old), len(done.erased), bad)


class DryRun:
    """Finds out what would become of rows, and stores nothing. It may count a record twice that a topic repeats."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def store(self, rows: Sequence[StorableRow]) -> Loaded:
        """Look which rows are not there. PostgreSQL does not see them, so none is refused. Raises asyncpg's errors."""
        dropped = await find_dropped_days(self._connection, {row.day for row in rows if row.day is not None})
        kept = [row for row in rows if row.day not in dropped]
        place = CLICK_ID if rows[0].table is CLICKS else REJECTION_ID
        ids = [row.row[place] for row in kept]
        erased = await find_erased(self._connection, ids)
        if rows[0].table is CLICKS:
            found = await self._connection.fetch(FIND_CLICKS, ids, [row.row[CLICKED_AT] for row in kept])
        else:
            found = await self._connection.fetch(FIND_REJECTIONS, ids)
        new = set(ids) - erased - {row[0] for row in found}
        return Loaded(len(new), len(rows) - len(kept), sum(one in erased for one in ids))
