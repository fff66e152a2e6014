"""What was removed because of its age: the newest removal of each kind."""

from datetime import date, datetime
from typing import Final

import msgspec

from storage.read.queries import QUERY_S, Reader

LIST: Final = """
    SELECT DISTINCT ON (what) what, day, rows, removed_at FROM retention_removals ORDER BY what, day DESC
"""


class Removal(msgspec.Struct, frozen=True):
    """A day (UTC) of `clicks`, `personal` columns, `rejections` or `letters` that was removed, and how many rows."""

    what: str
    day: date
    rows: int
    removed_at: datetime


async def list_removals(reader: Reader) -> list[Removal]:
    """List the newest day that was removed of each kind; none if it is kept. Raises asyncpg's errors."""
    return [Removal(*row) for row in await reader.fetch(LIST, timeout=QUERY_S)]
