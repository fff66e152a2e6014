"""What a batch must respect of what was removed before: erased records, and days without personal columns.

`read_removed` comes first in the transaction that stores a batch. It keeps the two tables locked against those who
remove (`LOCK` in storage/erased.py and storage/retention/personal_days.py) until the batch is committed.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

import asyncpg
import msgspec

from storage.personal import assignments, personal_columns
from storage.programs import list_personal_subs

READ: Final = """
    SELECT EXISTS (SELECT FROM erased_clicks), ARRAY(SELECT day FROM personal_days WHERE day = ANY($1::date[]))
"""
EMPTY: Final = f"""
    UPDATE incoming_clicks SET {assignments(personal_columns("$2::text[]"))}
    WHERE (clicked_at AT TIME ZONE 'UTC')::date = ANY($1::date[])
"""  # noqa: S608 - names of ours


class Removed(msgspec.Struct, frozen=True):
    """Whether anything was ever erased, and which days of the batch have no personal columns any more."""

    has_erased: bool
    emptied_days: Sequence[date]


async def read_removed(connection: asyncpg.Connection, days: Collection[date]) -> Removed:
    return Removed(*await connection.fetchrow(READ, days))


async def empty_late_clicks(connection: asyncpg.Connection, days: Sequence[date]) -> None:
    """Empty the personal columns of the copied clicks of these days, before they are inserted."""
    await connection.execute(EMPTY, days, await list_personal_subs(connection))
