"""The read side of the tables: what people ask, as plain functions on an asyncpg connection or pool.

Nothing here writes. Each statement is given up after QUERY_S seconds, at the server too: asyncpg cancels it there.
"""

from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from identity.ulid import ulid_time
from sink.columns import CLICK_COLUMNS, LETTER_COLUMNS, REJECTION_COLUMNS
from sink.records import (
    StoredClick,
    StoredLetter,
    StoredRejection,
    read_click,
    read_letter,
    read_rejection,
)

QUERY_S: Final = 4.0
ROUNDING: Final = timedelta(milliseconds=1)


class Reader(Protocol):
    """An asyncpg connection or pool, as far as reading goes."""

    def fetch(self, query: str, *values: Any, timeout: float | None = None) -> Awaitable[list[Any]]: ...
    def fetchrow(self, query: str, *values: Any, timeout: float | None = None) -> Awaitable[Any]: ...
    def fetchval(self, query: str, *values: Any, timeout: float | None = None) -> Awaitable[Any]: ...


class ClickFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which clicks; null means any. `country` is of two capital letters."""

    program_id: str | None = None
    affiliate_id: str | None = None
    code: str | None = None
    country: str | None = None
    is_bot: bool | None = None
    is_test: bool | None = None
    prefetch: bool | None = None


class RejectionFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which rejections; null means any."""

    program_id: str | None = None
    affiliate_id: str | None = None
    asked: str | None = None
    reason: str | None = None


class LetterLine(msgspec.Struct, frozen=True):
    """A dead letter without its bytes: where it was read, what was wrong, and how many bytes there are."""

    topic: str
    partition: int
    offset: int
    stage: str
    reason: str
    detail: str
    failed_at: datetime
    size: int


async def recent_clicks(
    reader: Reader, filters: ClickFilters, limit: int, before: str | None = None
) -> list[StoredClick]:
    """Give the newest clicks that pass the filters, newest first; `before` is a ULID to go on behind."""
    names = {field: "geo_country" if field == "country" else field for field in filters.__struct_fields__}
    where = Where(filters, names)
    where.older_than(before, "clicked_at", "click_id")
    statement = (
        f"SELECT {listed(CLICK_COLUMNS)}, stored_at FROM clicks {where}"  # noqa: S608 - made of our own words only
        f" ORDER BY clicked_at DESC, click_id DESC LIMIT {where.bind(limit)}"
    )
    return [read_click(row) for row in await reader.fetch(statement, *where.values, timeout=QUERY_S)]


async def recent_rejections(
    reader: Reader, filters: RejectionFilters, limit: int, before: str | None = None
) -> list[StoredRejection]:
    """Give the newest rejections that pass the filters, newest first; `before` is a ULID to go on behind."""
    where = Where(filters, {field: field for field in filters.__struct_fields__})
    where.older_than(before, "rejected_at", "rejection_id")
    statement = (
        f"SELECT {listed(REJECTION_COLUMNS)}, stored_at FROM rejected_clicks {where}"  # noqa: S608 - likewise
        f" ORDER BY rejected_at DESC, rejection_id DESC LIMIT {where.bind(limit)}"
    )
    return [read_rejection(row) for row in await reader.fetch(statement, *where.values, timeout=QUERY_S)]


class Where:
    """A WHERE clause whose words are ours and whose values are bound."""

    def __init__(self, filters: msgspec.Struct, columns: Mapping[str, str]) -> None:
        self.values: list[Any] = []
        given = ((column, getattr(filters, field)) for field, column in columns.items())
        self._conditions = [f"{column} = {self.bind(value)}" for column, value in given if value is not None]

    def bind(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def older_than(self, ulid: str | None, time_column: str, id_column: str) -> None:
        if ulid is not None:
            time = self.bind(ulid_time(ulid))
            # The first condition is what partitions are pruned by.
            self._conditions += [
                f"{time_column} <= {time}",
                f"({time_column}, {id_column}) < ({time}, {self.bind(ulid)})",
            ]

    def __str__(self) -> str:
        return "WHERE " + " AND ".join(self._conditions) if self._conditions else ""


def listed(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


async def find_click(reader: Reader, click_id: str) -> StoredClick | None:
    """Give the click of that id. Its own time says in which partition to look. Raises ValueError for no ULID."""
    time = ulid_time(click_id)
    row = await reader.fetchrow(
        f"SELECT {listed(CLICK_COLUMNS)}, stored_at FROM clicks"  # noqa: S608 - likewise
        " WHERE click_id = $1 AND clicked_at BETWEEN $2 AND $3",
        click_id,
        time - ROUNDING,
        time + ROUNDING,
        timeout=QUERY_S,
    )
    return None if row is None else read_click(row)


async def find_rejection(reader: Reader, rejection_id: str) -> StoredRejection | None:
    row = await reader.fetchrow(
        f"SELECT {listed(REJECTION_COLUMNS)}, stored_at FROM rejected_clicks WHERE rejection_id = $1",  # noqa: S608 - likewise
        rejection_id,
        timeout=QUERY_S,
    )
    return None if row is None else read_rejection(row)


async def recent_letters(reader: Reader, limit: int) -> list[LetterLine]:
    """Give the newest dead letters, newest first."""
    rows = await reader.fetch(
        'SELECT topic, "partition", "offset", stage, reason, detail, failed_at, octet_length(value)'
        ' FROM dead_letters ORDER BY failed_at DESC, topic, "partition", "offset" LIMIT $1',
        limit,
        timeout=QUERY_S,
    )
    return [LetterLine(*row) for row in rows]


async def find_letter(reader: Reader, topic: str, partition: int, offset: int) -> StoredLetter | None:
    row = await reader.fetchrow(
        f"SELECT {listed(LETTER_COLUMNS)}, stored_at FROM dead_letters"  # noqa: S608 - likewise
        # A topic that was made again counts from 0 again: then the newer of two letters is meant.
        ' WHERE topic = $1 AND "partition" = $2 AND "offset" = $3 ORDER BY failed_at DESC LIMIT 1',
        topic,
        partition,
        offset,
        timeout=QUERY_S,
    )
    return None if row is None else read_letter(row)
