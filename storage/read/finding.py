"""Rows by their ids. Nothing here writes; each statement is cancelled as those of `queries` are."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from identity.ulid_time import ulid_time
from storage.columns import CLICK_COLUMNS, LETTER_COLUMNS, REJECTION_COLUMNS
from storage.read.letter_names import LetterName
from storage.read.queries import QUERY_S, VERDICT_COLUMNS, Reader, listed
from storage.read.records import (
    StoredClick,
    StoredLetter,
    StoredRejection,
    read_click,
    read_letter,
    read_rejection,
    read_verdict,
)

ROUNDING: Final = timedelta(milliseconds=1)
MAX_SAME_NAME: Final = 20


async def find_click(reader: Reader, click_id: str) -> StoredClick | None:
    """Return the click with this id. The id's time selects the partition. Raises ValueError for a non-ULID."""
    time = ulid_time(click_id)
    row = await reader.fetchrow(
        f"SELECT {listed(CLICK_COLUMNS)}, stored_at FROM clicks"  # noqa: S608 - our own column names
        " WHERE click_id = $1 AND clicked_at BETWEEN $2 AND $3",
        click_id,
        time - ROUNDING,
        time + ROUNDING,
        timeout=QUERY_S,
    )
    return None if row is None else read_click(row)


async def find_rejection(reader: Reader, rejection_id: str) -> StoredRejection | None:
    row = await reader.fetchrow(
        f"SELECT {listed(REJECTION_COLUMNS)}, stored_at FROM rejected_clicks WHERE rejection_id = $1",  # noqa: S608 - our own column names
        rejection_id,
        timeout=QUERY_S,
    )
    return None if row is None else read_rejection(row)


async def find_clicks(reader: Reader, click_ids: Sequence[str]) -> list[StoredClick]:
    """Return these clicks with the verdicts that count, newest first. Raises ValueError for a non-ULID."""
    rows = await reader.fetch(
        f"SELECT {listed(CLICK_COLUMNS)}, stored_at, {VERDICT_COLUMNS} FROM clicks_now"  # noqa: S608 - our own column names
        " WHERE click_id = ANY($1) AND clicked_at BETWEEN $2 AND $3 ORDER BY clicked_at DESC, click_id DESC",
        click_ids,
        ulid_time(min(click_ids)) - ROUNDING,
        ulid_time(max(click_ids)) + ROUNDING,
        timeout=QUERY_S,
    )
    return [msgspec.structs.replace(read_click(row), verdict=read_verdict(row)) for row in rows]


async def find_rejections(reader: Reader, rejection_ids: Sequence[str]) -> list[StoredRejection]:
    """Return these rejections, newest first."""
    rows = await reader.fetch(
        f"SELECT {listed(REJECTION_COLUMNS)}, stored_at FROM rejected_clicks"  # noqa: S608 - our own column names
        " WHERE rejection_id = ANY($1) ORDER BY rejection_id DESC",
        rejection_ids,
        timeout=QUERY_S,
    )
    return [read_rejection(row) for row in rows]


async def find_stored(reader: Reader, click_ids: Sequence[str]) -> frozenset[str]:
    """Return those of these clicks that the table has. Their times select the partitions."""
    if not click_ids:
        return frozenset()
    rows = await reader.fetch(
        "SELECT click_id FROM clicks WHERE click_id = ANY($1) AND clicked_at BETWEEN $2 AND $3",
        click_ids,
        ulid_time(min(click_ids)) - ROUNDING,
        ulid_time(max(click_ids)) + ROUNDING,
        timeout=QUERY_S,
    )
    return frozenset(row["click_id"] for row in rows)


async def find_letters(reader: Reader, name: LetterName) -> list[StoredLetter]:
    """Return the letters that match a name, newest first: several when a topic was created again."""
    rows = await reader.fetch(
        f"SELECT {listed(LETTER_COLUMNS)}, stored_at FROM dead_letters"  # noqa: S608 - our own column names
        ' WHERE topic = $1 AND "partition" = $2 AND "offset" = $3 AND starts_with(digest, $4)'
        " ORDER BY failed_at DESC, digest LIMIT $5",
        name.topic,
        name.partition,
        name.offset,
        name.digest,
        MAX_SAME_NAME,
        timeout=QUERY_S,
    )
    return [read_letter(row) for row in rows]
